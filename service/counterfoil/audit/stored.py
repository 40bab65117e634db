"""Entries read out of a store for an audit, a few at a time, however large they are."""

from collections.abc import Iterator, Sequence
from typing import Final

from counterfoil.log.ports import LogReader
from counterfoil.log.records import KeptEntry

MAX_RUN_BYTES: Final = 4 * 1024 * 1024
"""Statements and evidence held at a time, unless one alone is larger."""

_FIRST_RUN: Final = 16
_LONGEST_RUN: Final = 1000


def stored_runs(reader: LogReader, start: int, stop: int) -> Iterator[Sequence[KeptEntry]]:
    """The entries from ``start`` up to ``stop``, in runs that are about ``MAX_RUN_BYTES`` at most.

    How many fit is guessed from the run before, so that a statement of 16 MiB does not come with 255 others. It ends
    where the log does.

    Raises:
        LogCorruptError: A row is missing, or is none that a log can hold.
    """
    count = _FIRST_RUN
    while start < stop:
        run = reader.kept(start, min(count, stop - start))
        if not run:
            return
        yield run
        start += len(run)
        count = max(1, min(_LONGEST_RUN, MAX_RUN_BYTES // max(1, *map(kept_bytes, run))))


def kept_bytes(kept: KeptEntry) -> int:
    """How large a statement is with its evidence."""
    content = kept.content
    if content is None:
        return 0
    return len(content.statement) + (0 if content.evidence is None else len(content.evidence.content))
