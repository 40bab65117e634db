"""Entries read out of a store for an audit, a few at a time, however large they are."""

from collections.abc import Iterator, Sequence
from typing import Final

from counterfoil.log.ports import LogReader
from counterfoil.log.records import Content, Entry

MAX_RUN_BYTES: Final = 4 * 1024 * 1024
"""Statements and evidence held at a time, unless one alone is larger."""

_FIRST_RUN: Final = 16
_LONGEST_RUN: Final = 256

Run = Sequence[tuple[Entry, Content | None]]
"""Entries that follow one another, each with its content; None where its statement is not stored."""


def stored_runs(reader: LogReader, start: int, stop: int) -> Iterator[Run]:
    """The entries from ``start`` up to ``stop``, in runs that are about ``MAX_RUN_BYTES`` at most.

    How many fit is guessed from the run before, so that a statement of 16 MiB does not come with 255 others. It ends
    where the log does.

    Raises:
        LogCorruptError: A row is missing, or is none that a log can hold.
    """
    count = _FIRST_RUN
    while start < stop:
        entries = reader.entries(start, min(count, stop - start))
        if not entries:
            return
        contents = {content.number: content for content in reader.contents(start, len(entries))}
        yield [(entry, contents.get(entry.number)) for entry in entries]
        start += len(entries)
        largest = max(map(content_bytes, contents.values()), default=0)
        count = max(1, min(_LONGEST_RUN, MAX_RUN_BYTES // max(1, largest)))


def content_bytes(content: Content) -> int:
    """How large a statement is with its evidence."""
    return len(content.statement) + (0 if content.evidence is None else len(content.evidence.content))
