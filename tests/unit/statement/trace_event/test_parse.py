"""Reading trace events: what each type may say, and everything that is no event of this profile."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import (
    ActorRoleError,
    CounterfoilError,
    DuplicateKeyError,
    MalformedError,
    MalformedEventError,
    MalformedJsonError,
    PayloadMissingError,
    RefusedError,
    RootTraceMismatchError,
    TooLargeError,
)
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import (
    WRITERS,
    Actor,
    Dispute,
    Evaluator,
    EventType,
    Formation,
    Observation,
    Party,
    Reference,
    Relation,
    Role,
    Settlement,
    TraceEvent,
)
from counterfoil.statement.trace_event.parse import MAX_EVENT_BYTES, parse_trace_event, read_trace_event
from counterfoil.statement.trace_event.references import MAX_REFERENCES
from tests.builders import ISSUER, sign_statement
from tests.trace_events import (
    CONTENT_TYPE,
    DATA,
    EVENT_ID,
    HEX,
    OTHER_HEX,
    REFERENCES,
    ROOT,
    event_members,
    event_payload,
    spaced,
)

AGENT = generate_private_key("ES256")
ENTRY = bytes.fromhex(HEX)
ACTION, FORMATION, OBSERVATION = EventType.ACTION, EventType.FORMATION, EventType.OBSERVATION
SCORING = (EventType.RUNTIME_FLAGGED, EventType.RUNTIME_SUSPENDED, EventType.RUNTIME_ESCALATED)


def read(event_type: EventType, **changes: Any) -> TraceEvent:
    return read_trace_event(event_payload(event_type, **changes), ISSUER)


def with_data(event_type: EventType, **changes: Any) -> TraceEvent:
    data = {name: value for name, value in (DATA[event_type] | changes).items() if value is not None}
    return read(event_type, data=data)


def refs(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"rel": rel, "entry": entry} for rel, entry in pairs]


@pytest.mark.parametrize("event_type", EventType)
def test_an_event_of_each_type_is_read(event_type: EventType) -> None:
    event = read(event_type)
    assert (event.type, event.issuer, event.event_id) == (event_type, ISSUER, EVENT_ID)
    assert (event.root_trace_id, event.session_id, event.sequence) == (ROOT, ROOT, 0)
    assert event.occurred_at == 1_800_000_000_125
    assert event.actor == Actor("writer-1", min(WRITERS[event_type]))
    assert event.members == event_members(event_type)
    assert event.previous == (None if event_type is FORMATION else ENTRY)
    assert [(one.relation, one.entry.hex()) for one in event.references] == [
        (one["rel"], one["entry"]) for one in REFERENCES.get(event_type, [])
    ]


def test_what_rules_look_at_is_typed() -> None:
    assert read(FORMATION).data == Formation(
        (Party(ISSUER, Role.PLATFORM), Party("https://buyer.example", Role.BUYER)), "operator"
    )
    assert with_data(FORMATION, visibility=None).data == Formation(
        (Party(ISSUER, Role.PLATFORM), Party("https://buyer.example", Role.BUYER)), None
    )
    assert read(OBSERVATION).data == Observation("request", ())
    assert read(EventType.SETTLEMENT).data == Settlement(((ISSUER, 3),))
    evaluators = (Evaluator("one", 0.5, 0.9, 0.7, failed=False), Evaluator("two", 1.0, None, None, failed=True))
    assert read(EventType.DISPUTE).data == Dispute("posterior", evaluators, 0.7, "refund")
    assert read(EventType.DISPUTE, data={"kind": "filed", "claims": []}).data == Dispute("filed", (), None, None)
    assert read(ACTION).data is None
    assert read(EventType.RUNTIME_FLAGGED).score == 0.31
    assert read(ACTION).score == 0.05
    assert read(FORMATION).score is None


def test_an_observation_that_amends_may_add_parties() -> None:
    party = {"issuer": "https://new.example", "role": "reviewer"}
    data = {"kind": "amendment", "parties": [party]}
    event = read(OBSERVATION, data=data, references=refs(("amends", HEX)))
    assert event.data == Observation("amendment", (Party("https://new.example", Role.REVIEWER),))
    assert event.references == (Reference(Relation.AMENDS, event.references[0].entry),)
    with pytest.raises(MalformedEventError, match="parties"):
        read(OBSERVATION, data={"kind": "request", "parties": [party]})
    with pytest.raises(MalformedEventError, match="amends"):
        read(OBSERVATION, data={"kind": "amendment"})


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize("role", Role)
def test_a_type_is_written_in_its_roles_only(event_type: EventType, role: Role) -> None:
    actor = {"id": "writer-1", "role": role.value}
    if role in WRITERS[event_type]:
        assert read(event_type, actor=actor).actor.role is role
    else:
        with pytest.raises(ActorRoleError, match=f"not as {role}"):
            read(event_type, actor=actor)


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize(
    "name", ["type", "eventId", "rootTraceId", "sessionId", "occurredAt", "actor", "sequence", "data"]
)
def test_what_is_required_is_required(event_type: EventType, name: str) -> None:
    with pytest.raises(MalformedEventError, match=name):
        read(event_type, **{name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "action"),
        ("type", ["ACTION"]),
        ("eventId", "01890A5D-AC96-774B-BCCE-B302099A8057"),
        ("eventId", "01890a5d-ac96-474b-bcce-b302099a8057"),
        ("eventId", "01890a5d-ac96-774b-ccce-b302099a8057"),
        ("eventId", "01890a5dac96774bbcceb302099a8057"),
        ("eventId", EVENT_ID + "\n"),
        ("rootTraceId", "x" * 15),
        ("rootTraceId", "x" * 513),
        ("rootTraceId", "é" * 257),
        ("rootTraceId", 7),
        ("sessionId", ""),
        ("sessionId", "x" * 513),
        ("occurredAt", "2027-01-15T08:00:00Z"),
        ("occurredAt", "2027-02-29T08:00:00.000Z"),
        ("occurredAt", 1_800_000_000_000),
        ("actor", "writer-1"),
        ("actor", {"id": "writer-1"}),
        ("actor", {"id": "", "role": "agent"}),
        ("actor", {"id": "writer-1", "role": "admin"}),
        ("actor", {"id": "writer-1", "role": "agent", "name": "x"}),
        ("sequence", -1),
        ("sequence", True),
        ("sequence", 0.5),
        ("sequence", "0"),
        ("sequence", 1e21),
        ("previous", HEX.upper()),
        ("previous", HEX[:-1]),
        ("previous", HEX + "0"),
        ("previous", ""),
        ("references", {}),
        ("references", ["parent"]),
        ("references", [{"rel": "parent"}]),
        ("references", [{"rel": "follows", "entry": HEX}]),
        ("references", [{"rel": "parent", "entry": HEX[:-2]}]),
        ("references", [{"rel": "parent", "entry": HEX, "note": ""}]),
        ("paper", {"id": "paper-1"}),
        ("paper", {"id": "paper-1", "hash": HEX, "hashChain": []}),
        ("input", {"alg": "sha256", "digest": HEX}),
        ("output", {"alg": "hmac-sha256", "digest": "00"}),
        ("score", 1.01),
        ("score", -0.01),
        ("score", True),
        ("score", "0.5"),
        ("components", {"route": 0.1, "scope": 0.1}),
        ("fingerprint", "sha256:" + HEX),
        ("euAiActRiskLevel", "none"),
        ("euAiActLogVersion", ""),
        ("data", []),
        ("data", {}),
        ("data", {"kind": "tool", "name": "x", "cost": 3}),
        ("data", {"kind": "tool", "name": "x", "durationMs": -1}),
        ("data", {"kind": "think", "name": "x"}),
        ("comment", "x"),
        ("profile", None),
    ],
    ids=str,
)
def test_a_member_that_is_not_as_the_profile_says(name: str, value: object) -> None:
    payload = encode_json(event_members(ACTION) | {name: value})
    with pytest.raises(MalformedEventError) as caught:
        read_trace_event(payload, ISSUER)
    assert caught.type is MalformedEventError
    if name not in {"comment", "profile"}:
        assert name in caught.value.detail


@pytest.mark.parametrize("name", event_members(ACTION))
def test_null_is_not_the_same_as_absent(name: str) -> None:
    if name in {"input", "output"}:
        return  # Inline JSON may be null.
    with pytest.raises(MalformedEventError, match=name):
        read_trace_event(encode_json(event_members(ACTION) | {name: None}), ISSUER)


@pytest.mark.parametrize(
    ("event_type", "changes"),
    [
        (FORMATION, {"parties": None}),
        (FORMATION, {"parties": []}),
        (FORMATION, {"parties": DATA[FORMATION]["parties"] + DATA[FORMATION]["parties"][:1]}),
        (FORMATION, {"parties": [{"issuer": "x", "role": "guest"}]}),
        (FORMATION, {"parties": [{"issuer": f"x{n}", "role": "buyer"} for n in range(65)]}),
        (FORMATION, {"paper": None}),
        (FORMATION, {"fingerprint": None}),
        (FORMATION, {"visibility": "secret"}),
        (FORMATION, {"escrow": {"amount": 12, "currency": "EUR"}}),
        (FORMATION, {"escrow": {"amount": "012", "currency": "EUR"}}),
        (FORMATION, {"escrow": {"amount": "1.", "currency": "EUR"}}),
        (FORMATION, {"escrow": {"amount": "-1", "currency": "EUR"}}),
        (FORMATION, {"escrow": {"amount": "1\n", "currency": "EUR"}}),
        (FORMATION, {"escrow": {"amount": "1", "currency": "euro"}}),
        (FORMATION, {"escrow": {"amount": "1"}}),
        (OBSERVATION, {"kind": "remark"}),
        (OBSERVATION, {"kind": None}),
        (EventType.RUNTIME_FLAGGED, {"score": None}),
        (EventType.RUNTIME_FLAGGED, {"score": 2}),
        (EventType.RUNTIME_FLAGGED, {"reasons": "unknown"}),
        (EventType.SETTLEMENT, {"finalCounts": None}),
        (EventType.SETTLEMENT, {"finalCounts": {ISSUER: 3}}),
        (EventType.SETTLEMENT, {"finalCounts": [{"issuer": ISSUER, "count": 1}, {"issuer": ISSUER, "count": 2}]}),
        (EventType.SETTLEMENT, {"criteriaMet": 1}),
        (EventType.DISPUTE, {"kind": "lost"}),
        (EventType.DISPUTE, {"kind": "filed"}),
        (EventType.DISPUTE, {"kind": ["filed"]}),
        (EventType.DISPUTE, {"outcome": None}),
        (EventType.DISPUTE, {"outcome": "win"}),
        (EventType.DISPUTE, {"evaluators": []}),
        (EventType.DISPUTE, {"evaluators": [{"id": "x", "weight": 1, "confidence": 1, "p": 1}]}),
        (EventType.DISPUTE, {"evaluators": [{"id": "x", "weight": 1, "confidence": 1, "p": 1, "failed": True}]}),
        (EventType.DISPUTE, {"evaluators": [{"id": "x", "weight": 1, "failed": False}]}),
        (EventType.DISPUTE, {"evaluators": [{"id": "x", "weight": 1, "failed": 1}]}),
        (EventType.DISPUTE, {"evaluators": [{"id": "x", "weight": -1, "failed": True}]}),
        (EventType.DISPUTE, {"evaluators": ["x"]}),
        (EventType.DISPUTE, {"posterior": 1.5}),
        (EventType.RUNTIME_CLEARED, {"grounds": None}),
        (EventType.RUNTIME_CLEARED, {"remedy": "all of it"}),
        *((event_type, {"surprise": 1}) for event_type in EventType),
    ],
    ids=str,
)
def test_data_that_is_not_as_its_type_says(event_type: EventType, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError, match=r"^data: "):
        with_data(event_type, **changes)


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize("relation", Relation)
def test_a_relation_is_its_types_own(event_type: EventType, relation: Relation) -> None:
    allowed = {
        Relation.CLEARS: {EventType.RUNTIME_CLEARED},
        Relation.SCORES: set(SCORING),
        Relation.RESPONDS_TO: {OBSERVATION},
        Relation.EVIDENCE: {EventType.DISPUTE},
        Relation.PARENT: {ACTION},
        Relation.AMENDS: {OBSERVATION},
        Relation.SETTLES: {EventType.SETTLEMENT},
    }[relation]
    data = {"kind": "response"} if relation is Relation.RESPONDS_TO and event_type is OBSERVATION else None
    changes: dict[str, Any] = {"references": refs((relation, HEX))} | ({} if data is None else {"data": data})
    if event_type in allowed:
        assert read(event_type, **changes).referring(relation) == (ENTRY,)
    else:
        with pytest.raises(MalformedEventError, match=r"^references: "):
            read(event_type, **changes)


@pytest.mark.parametrize(
    ("event_type", "references"),
    [
        *((event_type, None) for event_type in (*SCORING, EventType.RUNTIME_CLEARED)),
        *((event_type, []) for event_type in (*SCORING, EventType.RUNTIME_CLEARED)),
        (EventType.RUNTIME_CLEARED, refs(("clears", HEX), ("clears", OTHER_HEX))),
        (ACTION, refs(("parent", HEX), ("parent", HEX))),
        (OBSERVATION, refs(("responds-to", HEX))),
    ],
    ids=str,
)
def test_references_too_few_or_too_many(event_type: EventType, references: list[dict[str, str]] | None) -> None:
    with pytest.raises(MalformedEventError, match=r"^references: "):
        read(event_type, references=references)


def test_a_response_names_its_request() -> None:
    with pytest.raises(MalformedEventError, match="responds-to"):
        read(OBSERVATION, data={"kind": "response", "answer": "yes"})


def test_references_are_bounded() -> None:
    many = [{"rel": "parent", "entry": f"{n:064x}"} for n in range(MAX_REFERENCES + 1)]
    assert len(read(ACTION, references=many[1:]).references) == MAX_REFERENCES
    with pytest.raises(MalformedEventError, match="references: a list of 0 to 256"):
        read(ACTION, references=many)


def test_a_payload_is_bounded_before_it_is_read() -> None:
    with pytest.raises(TooLargeError, match=str(MAX_EVENT_BYTES)):
        read_trace_event(b"[" * (MAX_EVENT_BYTES + 1), ISSUER)
    padded = event_payload(ACTION, output="x" * MAX_EVENT_BYTES)
    with pytest.raises(TooLargeError):
        read_trace_event(padded, ISSUER)
    room = MAX_EVENT_BYTES - len(event_payload(ACTION, output=""))
    assert read(ACTION, output="x" * room).type is ACTION


def test_another_spelling_is_told_what_the_canonical_one_would_be() -> None:
    canonical = event_payload(ACTION)
    with pytest.raises(MalformedEventError) as caught:
        read_trace_event(spaced(ACTION), ISSUER)
    assert hashlib.sha256(canonical).hexdigest() in caught.value.detail
    assert f"{len(canonical)} bytes" in caught.value.detail
    assert "writer-1" not in caught.value.detail


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b'{"a":NaN}', b'{"sequence":9007199254740992}'])
def test_what_is_no_json(payload: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        read_trace_event(payload, ISSUER)


@pytest.mark.parametrize("payload", [b"[]", b"null", b'"ACTION"', b"1", b"{}"])
def test_what_is_no_object_of_this_profile(payload: bytes) -> None:
    with pytest.raises(MalformedEventError):
        read_trace_event(payload, ISSUER)


def test_a_name_twice() -> None:
    with pytest.raises(DuplicateKeyError):
        read_trace_event(b'{"type":"ACTION","type":"ACTION"}', ISSUER)


def test_the_first_session_is_the_root() -> None:
    with pytest.raises(MalformedEventError, match="sessionId"):
        read(FORMATION, sessionId="another-session")
    assert read(ACTION, sessionId="another-session").session_id == "another-session"


def test_two_scores_of_one_event_agree() -> None:
    flagged = EventType.RUNTIME_FLAGGED
    assert read(flagged, score=0.31).score == 0.31
    with pytest.raises(MalformedEventError, match="score"):
        read(flagged, score=0.32)
    with pytest.raises(MalformedEventError, match="components"):
        read(ACTION, score=None)


def test_inline_json_is_taken_as_it_is() -> None:
    for value in ({"alg": "sha256"}, {"alg": "sha256", "digest": HEX, "of": "x"}, [1], "x", False):
        assert read(ACTION, input=value).members["input"] == value


def test_an_event_is_its_statements() -> None:
    data = sign_statement(AGENT, event_payload(ACTION), subject=ROOT, content_type=CONTENT_TYPE)
    event = parse_trace_event(parse_signed_statement(data))
    assert (event.issuer, event.root_trace_id) == (ISSUER, ROOT)


def test_an_event_of_another_subject_is_refused() -> None:
    for subject in (ROOT + "x", ROOT.upper(), None):
        data = sign_statement(AGENT, event_payload(ACTION), subject=subject, content_type=CONTENT_TYPE)
        with pytest.raises(RootTraceMismatchError):
            parse_trace_event(parse_signed_statement(data))


def test_an_event_without_writer_or_payload() -> None:
    nobody = sign_statement(AGENT, event_payload(ACTION), subject=ROOT, issuer=None)
    with pytest.raises(MalformedEventError, match="issuer"):
        parse_trace_event(parse_signed_statement(nobody))
    detached = sign_statement(AGENT, event_payload(ACTION), subject=ROOT, detached=True)
    with pytest.raises(PayloadMissingError):
        parse_trace_event(parse_signed_statement(detached))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1, 1e15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.sampled_from(EventType), st.data())
def test_whatever_stands_in_a_member_only_our_errors_come_out(event_type: EventType, data: st.DataObject) -> None:
    members = event_members(event_type)
    where = members if data.draw(st.booleans()) else members["data"]
    where[data.draw(st.sampled_from([*where, "other"]))] = data.draw(JSON)
    try:
        event = read_trace_event(encode_json(members), ISSUER)
    except CounterfoilError as error:
        assert isinstance(error, (MalformedError, RefusedError))  # noqa: PT017 - either outcome is right
    else:
        assert event.members == members


@given(st.binary(max_size=200))
def test_noise_is_no_event(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        read_trace_event(payload, ISSUER)
