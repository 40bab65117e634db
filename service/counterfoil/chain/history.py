"""One engagement, page by page, in the order in which it was registered, with what is remarkable about each entry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from counterfoil.chain.findings import Chronicle, Remark, Told
from counterfoil.chain.landmarks import standings_at
from counterfoil.chain.past import payload_digest, read_chronicle
from counterfoil.chain.ports import ChainReader
from counterfoil.chain.standing import Standing
from counterfoil.errors import LogCorruptError, MalformedError, MalformedParameterError, RefusedError, UnverifiedError
from counterfoil.log.records import ChainHead, Entry, ReferenceRow
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.profile import ProfiledEvent, Profiles
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, TraceEvent
from counterfoil.statement.trace_event.parse import parse_trace_event
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES, profiled_event

MAX_PAGE: Final = 1000
"""As many as a page may be asked to have."""

MOST_AT_ONCE: Final = 250
"""As many as it has: each takes a quarter of a millisecond to read and write out, while others want the processor."""

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
"""Statements on one page; after the entry that exceeds it the page ends early."""

MAX_ANNOTATIONS: Final = 4096
"""References to the entries of one page that are shown; whoever needs more reads the entries that refer."""

_TOGETHER: Final = 32
"""Statements read at once: of the largest that a policy can admit some tens of megabytes."""

MaxLag = Callable[[int], int]
"""The bound on the lag of events, in whole seconds, of the policy in that entry."""


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """An entry with what was decided, what its statement says, what is remarkable, and which later entries name it.

    ``statement`` is None when erased, ``event`` also where the statement is no trace event. ``profiled`` is what its
    profile reads in it, whichever that is; None where nobody reads its content type, or not any more.
    """

    entry: Entry
    record: DecisionRecord
    statement: SignedStatement | None
    event: TraceEvent | None
    profiled: ProfiledEvent | None
    remarks: tuple[Remark, ...]
    annotations: tuple[ReferenceRow, ...]


@dataclass(frozen=True, slots=True)
class ChainPage:
    """Entries of a chain in order, and the sequence number at which the next page starts; None when there is none.

    ``head`` is the chain as of the tree that the page was asked at; ``standing`` how the engagement stands there.
    ``all_annotations``: no reference to the entries of this page is left out.
    """

    head: ChainHead
    standing: Standing
    entries: Sequence[ChainEntry]
    next_sequence: int | None
    all_annotations: bool


def chain_as_of(reader: ChainReader, head: ChainHead, tree_size: int) -> ChainHead | None:
    """A chain as it was when the tree had that size; None when it had not begun. Its visibility is today's.

    Raises:
        LogCorruptError: The chain is shorter than its head says.
    """
    length = _length_as_of(reader, head, tree_size)
    if length == head.length:
        return head
    return None if length == 0 else replace(head, length=length, chain_hash=_entry(reader, head, length - 1).chain_hash)


def read_page(
    reader: ChainReader,
    max_lag: MaxLag,
    head: ChainHead,
    start: int,
    limit: int,
    profiles: Profiles = BUILT_IN_PROFILES,
) -> ChainPage:
    """Up to ``limit`` entries of a chain from sequence number ``start`` on, none of them past ``head``.

    A page ends early after ``MOST_AT_ONCE`` entries, or ``MAX_PAGE_BYTES`` of statements.

    Raises:
        MalformedParameterError: ``start`` is negative or ``limit`` is not 1 to 1000.
        LogCorruptError: What is stored of an entry cannot be read.
    """
    if start < 0 or not 1 <= limit <= MAX_PAGE:
        raise MalformedParameterError(f"a page starts at 0 or later and has 1 to {MAX_PAGE} entries")
    most = min(limit, MOST_AT_ONCE, max(0, head.length - start))
    entries = reader.chain_entries(head.number, start, most)
    read = _read_entries(reader, entries, profiles)
    before, standing = standings_at(reader, head, start)
    chronicle = read_chronicle(
        reader,
        head.number,
        start,
        before,
        [one.event for one in read if one.event is not None],
        formed=standing.formation is not None,
    )
    remarked = [replace(one, remarks=_remarks(chronicle, one, max_lag)) for one in read]
    annotated, complete = _annotated(reader, head, remarked)
    following = start + len(read)
    return ChainPage(head, standing, annotated, following if following < head.length else None, complete)


def parse_entry_event(statement: SignedStatement) -> TraceEvent | None:
    """The event in a registered statement; None where it is of another profile.

    Raises:
        MalformedError, RefusedError: Its content type says that it is one, and it is none.
    """
    is_event = statement.content_type == TRACE_EVENT_CONTENT_TYPE and statement.hash_envelope is None
    return parse_trace_event(statement) if is_event else None


def _length_as_of(reader: ChainReader, head: ChainHead, tree_size: int) -> int:
    if _entry(reader, head, head.length - 1).number < tree_size:
        return head.length
    # The numbers of a chain's entries ascend, so that a few looks find the last one below the size.
    low, high = 0, head.length - 1
    while low < high:
        middle = (low + high) // 2
        if _entry(reader, head, middle).number < tree_size:
            low = middle + 1
        else:
            high = middle
    return low


def _entry(reader: ChainReader, head: ChainHead, sequence: int) -> Entry:
    for entry in reader.chain_entries(head.number, sequence, 1):
        return entry
    raise LogCorruptError(f"table chains, row {head.number}: there is no entry {sequence} of {head.length}")


def _read_entries(reader: ChainReader, entries: Sequence[Entry], profiles: Profiles) -> list[ChainEntry]:
    read, total = list[ChainEntry](), 0
    for start in range(0, len(entries), _TOGETHER):
        some = entries[start : start + _TOGETHER]
        statements = reader.statements([entry.number for entry in some])
        for entry in some:
            data = statements.get(entry.number)
            read.append(_read(entry, data, profiles))
            total += len(data or b"")
            if total > MAX_PAGE_BYTES:
                return read
    return read


def _read(entry: Entry, data: bytes | None, profiles: Profiles) -> ChainEntry:
    try:
        record = parse_decision_record(entry.decision)
        statement = None if data is None else parse_signed_statement(data, max_bytes=len(data))
        event = None if statement is None else parse_entry_event(statement)
    except (MalformedError, UnverifiedError, RefusedError) as error:
        raise LogCorruptError(f"entry {entry.number} cannot be read: {error.detail}") from error
    profiled = None if statement is None else _profiled(statement, event, profiles)
    return ChainEntry(entry, record, statement, event, profiled, (), ())


def _profiled(statement: SignedStatement, event: TraceEvent | None, profiles: Profiles) -> ProfiledEvent | None:
    if event is not None:
        return profiled_event(event)
    try:
        return profiles.read(statement)
    except (MalformedError, RefusedError):
        # It was registered before this profile was installed, and nothing was asked of it then.
        return None


def _remarks(chronicle: Chronicle, one: ChainEntry, max_lag: MaxLag) -> tuple[Remark, ...]:
    digest = None if one.statement is None else payload_digest(one.statement)
    bound = max_lag(one.record.policy_entry)
    told = Told(one.entry.statement_hash, one.event, digest, one.record.head_time, bound)
    remarks = chronicle.remarks_on(told)
    chronicle.take(told)
    return remarks


def _annotated(
    reader: ChainReader, head: ChainHead, entries: Sequence[ChainEntry]
) -> tuple[Sequence[ChainEntry], bool]:
    if not entries:
        return entries, True
    last = _entry(reader, head, head.length - 1).number
    found = reader.references_to([one.entry.number for one in entries], MAX_ANNOTATIONS + 1)
    by_target: dict[int, list[ReferenceRow]] = {}
    for row in islice(found, MAX_ANNOTATIONS):
        if row.number <= last:
            by_target.setdefault(row.target, []).append(row)
    annotated = [replace(one, annotations=tuple(by_target.get(one.entry.number, ()))) for one in entries]
    return annotated, len(found) <= MAX_ANNOTATIONS
