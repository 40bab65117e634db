"""Writing a trace event: its payload, and the statement of it."""

from collections.abc import Mapping
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.headers import Header
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.cose.signer import Signer
from counterfoil.encoding.cbor import CborValue
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.errors import MalformedEventError, RootTraceMismatchError
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Actor, EventType, Reference
from counterfoil.statement.trace_event.occurred_at import format_occurred_at
from counterfoil.statement.trace_event.parse import read_trace_event

_NOTHING_MORE: Final[Mapping[str, JsonValue]] = {}


def encode_trace_event(members: Mapping[str, JsonValue]) -> bytes:
    """The payload of an event with these members, in RFC 8785 form; nothing is added to them.

    Raises:
        MalformedError, ActorRoleError: Reading the payload would raise it, by ``parse_trace_event``.
    """
    payload = encode_json(members)
    read_trace_event(payload, "")  # No rule of the payload asks who writes it.
    return payload


def build_trace_event(  # noqa: PLR0913 - they are the members that an event has
    event_type: EventType,
    *,
    event_id: str,
    root_trace_id: str,
    session_id: str,
    occurred_at: int,
    actor: Actor,
    sequence: int,
    data: Mapping[str, JsonValue],
    previous: StatementHash | None = None,
    references: tuple[Reference, ...] = (),
    more: Mapping[str, JsonValue] = _NOTHING_MORE,
) -> bytes:
    """The payload of an event, in RFC 8785 form.

    ``occurred_at`` is in milliseconds since 1970. ``more`` holds members for which there is no argument, such as
    ``paper`` or ``input``, by their names in JSON.

    Raises:
        MalformedError, ActorRoleError: As ``encode_trace_event``.
        MalformedEventError: ``more`` names a member for which there is an argument.
    """
    members: dict[str, JsonValue] = {
        "type": event_type.value,
        "eventId": event_id,
        "rootTraceId": root_trace_id,
        "sessionId": session_id,
        "occurredAt": format_occurred_at(occurred_at),
        "actor": {"id": actor.id, "role": actor.role.value},
        "sequence": sequence,
        "data": data,
    }
    if previous is not None:
        members["previous"] = previous.hex()
    if references:
        members["references"] = [{"rel": one.relation.value, "entry": one.entry.hex()} for one in references]
    if twice := (members.keys() | {"previous", "references"}) & more.keys():
        raise MalformedEventError(f"given twice: {', '.join(sorted(twice))}")
    return encode_trace_event({**members, **more})


def sign_trace_event(
    signer: Signer,
    payload: bytes,
    *,
    issuer: str,
    root_trace_id: str,
    issued_at: int,
    kid: bytes | None = None,
) -> bytes:
    """The signed statement of an event. ``issued_at`` is in seconds since 1970; the key's name is its thumbprint.

    Raises:
        MalformedError, ActorRoleError: ``payload`` is no trace event, by ``parse_trace_event``.
        MalformedClaimsError: ``root_trace_id`` cannot be the subject of a statement.
        RootTraceMismatchError: It is not the rootTraceId of the event.
    """
    subject = parse_root_trace_id(root_trace_id)
    if read_trace_event(payload, issuer).root_trace_id != subject:
        raise RootTraceMismatchError("rootTraceId is not what the statement's subject, sub (2), would be")
    claims: dict[int | str, CborValue] = {labels.CWT_ISS: issuer, labels.CWT_SUB: subject, labels.CWT_IAT: issued_at}
    protected: Header = {
        labels.CONTENT_TYPE: TRACE_EVENT_CONTENT_TYPE,
        labels.KID: signer.public_key.thumbprint if kid is None else kid,
        labels.CWT_CLAIMS: claims,
    }
    return sign_sign1(signer, protected, payload)
