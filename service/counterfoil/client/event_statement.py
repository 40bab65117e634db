"""A trace event as a statement its writer signs once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterfoil.cose import labels
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.cose.signer import Signer
from counterfoil.encoding.cbor import CborValue
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Actor, EventType, Reference


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
    """What is new with each event: its own id, when it happened, and where it stands among its writer's events."""

    event_id: str
    occurred_at: str
    issued_at: int
    sequence: int
    previous: bytes | None


def event_statement(
    writer: Writer,
    moment: Moment,
    kind: EventType,
    data: Mapping[str, JsonValue],
    references: Sequence[Reference],
) -> bytes:
    """The signed statement of an event.

    Raises:
        MalformedJsonError: ``data`` has no canonical form.
    """
    members: dict[str, JsonValue] = {
        "type": kind.value,
        "eventId": moment.event_id,
        "rootTraceId": writer.root_trace_id,
        "sessionId": writer.session_id,
        "occurredAt": moment.occurred_at,
        "actor": {"id": writer.actor.id, "role": writer.actor.role.value},
        "sequence": moment.sequence,
        "data": dict(data),
    }
    if moment.previous is not None:
        members["previous"] = moment.previous.hex()
    if references:
        members["references"] = [{"rel": one.relation.value, "entry": one.entry.hex()} for one in references]
    claims: dict[int | str, CborValue] = {
        labels.CWT_ISS: writer.issuer,
        labels.CWT_SUB: writer.root_trace_id,
        labels.CWT_IAT: moment.issued_at,
    }
    protected: dict[int | str, CborValue] = {
        labels.KID: writer.signer.public_key.thumbprint,
        labels.CWT_CLAIMS: claims,
        labels.CONTENT_TYPE: TRACE_EVENT_CONTENT_TYPE,
    }
    return sign_sign1(writer.signer, protected, encode_json(members), unprotected={}, detached=False)
