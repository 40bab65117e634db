"""What an audit reports: an entry, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_OF_A_KIND: Final = 100
"""One lost policy makes every later decision come out otherwise; a million lines of that would hide what else is."""


class FaultKind(StrEnum):
    """The names of faults; programs branch on them."""

    NOT_ADMITTED = "not-admitted"
    DECISION_DIFFERS = "decision-differs"
    STATEMENT_DIFFERS = "statement-differs"
    STATEMENT_MISSING = "statement-missing"
    ENTRY_MISSING = "entry-missing"
    REGISTERED_TWICE = "registered-twice"
    TIME_RUNS_BACK = "time-runs-back"
    PAGE_DIFFERS = "page-differs"
    PAGE_MISSING = "page-missing"
    PAGE_OVERLAPS = "page-overlaps"
    CHANGE_LEFT_OUT = "change-left-out"
    TREE_DIFFERS = "tree-differs"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``number`` is the entry's, None where it is of no single one.

    ``code`` is that of the error with which the decision is refused when it is repeated; None where there is none.
    ``detail`` is a sentence's part, of numbers, hashes and names.
    """

    kind: FaultKind
    number: int | None
    detail: str
    code: str | None = None

    def __str__(self) -> str:
        where = "the log" if self.number is None else f"entry {self.number}"
        code = "" if self.code is None else f" ({self.code})"
        return f"{where}: {self.kind}: {self.detail}{code}"


class Faults:
    """Collects faults; past ``MAX_OF_A_KIND`` the rest of a kind is counted only."""

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self.counts: Counter[FaultKind] = Counter()

    def add(self, kind: FaultKind, number: int | None, detail: str, code: str | None = None) -> None:
        """Note a fault."""
        self.extend([Fault(kind, number, detail, code)])

    def extend(self, faults: Iterable[Fault]) -> None:
        """Note faults that were found elsewhere."""
        for fault in faults:
            self.counts[fault.kind] += 1
            if self.counts[fault.kind] <= MAX_OF_A_KIND:
                self._kept.append(fault)

    def kept(self) -> tuple[Fault, ...]:
        """Those that were kept, by entry; those of no single entry come first."""
        return tuple(sorted(self._kept, key=lambda fault: -1 if fault.number is None else fault.number))
