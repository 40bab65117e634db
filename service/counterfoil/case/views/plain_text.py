"""Plain text for people, in lines of at most 76 columns, as far as a name in it is no longer."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from counterfoil.case.views.exhibit import Row
from counterfoil.encoding.printable import printable

COLUMNS: Final = 76
_INDENT: Final = "    "


def title(text: str) -> str:
    """The title of a document."""
    return f"{text}\n{'=' * len(text)}\n"


def heading(text: str) -> str:
    """The heading of a section."""
    return f"\n{text}\n{'-' * len(text)}\n"


def paragraph(text: str) -> str:
    """A paragraph and an empty line behind it."""
    return _filled(text, "", "") + "\n\n"


def bullets(sentences: Iterable[str]) -> str:
    """Sentences as a list."""
    return "".join(f"{_filled(sentence, '  - ', _INDENT)}\n" for sentence in sentences) + "\n"


def terms(rows: Iterable[Row]) -> str:
    """Names, and below each what it stands for."""
    return "".join(f"  {printable(name)}\n{_filled(text, _INDENT, _INDENT)}\n" for name, text in rows) + "\n"


def command(line: str) -> str:
    """A command on a line of its own."""
    return f"{_INDENT}{line}\n\n"


def facts_list(rows: Iterable[Row]) -> str:
    """Names, and below each its value to the character, on as many lines as it takes."""
    return "".join(f"  {printable(name)}:\n{_cut(printable(value))}" for name, value in rows) + "\n"


def _filled(text: str, first: str, others: str) -> str:
    lines = wrap(printable(text), COLUMNS, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
    return "\n".join(lines)


def _cut(value: str) -> str:
    width = COLUMNS - len(_INDENT)
    pieces = [value[start : start + width] for start in range(0, len(value), width)] or [""]
    return "".join(f"{_INDENT}{piece}\n" for piece in pieces)
