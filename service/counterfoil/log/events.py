"""What a batch says of events: whether each may follow what is there, and the rows by which it is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from counterfoil.chain.findings import Chronicle
from counterfoil.chain.names import name_key
from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance, require_may_follow
from counterfoil.log.records import ChainNumber, Entry, EventRow, Place, ReferenceRow
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import TraceEvent


@dataclass(frozen=True, slots=True)
class EventView:
    """What the store says, under the lock, of the events at hand.

    ``places``: where the entries they name stand. ``standings``: how each of their engagements stands that has begun.
    ``chronicles``: what of their past decides findings, where some are refused. ``watched``: the chains that
    somebody in the batch wants to continue who may not have every finding.
    """

    places: Mapping[StatementHash, Place]
    standings: Mapping[ChainId, Standing]
    chronicles: Mapping[ChainId, Chronicle] = field(default_factory=dict)
    watched: frozenset[ChainId] = frozenset()


NO_EVENTS: Final = EventView({}, {})


@dataclass(slots=True)
class EventDraft:
    """The events of a batch in the making, each taken against the log as the one before it left it.

    ``entries`` are those of the batch, added to as it grows; they are looked through only when an event names some.
    """

    view: EventView
    entries: Sequence[Entry]
    events: list[EventRow] = field(default_factory=list)
    references: list[ReferenceRow] = field(default_factory=list)
    standings: dict[ChainId, Standing] = field(default_factory=dict)
    _chronicles: dict[ChainId, Chronicle] = field(default_factory=dict)
    _places: dict[StatementHash, Place] = field(default_factory=dict)

    def require_may_follow(self, chain_id: ChainId, chain_number: ChainNumber | None, event: TraceEvent) -> None:
        """Check an event against its chain as it is now; ``chain_number`` is None where the chain begins with it.

        Raises:
            RefusedError, OvertakenError: As ``chain.standing.require_may_follow``.
        """

        def is_earlier(statement_hash: StatementHash) -> bool:
            place = self._place(statement_hash)
            return place is not None and place.chain_number == chain_number

        require_may_follow(self._standing(chain_id), event, is_earlier)

    def take(self, chain_id: ChainId, entry: Entry, event: TraceEvent) -> None:
        """Add what is stored of an event that was placed."""
        before = self._standing(chain_id)
        after = advance(before, entry.statement_hash, event)
        if after != before:
            self.standings[chain_id] = after
        targets = {}
        for reference in event.references:
            place = self._place(reference.entry)
            if place is not None:
                targets[reference.entry] = place
        self.events.append(event_row(entry, event, before, after))
        self.references.extend(reference_rows(entry, event, targets))

    def is_watched(self, chain_id: ChainId) -> bool:
        """Whether what is placed in that chain may decide findings of what comes later in the batch."""
        return chain_id in self.view.watched

    def chronicle(self, chain_id: ChainId) -> Chronicle:
        """What of a chain's past decides findings on what comes next; who places an entry makes it part of that."""
        if chain_id not in self._chronicles:
            self._chronicles[chain_id] = self.view.chronicles.get(chain_id) or Chronicle()
        return self._chronicles[chain_id]

    def _standing(self, chain_id: ChainId) -> Standing:
        return self.standings.get(chain_id) or self.view.standings.get(chain_id) or EMPTY_STANDING

    def _place(self, statement_hash: StatementHash) -> Place | None:
        for entry in self.entries[len(self._places) :]:
            self._places[entry.statement_hash] = Place(entry.number, entry.chain_number, entry.sequence)
        return self._places.get(statement_hash) or self.view.places.get(statement_hash)


def event_row(entry: Entry, event: TraceEvent, before: Standing, after: Standing) -> EventRow:
    """The row of an event in that entry, with how its engagement stood before and after it."""
    return EventRow(
        number=entry.number,
        chain_number=entry.chain_number,
        sequence=entry.sequence,
        kind=event.type.value,
        landmark=after != before,
        by_party=after.is_party(event),
        writer=name_key(event.issuer),
        writer_sequence=event.sequence,
        event_key=name_key(event.event_id),
        session_key=name_key(event.session_id),
    )


def reference_rows(entry: Entry, event: TraceEvent, places: Mapping[StatementHash, Place]) -> list[ReferenceRow]:
    """The rows of what an event refers to; every entry it names is in ``places``."""
    return [
        ReferenceRow(entry.number, position, places[reference.entry].number, reference.relation.value)
        for position, reference in enumerate(event.references)
    ]
