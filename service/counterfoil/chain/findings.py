"""What is remarkable about an entry of an engagement: computed from the log alone, so that everybody finds the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import EventType, TraceEvent

_MILLISECONDS: Final = 1000
_FORMS: Final = EventType.FORMATION


class Finding(StrEnum):
    """The names of findings. A policy may refuse what has one, by that name."""

    NOT_A_PARTY = "not-a-party"
    OTHER_PROFILE = "other-profile"
    ACTION_WHILE_SUSPENDED = "action-while-suspended"
    ACTION_AFTER_SETTLEMENT = "action-after-settlement"
    SCORE_OUTSIDE_BAND = "score-outside-band"
    OCCURRED_AFTER_REGISTRATION = "occurred-after-registration"
    LATE = "late"
    SEQUENCE_GAP = "sequence-gap"
    SEQUENCE_REPEATED = "sequence-repeated"
    PREVIOUS_BEHIND = "previous-behind"
    REPEATED = "repeated"
    EQUIVOCATION = "equivocation"


SCORE_BANDS: Final[Mapping[EventType, tuple[float, float]]] = {
    EventType.RUNTIME_FLAGGED: (0.15, 0.40),
    EventType.RUNTIME_SUSPENDED: (0.40, 0.70),
    EventType.RUNTIME_ESCALATED: (0.70, float("inf")),
}
"""From which score on, and below which, a runtime writes each event."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding on one entry, and in a sentence's part what it is there; names and numbers only."""

    finding: Finding
    detail: str


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as findings see it.

    ``event`` is None for a statement of another profile, or one whose bytes are erased. ``payload_digest`` is SHA-256
    of its payload, None when erased: of that nobody can tell any more what it was. ``head_time`` is its registration,
    ``max_lag`` the bound of the policy it was decided by, in whole seconds.
    """

    statement_hash: StatementHash
    event: TraceEvent | None
    payload_digest: bytes | None
    head_time: int
    max_lag: int


@dataclass(slots=True)
class Chronicle:
    """A chain up to one entry, as far as findings on the next one depend on it.

    ``length`` counts its entries, ``places`` says which of them is where; ``numbers`` are the writers' own numbers of
    events that count, ``names`` the payload digest of the first event of each name by each writer. Who looks at a part
    of a chain only fills in what the part asks for. ``formed``: a FORMATION is known to come later, if not before.
    """

    formed: bool = False
    standing: Standing = EMPTY_STANDING
    length: int = 0
    places: dict[StatementHash, int] = field(default_factory=dict)
    numbers: set[tuple[str, int]] = field(default_factory=set)
    names: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def remarks_on(self, told: Told) -> tuple[Remark, ...]:
        """What is remarkable about that entry, were it the next."""
        event = told.event
        if told.payload_digest is None:
            return ()
        if event is None:
            stranger = self.formed or self.standing.formation is not None
            return (Remark(Finding.OTHER_PROFILE, "no event of this engagement"),) if stranger else ()
        if not advance(self.standing, told.statement_hash, event).is_party(event):
            party = Remark(Finding.NOT_A_PARTY, f"the issuer is no {event.actor.role} of this engagement")
            return (party, *_of_clocks(event, told))
        return (
            *self._of_standing(event),
            *_of_score(event),
            *_of_clocks(event, told),
            *self._of_numbers(event),
            *self._of_previous(event),
            *self._of_name(event, told),
        )

    def take(self, told: Told) -> None:
        """Make that entry part of the past."""
        event = told.event
        self.places[told.statement_hash] = self.length
        self.length += 1
        if event is None or told.payload_digest is None:
            return
        self.standing = advance(self.standing, told.statement_hash, event)
        if self.standing.is_party(event):
            self.numbers.add((event.issuer, event.sequence))
            self.names.setdefault((event.issuer, event.event_id), told.payload_digest)

    def _of_standing(self, event: TraceEvent) -> Iterator[Remark]:
        if event.type is not EventType.ACTION:
            return
        if self.standing.standing:
            yield Remark(Finding.ACTION_WHILE_SUSPENDED, f"{len(self.standing.standing)} stand")
        if self.standing.settled:
            yield Remark(Finding.ACTION_AFTER_SETTLEMENT, "the engagement was settled before")

    def _of_numbers(self, event: TraceEvent) -> Iterator[Remark]:
        if (event.issuer, event.sequence) in self.numbers:
            yield Remark(Finding.SEQUENCE_REPEATED, f"number {event.sequence} was used before")
        if event.sequence > 0 and (event.issuer, event.sequence - 1) not in self.numbers:
            yield Remark(Finding.SEQUENCE_GAP, f"number {event.sequence} does not follow a number used before")

    def _of_previous(self, event: TraceEvent) -> Iterator[Remark]:
        place = None if event.previous is None else self.places.get(event.previous)
        distance = 0 if place is None else self.length - 1 - place
        if distance:
            yield Remark(Finding.PREVIOUS_BEHIND, f"{distance} behind the last entry")

    def _of_name(self, event: TraceEvent, told: Told) -> Iterator[Remark]:
        first = self.names.get((event.issuer, event.event_id))
        if first == told.payload_digest:
            yield Remark(Finding.REPEATED, "the same event was registered before")
        elif first is not None:
            yield Remark(Finding.EQUIVOCATION, "another event of this writer has the same event id")


def remarks_on_all(chain: Sequence[Told]) -> tuple[tuple[Remark, ...], ...]:
    """What is remarkable about each entry of a whole chain, in its order."""
    chronicle = Chronicle(formed=any(told.event is not None and told.event.type is _FORMS for told in chain))
    remarks: list[tuple[Remark, ...]] = []
    for told in chain:
        remarks.append(chronicle.remarks_on(told))
        chronicle.take(told)
    return tuple(remarks)


def needed_numbers(event: TraceEvent) -> tuple[int, ...]:
    """The writer's own numbers that findings on an event ask for."""
    return (event.sequence,) if event.sequence == 0 else (event.sequence - 1, event.sequence)


def lag(occurred_at: int, head_time: int) -> int:
    """How long after it happened, by its writer's clock, an event was registered, in milliseconds.

    ``occurred_at`` is in milliseconds since 1970. ``head_time`` is a whole second, in which the registration lies; an
    event of the same second has no lag.
    """
    behind = head_time * _MILLISECONDS - occurred_at
    return 0 if -_MILLISECONDS < behind < 0 else behind


def _of_score(event: TraceEvent) -> Iterator[Remark]:
    band = SCORE_BANDS.get(event.type)
    if band is not None and event.score is not None and not band[0] <= event.score < band[1]:
        yield Remark(Finding.SCORE_OUTSIDE_BAND, f"{event.score} is no score of a {event.type}")


def _of_clocks(event: TraceEvent, told: Told) -> Iterator[Remark]:
    behind = lag(event.occurred_at, told.head_time)
    if behind < 0:
        yield Remark(Finding.OCCURRED_AFTER_REGISTRATION, f"{-behind} milliseconds after it was registered")
    if behind > told.max_lag * _MILLISECONDS:
        yield Remark(Finding.LATE, f"registered {behind} milliseconds after it happened")
