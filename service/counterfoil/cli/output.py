"""What commands print: text for people, JSON for machines, errors on one line."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable

_LABEL_WIDTH: Final = 18


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a command, once for people and once for machines."""

    text: str
    data: dict[str, JsonValue]

    def show(self, *, as_json: bool) -> None:
        """Print it on standard output, JSON on one line."""
        print(json.dumps(self.data, ensure_ascii=True) if as_json else self.text)


def show_error(code: str, detail: str, exit_code: int, *, as_json: bool) -> None:
    """Print an error on standard error, on one line."""
    if as_json:
        print(json.dumps({"error": {"code": code, "detail": detail, "exitCode": exit_code}}), file=sys.stderr)
    else:
        print(f"error[{code}]: {printable(' '.join(detail.split()))}", file=sys.stderr)


def fields(rows: Iterable[tuple[str, object]]) -> str:
    """Indented lines of a name and a value; rows whose value is None are left out."""
    shown = ((name, value) for name, value in rows if value is not None)
    return "\n".join(f"  {name:<{_LABEL_WIDTH}}{printable(str(value))}" for name, value in shown)


def bullets(sentences: Iterable[str]) -> str:
    """Sentences as a list."""
    return "\n".join(f"  - {printable(sentence)}" for sentence in sentences)


def timestamp(seconds: int | None) -> str | None:
    """A time as RFC 3339 in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
