"""Pages of decisions: that each states the root of what it covers, and that together they leave nothing out."""

from collections.abc import Callable, Sequence

from counterfoil.audit.fault import FaultKind, Faults
from counterfoil.audit.stretch import Stretch
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.statement.page import Page, page_root

DigestsBefore = Callable[[int, int], Sequence[bytes]]
"""The decision digests of the entries from one number up to another, as the log gives them out."""


class PageCheck:
    """Takes the stretches in order. The pages looked at are those that are among the entries.

    Of a page that begins before the range the decisions there are asked for; one that ends before it is passed over.
    """

    def __init__(self, faults: Faults, start: int, digests_before: DigestsBefore) -> None:
        self._faults = faults
        self._before = digests_before
        self._start = start
        self._expected = 0 if start == 0 else None
        self._held = bytearray()
        self._held_from = start
        self.checked = 0

    @property
    def covered_to(self) -> int:
        """The first entry of the range that no page so far covers."""
        return max(self._start, self._expected or 0)

    def take(self, stretch: Stretch) -> None:
        """Hold the decisions, and check the pages among the entries."""
        self._held += stretch.decision_digests
        for number, page in stretch.pages:
            self._turn(number, page)

    def _turn(self, number: int, page: Page) -> None:
        expected = min(page.first, self._start) if self._expected is None else self._expected
        if page.first > expected:
            what = f"no page covers entries {expected} to {page.first - 1}; the next one begins after them"
            self._faults.add(FaultKind.PAGE_MISSING, number, what)
        elif page.first < expected:
            what = f"it begins with entry {page.first}, and pages before it cover all before {expected}"
            self._faults.add(FaultKind.PAGE_OVERLAPS, number, what)
        if page.last >= number:
            what = f"it covers entries to {page.last}, itself or later ones among them"
            self._faults.add(FaultKind.PAGE_DIFFERS, number, what)
        elif page.last >= self._start and page.first >= expected:
            self._compare(number, page)
        self._expected = max(expected, min(page.last, number) + 1)
        self._let_go(self._expected)

    def _compare(self, number: int, page: Page) -> None:
        self.checked += 1
        before = self._before(page.first, self._start) if page.first < self._start else ()
        places = range(max(page.first, self._start) - self._held_from, page.last + 1 - self._held_from)
        held = [bytes(self._held[place * HASH_SIZE : (place + 1) * HASH_SIZE]) for place in places]
        if page_root([*before, *held]) != page.root:
            what = f"the decisions on entries {page.first} to {page.last} do not have the root that it states"
            self._faults.add(FaultKind.PAGE_DIFFERS, number, what)

    def _let_go(self, covered_to: int) -> None:
        if covered_to > self._held_from:
            del self._held[: (covered_to - self._held_from) * HASH_SIZE]
            self._held_from = covered_to
