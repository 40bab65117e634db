"""What a check finds, and a collection of it that stays small whatever is wrong."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

MAX_OF_A_KIND: Final = 100
"""One lost leaf makes every later root disagree; a million lines about that would hide what else is wrong."""

_NUMBERS: Final = re.compile(r"\b(?:[0-9a-f]{64}|[0-9]+)\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: where it is, and what disagrees with what, in numbers and hashes."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Findings:
    """Collects findings in the order in which they are made.

    Two that differ in numbers and hashes only are of one kind; past ``MAX_OF_A_KIND`` the rest of a kind is counted.
    """

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._kinds: Counter[str] = Counter()

    def add(self, where: str, what: str) -> None:
        """Note a finding."""
        finding = Finding(where, " ".join(what.split()))
        kind = _NUMBERS.sub("#", str(finding))
        self._kinds[kind] += 1
        if self._kinds[kind] <= MAX_OF_A_KIND:
            self._kept.append(finding)

    def differ(self, where: str, name: str, stored: object, recomputed: object) -> None:
        """Note that a stored value is not the recomputed one, when it is not."""
        if stored != recomputed:
            self.add(where, f"{name} is stored as {_shown(stored)}, recomputed it is {_shown(recomputed)}")

    def all(self) -> tuple[Finding, ...]:
        """Every finding kept, and one line for each kind of which more were made."""
        more = [
            Finding("more of a kind", f"{count - MAX_OF_A_KIND} more findings like: {kind}")
            for kind, count in self._kinds.items()
            if count > MAX_OF_A_KIND
        ]
        return (*self._kept, *more)


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
