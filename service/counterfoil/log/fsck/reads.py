"""Reading a store that may be damaged: page by page, and around the rows that cannot be read."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from counterfoil.errors import CounterfoilError
from counterfoil.log.fsck.finding import Findings
from counterfoil.log.ports import LogScan
from counterfoil.log.records import Entry
from counterfoil.merkle.bounds import MAX_TREE_SIZE
from counterfoil.receipt.tree_head import TreeHead

PAGE: Final = 512
"""Rows held at a time; a page of entries takes about 200 KB."""

_UNREADABLE: Final = (CounterfoilError, ValueError, OverflowError)
"""What reading a damaged row raises: the store's own errors, and those of records that cannot exist."""

_T = TypeVar("_T")
_U = TypeVar("_U")


class Reads:
    """Reads for checks that go on: what cannot be read becomes a finding and is passed over."""

    def __init__(self, scan: LogScan, findings: Findings) -> None:
        self.scan = scan
        self._findings = findings

    def attempt(self, where: str, read: Callable[[], _T], otherwise: _U) -> _T | _U:
        """What ``read`` gives, or ``otherwise`` and a finding."""
        try:
            return read()
        except _UNREADABLE as error:
            self._findings.add(where, f"cannot be read: {_text(error)}")
            return otherwise

    def entries(self) -> Iterator[tuple[int, Entry | None]]:
        """Every entry by number, None for one that is missing or unreadable while later ones are there."""
        start = 0
        while page := self._entry_page(start):
            yield from page
            start += len(page)
        self._look_behind(start)

    def heads(self) -> Iterator[TreeHead]:
        """Every tree head that can be read, by size."""
        start = 0
        while page := self._head_page(start):
            yield from page
            start = page[-1].size + 1

    def _entry_page(self, start: int) -> list[tuple[int, Entry | None]]:
        try:
            page = self.scan.entries(start, PAGE)
        except _UNREADABLE:
            return self._entries_one_by_one(start)
        if [entry.number for entry in page] != list(range(start, start + len(page))):
            return self._entries_one_by_one(start)
        return [(entry.number, entry) for entry in page]

    def _entries_one_by_one(self, start: int) -> list[tuple[int, Entry | None]]:
        found: list[tuple[int, Entry | None]] = []
        absent: list[int] = []
        for number in range(start, start + PAGE):
            try:
                entry = self.scan.entry(number)
            except _UNREADABLE as error:
                self._findings.add(f"entry {number}", f"cannot be read: {_text(error)}")
            else:
                if entry is None:
                    absent.append(number)
                    continue
                self._findings.differ(f"entry {number}", "number", entry.number, number)
                found += self._gap(absent)
                found.append((number, entry))
                continue
            found += self._gap(absent)
            found.append((number, None))
        return found

    def _gap(self, absent: list[int]) -> list[tuple[int, Entry | None]]:
        gap: list[tuple[int, Entry | None]] = [(number, None) for number in absent]
        for number in absent:
            self._findings.add(f"entry {number}", "is missing")
        absent.clear()
        return gap

    def _look_behind(self, count: int) -> None:
        where = f"entries behind the first {count}"
        behind = self.attempt(where, lambda: self.scan.entries(count, MAX_TREE_SIZE - count), ())
        for entry in behind:
            self._findings.add(f"entry {entry.number}", f"is stored after a gap; the entries run from 0 to {count - 1}")

    def _head_page(self, start: int) -> Sequence[TreeHead]:
        try:
            return self.scan.tree_heads(start, PAGE)
        except _UNREADABLE:
            return self._first_readable_head(start)

    def _first_readable_head(self, start: int) -> Sequence[TreeHead]:
        try:
            return self.scan.tree_heads(start, 1)
        except _UNREADABLE as error:
            self._findings.add(f"first tree head of size {start} or more", f"cannot be read: {_text(error)}")
        # Its size is unknown, so the readable ones behind it are looked for one by one.
        for size in range(start, self._count() + 1):
            try:
                head = self.scan.tree_head(size)
            except _UNREADABLE:
                continue
            if head is not None:
                return [head]
        return ()

    def _count(self) -> int:
        """About how many entries there are, by halving; exact where no entry is missing."""
        beyond = 1
        while self._is_there(beyond - 1):
            beyond *= 2
        low = beyond // 2
        while low < beyond:
            middle = (low + beyond) // 2
            low, beyond = (middle + 1, beyond) if self._is_there(middle) else (low, middle)
        return low

    def _is_there(self, number: int) -> bool:
        try:
            return self.scan.entry(number) is not None
        except _UNREADABLE:
            return True


def _text(error: Exception) -> str:
    return error.detail if isinstance(error, CounterfoilError) else type(error).__name__
