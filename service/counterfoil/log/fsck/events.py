"""Events taken again in their order: what is stored of each, and whether it could follow what was there."""

from counterfoil.chain.findings import Told
from counterfoil.chain.past import payload_digest, read_chronicle
from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance, require_may_follow
from counterfoil.errors import CounterfoilError
from counterfoil.log.events import event_row, reference_rows
from counterfoil.log.fsck.finding import Findings
from counterfoil.log.fsck.reads import Reads
from counterfoil.log.records import Entry, EventRow, Place
from counterfoil.policy.decision import Decision
from counterfoil.statement.links import ChainId, chain_id
from counterfoil.statement.signed_statement import SignedStatement, StatementHash
from counterfoil.statement.trace_event.event import TraceEvent


class EventCheck:
    """Takes the entries that are events, in order."""

    def __init__(self, reads: Reads, findings: Findings) -> None:
        self._reads = reads
        self._findings = findings
        self._standings: dict[ChainId, Standing] = {}
        self._events: set[int] = set()
        self._referring: set[int] = set()
        self._unknown: set[int] = set()

    def pass_over(self, number: int) -> None:
        """An entry of which it is unknown whether it is an event."""
        self._unknown.add(number)

    def take(self, entry: Entry, event: TraceEvent) -> None:
        """Check an event against those before it, and the rows beside it."""
        where, chain = f"entry {entry.number}", chain_id(event.root_trace_id)
        places = {
            name: place
            for name in {event.previous, *(reference.entry for reference in event.references)}
            if name is not None and (place := self._earlier(name, entry)) is not None
        }
        before = self._standings.get(chain, EMPTY_STANDING)
        try:
            require_may_follow(before, event, places.__contains__)
        except CounterfoilError as error:
            self._findings.add(where, f"decided again, it may not follow there: {error.detail} ({error.code})")
        after = advance(before, entry.statement_hash, event)
        self._standings[chain] = after
        self._events.add(entry.number)
        self._compare(where, entry, event_row(entry, event, before, after))
        if event.references:
            self._referring.add(entry.number)
            self._compare_references(where, entry, event, places)

    def require_without_findings(
        self, entry: Entry, statement: SignedStatement, decision: Decision, head_time: int
    ) -> None:
        """Check an entry that is still to be taken against the findings that the policy refused when it was decided."""
        where, event = f"entry {entry.number}", decision.event
        standing = self._standings.get(chain_id(statement.claims.subject or ""), EMPTY_STANDING)
        told = Told(statement.hash, event, payload_digest(statement), head_time, decision.max_lag)
        chronicle = self._reads.attempt(
            where,
            lambda: read_chronicle(
                self._reads.scan,
                entry.chain_number,
                entry.sequence,
                standing,
                [] if event is None else [event],
                formed=False,
            ),
            None,
        )
        for remark in () if chronicle is None else chronicle.remarks_on(told):
            if remark.finding in decision.refused:
                self._findings.add(where, f"decided again, it is not admitted: {remark.finding}: {remark.detail}")

    def finish(self) -> None:
        """Look for rows of events that are none."""
        scan = self._reads.scan
        for number in self._reads.attempt("events as a whole", scan.event_numbers, ()):
            if number not in self._events and number not in self._unknown:
                self._findings.add(f"event {number}", "is stored, and the entry is no event")
        for number in self._reads.attempt("references as a whole", scan.referring_numbers, ()):
            if number not in self._referring and number not in self._unknown:
                self._findings.add(f"references of entry {number}", "are stored, and the entry refers to nothing")

    def _earlier(self, name: StatementHash, entry: Entry) -> Place | None:
        found = self._reads.attempt(f"entry {name.hex()}", lambda: self._reads.scan.entry_of(name), None)
        if found is None or found.number >= entry.number or found.chain_number != entry.chain_number:
            return None
        return Place(found.number, found.chain_number, found.sequence)

    def _compare(self, where: str, entry: Entry, expected: EventRow) -> None:
        stored = self._reads.attempt(f"event {entry.number}", lambda: self._reads.scan.event(entry.number), None)
        if stored is None:
            self._findings.add(where, "is an event, and no row of it is stored")
            return
        for member in EventRow.__slots__:
            name = f"{member.replace('_', ' ')} in the row of its event"
            self._findings.differ(where, name, getattr(stored, member), getattr(expected, member))

    def _compare_references(
        self, where: str, entry: Entry, event: TraceEvent, places: dict[StatementHash, Place]
    ) -> None:
        if any(reference.entry not in places for reference in event.references):
            return  # It was found above that something it refers to is not there.
        number = entry.number
        stored = self._reads.attempt(where, lambda: self._reads.scan.references_of(number), ())
        if list(stored) != reference_rows(entry, event, places):
            self._findings.add(where, "the rows of what it refers to are not those of its statement")
