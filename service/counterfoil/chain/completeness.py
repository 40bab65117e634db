"""Whether the numbers of each writer's events leave any out, as far as numbers can tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

MAX_LISTED: Final = 100
"""Runs of numbers listed for one writer; their total is exact however many there are."""

CAVEAT: Final = (
    "This report speaks of the entries of its window and of the numbers that writers gave to their events. An event "
    "that was never submitted leaves no trace but a gap, and one that its writer never numbered leaves none."
)

Run = tuple[int, int]
"""Numbers from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class WriterReport:
    """The numbers of one writer's events.

    ``issuer`` is None where the chain names none of that hash. ``gaps`` are the first runs of numbers that are missing
    from 0 on, ``missing`` how many are missing in all; ``repeated`` the first numbers that stand there more than once,
    ``repeats`` how many events too many those are. ``claimed`` is the count that the SETTLEMENT states, None without.
    """

    writer: bytes
    issuer: str | None
    events: int
    first: int
    last: int
    gaps: tuple[Run, ...]
    missing: int
    repeated: tuple[int, ...]
    repeats: int
    claimed: int | None

    @property
    def claim_holds(self) -> bool | None:
        """Whether as many different numbers are there as the SETTLEMENT states; None where it states nothing."""
        return None if self.claimed is None else self.events - self.repeats == self.claimed


def report_writers(
    written: Iterable[tuple[bytes, int]], issuers: Mapping[bytes, str], claimed: Mapping[str, int]
) -> tuple[WriterReport, ...]:
    """The report on each writer, those named in ``claimed`` of whom nothing is there among them.

    ``written`` is writer and number of each event, ordered; ``issuers`` gives names to writers.
    """
    found = [
        _report(writer, [number for _, number in rows], issuers.get(writer), claimed)
        for writer, rows in groupby(written, key=lambda row: row[0])
    ]
    there = {report.issuer for report in found}
    keys = {issuer: key for key, issuer in issuers.items()}
    silent = [
        WriterReport(keys.get(issuer, b""), issuer, 0, 0, -1, (), 0, (), 0, count)
        for issuer, count in claimed.items()
        if issuer not in there
    ]
    return tuple(sorted((*found, *silent), key=lambda report: (report.issuer or "", report.writer)))


def _report(writer: bytes, numbers: list[int], issuer: str | None, claimed: Mapping[str, int]) -> WriterReport:
    distinct = list(dict.fromkeys(numbers))
    gaps = [(one + 1, other - 1) for one, other in zip([-1, *distinct], distinct, strict=False) if other > one + 1]
    repeated = [number for number, rows in groupby(numbers) if len(list(rows)) > 1]
    return WriterReport(
        writer=writer,
        issuer=issuer,
        events=len(numbers),
        first=numbers[0],
        last=numbers[-1],
        gaps=tuple(gaps[:MAX_LISTED]),
        missing=sum(last - first + 1 for first, last in gaps),
        repeated=tuple(repeated[:MAX_LISTED]),
        repeats=len(numbers) - len(distinct),
        claimed=None if issuer is None else claimed.get(issuer),
    )
