"""A run of entries repeated at once, apart from all others, and what of it the rest of the audit needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.repeat import Repeated, repeat_together
from counterfoil.audit.timeline import Timeline
from counterfoil.chain.findings import Finding
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.statement.links import chain_id
from counterfoil.statement.page import Page, parse_page
from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.statement.trace_event.event import TraceEvent

NOTHING: Final = bytes(32)
"""Stands for a hash that is not known."""

_TOGETHER: Final = 64
"""Entries that are repeated step by step together; more of them gain no more."""

_TOGETHER_BYTES: Final = 4 * 1024 * 1024
"""Statements that are held for that, and the one that goes beyond it, however large it is."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says that its chain is to be asked about.

    ``event`` is None for a statement of another profile. ``refused`` are the findings that the policy refused.
    """

    number: int
    event: TraceEvent | None
    payload_digest: bytes
    head_time: int
    max_lag: int
    refused: frozenset[Finding]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries from ``start`` up to ``stop``, each repeated by itself.

    The four rows hold 32 bytes for each of them, ``NOTHING`` where it is not known. ``withheld`` are those that cannot
    be read, or whose record names an enrolment that cannot. ``enrolled`` are the changes that are enrolments, and
    ``changes`` all others. ``repeated`` counts decisions that
    were made again, whatever came of it. ``times`` are the first and the last head time; None where none was read.
    """

    start: int
    stop: int
    statement_hashes: bytes
    decision_digests: bytes
    duplicate_keys: bytes
    chain_ids: bytes
    withheld: tuple[int, ...]
    repeated: int
    faults: tuple[Fault, ...]
    pages: tuple[tuple[int, Page], ...]
    changes: tuple[int, ...]
    enrolled: tuple[int, ...]
    said: tuple[Said, ...]
    times: tuple[int, int] | None


def repeat_stretch(entries: Iterable[AuditedEntry], start: int, stop: int, timeline: Timeline) -> Stretch:
    """Repeat the entries from ``start`` up to ``stop``; what is not among ``entries`` is missing from the log.

    One that is out of this order or stands twice is passed over.
    """
    run = _Run(timeline, start)
    for together in _runs(entry for entry in entries if entry.number < stop):
        run.take(together)
    run.skip_to(stop)
    return run.stretch()


def _runs(entries: Iterable[AuditedEntry]) -> Iterator[list[AuditedEntry]]:
    run, size = list[AuditedEntry](), 0
    for entry in entries:
        run.append(entry)
        size += len(entry.statement or b"")
        if len(run) == _TOGETHER or size >= _TOGETHER_BYTES:
            yield run
            run, size = [], 0
    yield run


class _Run:
    """The entries so far, one after another."""

    def __init__(self, timeline: Timeline, start: int) -> None:
        self._timeline = timeline
        self._start = start
        self._strict = timeline.refuses_findings
        self.next = start
        self._hashes: list[bytes] = []
        self._digests: list[bytes] = []
        self._keys: list[bytes] = []
        self._chains: list[bytes] = []
        self._withheld: list[int] = []
        self._repeated = 0
        self._faults: list[Fault] = []
        self._pages: list[tuple[int, Page]] = []
        self._changes: list[int] = []
        self._enrolled: list[int] = []
        self._said: list[Said] = []
        self._first: int | None = None
        self._last = 0

    def skip_to(self, number: int) -> None:
        """Note that the entries up to ``number`` are missing."""
        for missing in range(self.next, number):
            self._faults.append(Fault(FaultKind.ENTRY_MISSING, missing, "the log gives out no such entry"))
            self._row(NOTHING, NOTHING, NOTHING, NOTHING)
        self.next = number

    def take(self, entries: Iterable[AuditedEntry]) -> None:
        """Repeat the next entries."""
        known = [(entry, self._rules_of(entry)) for entry in self._in_order(entries)]
        outcomes = iter(repeat_together((entry, rules) for entry, rules in known if rules is not None))
        for entry, rules in known:
            self.skip_to(entry.number)
            self.next = entry.number + 1
            if rules is None:
                self._withheld.append(entry.number)
                self._row(entry.statement_hash, entry.decision_digest, entry.statement_hash, NOTHING)
            else:
                self._take(entry, next(outcomes))

    def _in_order(self, entries: Iterable[AuditedEntry]) -> Iterator[AuditedEntry]:
        reached = self.next
        for entry in entries:
            if entry.number >= reached:
                yield entry
                reached = entry.number + 1

    def _rules_of(self, entry: AuditedEntry) -> Rules | None:
        """The rules before an entry; None where it cannot be repeated."""
        rules = self._timeline.rules_at(entry.number)
        return None if entry.is_withheld or self._timeline.lacks_enrolment(entry) else rules

    def _take(self, entry: AuditedEntry, repeated: Repeated) -> None:
        self._repeated += 1
        self._faults += repeated.faults
        self._tell_time(entry.number, repeated.head_time)
        statement = repeated.statement
        if statement is None:
            self._row(entry.statement_hash, entry.decision_digest, entry.statement_hash, NOTHING)
            return
        subject = chain_id(statement.claims.subject or "")
        self._row(entry.statement_hash, entry.decision_digest, statement.duplicate_key, subject)
        self._note(entry.number, statement, repeated)

    def stretch(self) -> Stretch:
        """All of it."""
        return Stretch(
            start=self._start,
            stop=self.next,
            statement_hashes=b"".join(self._hashes),
            decision_digests=b"".join(self._digests),
            duplicate_keys=b"".join(self._keys),
            chain_ids=b"".join(self._chains),
            withheld=tuple(self._withheld),
            repeated=self._repeated,
            faults=tuple(self._faults),
            pages=tuple(self._pages),
            changes=tuple(self._changes),
            enrolled=tuple(self._enrolled),
            said=tuple(self._said),
            times=None if self._first is None else (self._first, self._last),
        )

    def _row(self, statement_hash: bytes, decision_digest: bytes, duplicate_key: bytes, chain: bytes) -> None:
        self._hashes.append(statement_hash)
        self._digests.append(decision_digest)
        self._keys.append(duplicate_key)
        self._chains.append(chain)

    def _tell_time(self, number: int, head_time: int | None) -> None:
        if head_time is None:
            return
        if self._first is None:
            self._first = head_time
        elif head_time < self._last:
            self._faults.append(time_runs_back(number, self._last, head_time))
        self._last = max(self._last, head_time)

    def _note(self, number: int, statement: SignedStatement, repeated: Repeated) -> None:
        decision, payload = repeated.decision, statement.message.payload or b""
        if decision is None:
            return
        if decision.effect is Effect.PAGE:
            self._pages.append((number, parse_page(payload)))
        elif decision.effect is not Effect.NONE:
            enrols = statement.content_type == ENROLMENT_CONTENT_TYPE
            (self._enrolled if enrols else self._changes).append(number)
        if decision.event is not None or self._strict:
            # What it says in full would only be carried from one process to another.
            event = None if decision.event is None else replace(decision.event, members={})
            digest, head_time = sha256(payload).digest(), repeated.head_time or 0
            self._said.append(Said(number, event, digest, head_time, decision.max_lag, decision.refused))


def time_runs_back(number: int, before: int, head_time: int) -> Fault:
    """The fault of an entry whose head time is earlier than that of an entry before it."""
    return Fault(
        FaultKind.TIME_RUNS_BACK, number, f"its head time {head_time} is before {before}, one that came before"
    )
