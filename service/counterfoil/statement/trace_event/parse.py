"""Reading a trace event from the payload of its statement."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, cast

from counterfoil.encoding.jcs import JsonValue, encode_json, is_canonical_json, parse_json
from counterfoil.errors import (
    ActorRoleError,
    MalformedEventError,
    PayloadMissingError,
    RootTraceMismatchError,
    TooLargeError,
)
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.signed_statement import SignedStatement, StatementHash
from counterfoil.statement.trace_event.event import WRITERS, Actor, EventType, Observation, Relation, Role, TraceEvent
from counterfoil.statement.trace_event.event_shapes import EVENT_SHAPES
from counterfoil.statement.trace_event.occurred_at import parse_occurred_at
from counterfoil.statement.trace_event.read_data import read_data
from counterfoil.statement.trace_event.references import read_references, require_references

MAX_EVENT_BYTES: Final = 64 * 1024
"""Twice what the most references take; what is larger is committed to by its digest and kept elsewhere."""

MIN_ROOT_TRACE_BYTES: Final = 16
"""As bytes 122 bits at random, which nobody guesses, take 16."""

MAX_ROOT_TRACE_BYTES: Final = 512


def parse_trace_event(statement: SignedStatement) -> TraceEvent:
    """Read the trace event in a statement whose content type says that it holds one.

    Nothing is asked here that needs the chain or the registration policy.

    Raises:
        PayloadMissingError: The payload is detached.
        TooLargeError: It is longer than ``MAX_EVENT_BYTES``.
        MalformedEventError, MalformedJsonError, DuplicateKeyError: It is no trace event, or not in RFC 8785 form.
        RootTraceMismatchError: Its rootTraceId is not the statement's subject.
        ActorRoleError: Its type is not written in its actor's role.

    Spec: the Trace profile, sections 1 to 3.
    """
    if statement.message.payload is None:
        raise PayloadMissingError("the payload is detached, and the event is in it")
    if statement.claims.issuer is None:
        raise MalformedEventError("the statement names no issuer, so the event has no writer")
    event = read_trace_event(statement.message.payload, statement.claims.issuer)
    if event.root_trace_id != statement.claims.subject:
        raise RootTraceMismatchError("rootTraceId is not the statement's subject, sub (2)")
    return event


def read_trace_event(payload: bytes, issuer: str) -> TraceEvent:
    """Read the trace event that ``payload`` is, written by ``issuer``.

    Raises:
        MalformedError, ActorRoleError: As ``parse_trace_event``.
    """
    members = _members(payload)
    event_type = _event_type(members.get("type"))
    EVENT_SHAPES[event_type].check(members)
    actor = _actor(event_type, cast("Mapping[str, str]", members["actor"]))
    references = read_references(members.get("references"))
    data = cast("Mapping[str, JsonValue]", members["data"])
    require_references(event_type, data.get("kind"), references)
    event = TraceEvent(
        type=event_type,
        issuer=issuer,
        event_id=cast("str", members["eventId"]),
        root_trace_id=RootTraceId(cast("str", members["rootTraceId"])),
        session_id=cast("str", members["sessionId"]),
        occurred_at=_occurred_at(cast("str", members["occurredAt"])),
        actor=actor,
        sequence=cast("int", members["sequence"]),
        previous=_previous(members),
        references=references,
        score=_score(members, data),
        data=read_data(event_type, data),
        members=members,
    )
    _require_sense(event)
    return event


def _members(payload: bytes) -> Mapping[str, JsonValue]:
    if len(payload) > MAX_EVENT_BYTES:
        raise TooLargeError(f"{len(payload)} bytes of trace event where {MAX_EVENT_BYTES} are read")
    value = parse_json(payload, max_bytes=MAX_EVENT_BYTES)
    if not is_canonical_json(payload, value):
        canonical = encode_json(value)
        digest = sha256(canonical).hexdigest()
        raise MalformedEventError(
            f"the payload is not in RFC 8785 form, which would have {len(canonical)} bytes and SHA-256 {digest}",
        )
    if not isinstance(value, dict):
        raise MalformedEventError("the payload is not an object")
    return value


def _event_type(value: JsonValue) -> EventType:
    # A look-up by a value that is no text would find nothing, or not be one at all.
    found = EventType.__members__.get(value) if isinstance(value, str) else None
    if found is None:
        raise MalformedEventError(f"type: one of {', '.join(EventType)} is expected")
    return found


def _actor(event_type: EventType, actor: Mapping[str, str]) -> Actor:
    role = Role(actor["role"])
    if role not in WRITERS[event_type]:
        raise ActorRoleError(f"{event_type} is written as {', '.join(sorted(WRITERS[event_type]))}, not as {role}")
    return Actor(actor["id"], role)


def _occurred_at(text: str) -> int:
    try:
        return parse_occurred_at(text)
    except MalformedEventError as error:
        raise MalformedEventError(f"occurredAt: {error.detail}") from error


def _previous(members: Mapping[str, JsonValue]) -> StatementHash | None:
    previous = members.get("previous")
    return StatementHash(bytes.fromhex(previous)) if isinstance(previous, str) else None


def _score(members: Mapping[str, JsonValue], data: Mapping[str, JsonValue]) -> float | None:
    scores = [float(cast("float", found["score"])) for found in (members, data) if "score" in found]
    if len(set(scores)) > 1:
        raise MalformedEventError("score: the data of the event has another one")
    return scores[0] if scores else None


def _require_sense(event: TraceEvent) -> None:
    if not MIN_ROOT_TRACE_BYTES <= len(event.root_trace_id.encode()) <= MAX_ROOT_TRACE_BYTES:
        raise MalformedEventError(f"rootTraceId: {MIN_ROOT_TRACE_BYTES} to {MAX_ROOT_TRACE_BYTES} bytes are expected")
    if event.type is EventType.FORMATION and event.session_id != event.root_trace_id:
        raise MalformedEventError("sessionId: the first session's id is the rootTraceId")
    if "components" in event.members and "score" not in event.members:
        raise MalformedEventError("components: there is no score that they make up")
    if isinstance(event.data, Observation) and event.data.parties and not event.referring(Relation.AMENDS):
        raise MalformedEventError("data: parties: an event that adds parties amends what formed the engagement")
