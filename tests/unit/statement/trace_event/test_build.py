"""Writing trace events: what is written is what is read, and nothing is written that would not be read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cose import labels
from counterfoil.errors import (
    ActorRoleError,
    MalformedClaimsError,
    MalformedEventError,
    MalformedJsonError,
    RootTraceMismatchError,
    TooLargeError,
)
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement, verify_statement
from counterfoil.statement.trace_event.build import build_trace_event, encode_trace_event, sign_trace_event
from counterfoil.statement.trace_event.event import Actor, EventType, Reference, Relation, Role
from counterfoil.statement.trace_event.occurred_at import MAX_OCCURRED_AT
from counterfoil.statement.trace_event.parse import MAX_EVENT_BYTES, parse_trace_event, read_trace_event
from tests.builders import ISSUER, START
from tests.trace_events import CONTENT_TYPE, DATA, EVENT_ID, HEX, ROOT, event_members, event_payload, spaced

SIGNER = generate_private_key("ES256")
ENTRY = StatementHash(bytes.fromhex(HEX))
ACTOR = Actor("writer-1", Role.AGENT)


def build(**changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "event_id": EVENT_ID,
        "root_trace_id": ROOT,
        "session_id": ROOT,
        "occurred_at": 1_800_000_000_125,
        "actor": ACTOR,
        "sequence": 0,
        "data": DATA[EventType.ACTION],
    }
    return build_trace_event(EventType.ACTION, **(arguments | changes))


def sign(payload: bytes, *, root_trace_id: str = ROOT, issuer: str = ISSUER, kid: bytes | None = None) -> bytes:
    return sign_trace_event(SIGNER, payload, issuer=issuer, root_trace_id=root_trace_id, issued_at=START, kid=kid)


@pytest.mark.parametrize("event_type", EventType)
def test_members_are_encoded_as_they_are(event_type: EventType) -> None:
    members = event_members(event_type)
    assert encode_trace_event(dict(reversed(members.items()))) == event_payload(event_type)


@given(
    occurred_at=st.integers(0, MAX_OCCURRED_AT),
    sequence=st.integers(0, 2**53 - 1),
    entries=st.lists(st.binary(min_size=32, max_size=32).map(StatementHash), unique=True, max_size=5),
    previous=st.none() | st.binary(min_size=32, max_size=32).map(StatementHash),
)
def test_arguments_come_back(
    occurred_at: int, sequence: int, entries: list[StatementHash], previous: StatementHash | None
) -> None:
    references = tuple(Reference(Relation.PARENT, entry) for entry in entries)
    payload = build(occurred_at=occurred_at, sequence=sequence, references=references, previous=previous)
    event = read_trace_event(payload, ISSUER)
    assert (event.type, event.event_id, event.actor) == (EventType.ACTION, EVENT_ID, ACTOR)
    assert (event.occurred_at, event.sequence) == (occurred_at, sequence)
    assert (event.references, event.previous) == (references, previous)
    assert event.members["data"] == DATA[EventType.ACTION]


def test_nothing_is_set_by_itself() -> None:
    assert read_trace_event(build(), ISSUER).members == {
        "type": "ACTION",
        "eventId": EVENT_ID,
        "rootTraceId": ROOT,
        "sessionId": ROOT,
        "occurredAt": "2027-01-15T08:00:00.125Z",
        "actor": {"id": "writer-1", "role": "agent"},
        "sequence": 0,
        "data": DATA[EventType.ACTION],
    }
    more = {"paper": {"id": "p", "hash": HEX}, "score": 0.5}
    assert read_trace_event(build(more=more), ISSUER).score == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": "1"},
        {"root_trace_id": "short"},
        {"occurred_at": -1},
        {"sequence": -1},
        {"data": {"kind": "tool"}},
        {"previous": b"short"},
        {"references": (Reference(Relation.SCORES, ENTRY),)},
        {"references": (Reference(Relation.PARENT, ENTRY),) * 2},
        {"more": {"surprise": 1}},
        {"more": {"sequence": 1}},
        {"more": {"previous": HEX}},
        {"more": {"references": []}},
    ],
    ids=str,
)
def test_what_would_not_be_read_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError):
        build(**changes)


def test_nor_is_what_no_json_can_say() -> None:
    for value in (float("nan"), 2**53, "\ud800"):
        with pytest.raises(MalformedJsonError):
            build(more={"input": value})
    with pytest.raises(TooLargeError):
        build(more={"input": "x" * MAX_EVENT_BYTES})
    with pytest.raises(ActorRoleError):
        build(actor=Actor("writer-1", Role.BUYER))


@pytest.mark.parametrize("kid", [None, b"agent-1"])
def test_a_statement_of_an_event(kid: bytes | None) -> None:
    data = sign(build(), kid=kid)
    statement = parse_signed_statement(data)
    verify_statement(statement, SIGNER.public_key)
    assert statement.content_type == CONTENT_TYPE
    assert statement.kid == (kid or SIGNER.public_key.thumbprint)
    assert (statement.claims.issuer, statement.claims.subject) == (ISSUER, ROOT)
    assert statement.claims.issued_at == START
    assert set(statement.message.protected) == {labels.ALG, labels.CONTENT_TYPE, labels.KID, labels.CWT_CLAIMS}
    assert parse_trace_event(statement) == read_trace_event(build(), ISSUER)
    assert sign(build(), kid=kid) == data


def test_no_statement_is_signed_that_would_be_refused() -> None:
    with pytest.raises(RootTraceMismatchError):
        sign(build(), root_trace_id=ROOT + "x")
    with pytest.raises(MalformedEventError):
        sign(spaced(EventType.ACTION))
    with pytest.raises(MalformedEventError):
        sign(b"{}")
    with pytest.raises(MalformedClaimsError):
        sign(build(root_trace_id=ROOT + "\n"), root_trace_id=ROOT + "\n")
