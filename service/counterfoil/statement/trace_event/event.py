"""A trace event: what an agent, a platform, a runtime or a party says happened in an engagement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.signed_statement import StatementHash

TRACE_EVENT_CONTENT_TYPE: Final = "application/vnd.counterfoil.trace-event+json"


class EventType(StrEnum):
    """The nine events."""

    FORMATION = "FORMATION"
    ACTION = "ACTION"
    OBSERVATION = "OBSERVATION"
    RUNTIME_FLAGGED = "RUNTIME_FLAGGED"
    RUNTIME_SUSPENDED = "RUNTIME_SUSPENDED"
    RUNTIME_ESCALATED = "RUNTIME_ESCALATED"
    SETTLEMENT = "SETTLEMENT"
    DISPUTE = "DISPUTE"
    RUNTIME_CLEARED = "RUNTIME_CLEARED"


class Role(StrEnum):
    """In what capacity somebody takes part in an engagement."""

    PLATFORM = "platform"
    AGENT = "agent"
    RUNTIME = "runtime"
    BUYER = "buyer"
    PROVIDER = "provider"
    REVIEWER = "reviewer"
    ARBITRATOR = "arbitrator"


class Relation(StrEnum):
    """What a reference says of the entry it names."""

    CLEARS = "clears"
    SCORES = "scores"
    RESPONDS_TO = "responds-to"
    EVIDENCE = "evidence"
    PARENT = "parent"
    AMENDS = "amends"
    SETTLES = "settles"


WRITERS: Final[Mapping[EventType, frozenset[Role]]] = {
    EventType.FORMATION: frozenset({Role.PLATFORM}),
    EventType.ACTION: frozenset({Role.AGENT}),
    EventType.OBSERVATION: frozenset({Role.PLATFORM, Role.REVIEWER}),
    EventType.RUNTIME_FLAGGED: frozenset({Role.RUNTIME}),
    EventType.RUNTIME_SUSPENDED: frozenset({Role.RUNTIME}),
    EventType.RUNTIME_ESCALATED: frozenset({Role.RUNTIME}),
    EventType.SETTLEMENT: frozenset({Role.PLATFORM}),
    EventType.DISPUTE: frozenset({Role.BUYER, Role.PROVIDER, Role.ARBITRATOR}),
    EventType.RUNTIME_CLEARED: frozenset({Role.ARBITRATOR}),
}
"""Which roles may write an event."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, by the writer's own name for him, and in which role."""

    id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry that an event refers to, by its statement hash."""

    relation: Relation
    entry: StatementHash


@dataclass(frozen=True, slots=True)
class Party:
    """An issuer who takes part in an engagement in a role."""

    issuer: str
    role: Role


@dataclass(frozen=True, slots=True)
class Formation:
    """The data of a FORMATION that later events are measured by. ``visibility`` is None where it narrows nothing."""

    parties: tuple[Party, ...]
    visibility: str | None


@dataclass(frozen=True, slots=True)
class Observation:
    """The data of an OBSERVATION. ``parties`` are those it adds to the engagement."""

    kind: str
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """The data of a SETTLEMENT: how many events each writer (by issuer) has written, as the platform says."""

    final_counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """One estimate of a dispute panel; ``confidence`` and ``p`` are None where the evaluator failed."""

    id: str
    weight: float
    confidence: float | None
    p: float | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """The data of a DISPUTE. ``kind`` is ``filed`` or ``posterior``; the panel's members are there with the latter."""

    kind: str
    evaluators: tuple[Evaluator, ...]
    posterior: float | None
    outcome: str | None


EventData: TypeAlias = Formation | Observation | Settlement | Dispute | None
"""What rules look at in ``data``; None for the types of whose data no rule asks anything."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One event as its writer signed it.

    ``issuer`` is the statement's CWT ``iss``: the writer. ``occurred_at`` is in milliseconds since 1970. ``sequence``
    is the writer's own counter in this chain. ``score`` is the behavioural score, 0 to 1, of the event or of its data.
    ``members`` is the whole payload as it was read.
    """

    type: EventType
    issuer: str
    event_id: str
    root_trace_id: RootTraceId
    session_id: str
    occurred_at: int
    actor: Actor
    sequence: int
    previous: StatementHash | None
    references: tuple[Reference, ...]
    score: float | None
    data: EventData
    members: Mapping[str, JsonValue]

    def referring(self, relation: Relation) -> tuple[StatementHash, ...]:
        """The entries it refers to in that relation, in its own order."""
        return tuple(reference.entry for reference in self.references if reference.relation is relation)
