"""How an engagement stands: what of its past decides what may follow, and the state that it is in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from counterfoil.errors import (
    FormationRepeatedError,
    NoFormationError,
    NothingToClearError,
    PreviousUnknownError,
    ReferenceUnknownError,
)
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import (
    Dispute,
    EventType,
    Formation,
    Observation,
    Party,
    Relation,
    Role,
    Settlement,
    TraceEvent,
)

_NOTHING: Final[Mapping[StatementHash, EventType]] = MappingProxyType({})


class State(StrEnum):
    """What an engagement is in; computed on reading, never stored as truth."""

    FORMING = "forming"
    ACTIVE = "active"
    FLAGGED = "flagged"
    SUSPENDED = "suspended"
    ESCALATED = "escalated"
    DISPUTED = "disputed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an engagement stands after some of its events. Events by those who are no party have changed nothing.

    ``formation`` is the FORMATION that counts, the first of this profile, and ``formed_by`` its issuer. ``standing``
    holds the suspensions and escalations that nobody has cleared, in the order in which they came. ``final_counts`` is
    how many events each writer has written, as the latest SETTLEMENT says.
    """

    formation: StatementHash | None = None
    formed_by: str | None = None
    parties: frozenset[Party] = frozenset()
    standing: Mapping[StatementHash, EventType] = field(default_factory=lambda: _NOTHING)
    flagged: bool = False
    disputed: bool = False
    settled: bool = False
    final_counts: tuple[tuple[str, int], ...] = ()

    def is_party(self, event: TraceEvent) -> bool:
        """Whether the event's issuer takes part in the engagement in the role it writes in."""
        return Party(event.issuer, event.actor.role) in self.parties

    def is_issuer_party(self, issuer: str) -> bool:
        """Whether an issuer takes part in the engagement in any role."""
        return any(party.issuer == issuer for party in self.parties)

    @property
    def state(self) -> State:
        """The state; of several that hold at once the one named first here.

        A dispute that is open outweighs all, since the panel may yet undo what was settled; then a settlement, since
        nothing is held back any more; then an escalation, a suspension and a flag, as far as they stand.
        """
        if self.formation is None:
            return State.FORMING
        if self.disputed:
            return State.DISPUTED
        if self.settled:
            return State.SETTLED
        if EventType.RUNTIME_ESCALATED in self.standing.values():
            return State.ESCALATED
        if self.standing:
            return State.SUSPENDED
        return State.FLAGGED if self.flagged else State.ACTIVE


EMPTY_STANDING: Final = Standing()
"""How every engagement stands before its FORMATION."""


def advance(standing: Standing, entry: StatementHash, event: TraceEvent) -> Standing:
    """How the engagement stands after ``event``, which is entry ``entry``; the same when it changes nothing.

    An event by an issuer who is no party in the role it writes in changes nothing. The issuer of the FORMATION is a
    party as platform whether or not it names itself: who forms an engagement cannot be a stranger to it.
    """
    if standing.formation is None:
        return _formed(standing, entry, event)
    change = _CHANGES.get(event.type)
    return standing if change is None or not standing.is_party(event) else change(standing, entry, event)


def require_may_follow(standing: Standing, event: TraceEvent, is_earlier: Callable[[StatementHash], bool]) -> None:
    """Check whether an event may be the next of its chain; ``is_earlier`` says what is an earlier entry of it.

    Asked in this order: that the engagement is formed, that what the event refers to is there, that ``previous`` is,
    and that what it clears stands. What may only have overtaken something comes first, so that the sender tries again.

    Raises:
        NoFormationError, ReferenceUnknownError: It may have overtaken what it rests on; later it may be welcome.
        FormationRepeatedError: A party forms the engagement a second time.
        PreviousUnknownError: ``previous`` is no earlier entry of this chain.
        NothingToClearError: What a party clears is there, and is no suspension or escalation that stands.
    """
    if standing.formation is None and event.type is not EventType.FORMATION:
        raise NoFormationError("the engagement has no FORMATION yet")
    if standing.formation is not None and event.type is EventType.FORMATION and standing.is_issuer_party(event.issuer):
        raise FormationRepeatedError(f"entry {standing.formation.hex()} formed the engagement")
    for reference in event.references:
        if not is_earlier(reference.entry):
            raise ReferenceUnknownError(f"{reference.relation} {reference.entry.hex()}: no earlier entry of this chain")
    if event.previous is not None and not is_earlier(event.previous):
        raise PreviousUnknownError(f"previous {event.previous.hex()}: no earlier entry of this chain")
    if event.type is EventType.RUNTIME_CLEARED and standing.is_party(event):
        for cleared in event.referring(Relation.CLEARS):
            if cleared not in standing.standing:
                raise NothingToClearError(f"entry {cleared.hex()} is no suspension or escalation that stands")


def _formed(standing: Standing, entry: StatementHash, event: TraceEvent) -> Standing:
    if not isinstance(event.data, Formation):
        return standing
    parties = frozenset({*event.data.parties, Party(event.issuer, Role.PLATFORM)})
    return replace(standing, formation=entry, formed_by=event.issuer, parties=parties)


def _amended(standing: Standing, _entry: StatementHash, event: TraceEvent) -> Standing:
    amends = standing.formation in event.referring(Relation.AMENDS)
    if not amends or event.issuer != standing.formed_by or not isinstance(event.data, Observation):
        return standing
    return replace(standing, parties=standing.parties | frozenset(event.data.parties))


def _flagged(standing: Standing, _entry: StatementHash, _event: TraceEvent) -> Standing:
    return replace(standing, flagged=True)


def _suspended(standing: Standing, entry: StatementHash, event: TraceEvent) -> Standing:
    return replace(standing, standing=MappingProxyType({**standing.standing, entry: event.type}))


def _cleared(standing: Standing, _entry: StatementHash, event: TraceEvent) -> Standing:
    cleared = set(event.referring(Relation.CLEARS))
    left = {entry: kind for entry, kind in standing.standing.items() if entry not in cleared}
    # A flag was the way to the suspension; who is cleared of the one is cleared of the other, until flagged again.
    return replace(standing, standing=MappingProxyType(left), flagged=standing.flagged and bool(left))


def _disputed(standing: Standing, _entry: StatementHash, event: TraceEvent) -> Standing:
    if not isinstance(event.data, Dispute):
        return standing
    if event.data.kind == "filed":
        return replace(standing, disputed=True)
    # The panel's result ends a dispute when it is the arbitrator who records it.
    return replace(standing, disputed=False) if event.actor.role is Role.ARBITRATOR else standing


def _settled(standing: Standing, _entry: StatementHash, event: TraceEvent) -> Standing:
    counts = event.data.final_counts if isinstance(event.data, Settlement) else ()
    return replace(standing, settled=True, final_counts=counts)


_CHANGES: Final[Mapping[EventType, Callable[[Standing, StatementHash, TraceEvent], Standing]]] = {
    EventType.OBSERVATION: _amended,
    EventType.RUNTIME_FLAGGED: _flagged,
    EventType.RUNTIME_SUSPENDED: _suspended,
    EventType.RUNTIME_ESCALATED: _suspended,
    EventType.RUNTIME_CLEARED: _cleared,
    EventType.DISPUTE: _disputed,
    EventType.SETTLEMENT: _settled,
}
"""What an event of a party changes; an ACTION changes nothing."""
