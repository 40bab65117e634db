"""A trace event as a statement its writer signs once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterfoil.cose.signer import Signer
from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.build import build_trace_event, sign_trace_event
from counterfoil.statement.trace_event.event import Actor, EventType, Reference


@dataclass(frozen=True, slots=True)
class Writer:
    """Who signs, in which engagement, and in which of its sessions."""

    signer: Signer
    issuer: str
    actor: Actor
    root_trace_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What is new with each event: its own id, when it happened, and where it stands among its writer's events.

    ``occurred_at`` is in milliseconds since 1970.
    """

    event_id: str
    occurred_at: int
    sequence: int
    previous: StatementHash | None


def event_statement(
    writer: Writer,
    moment: Moment,
    kind: EventType,
    data: Mapping[str, JsonValue],
    references: Sequence[Reference],
    more: Mapping[str, JsonValue],
) -> bytes:
    """The signed statement of an event; ``more`` are members besides, such as ``input``, by their names in JSON.

    Raises:
        MalformedError, ActorRoleError: A log would refuse the event for what it says.
    """
    payload = build_trace_event(
        kind,
        event_id=moment.event_id,
        root_trace_id=writer.root_trace_id,
        session_id=writer.session_id,
        occurred_at=moment.occurred_at,
        actor=writer.actor,
        sequence=moment.sequence,
        data=data,
        previous=moment.previous,
        references=tuple(references),
        more=more,
    )
    return sign_trace_event(
        writer.signer,
        payload,
        issuer=writer.issuer,
        root_trace_id=writer.root_trace_id,
        issued_at=moment.occurred_at // 1000,
    )
