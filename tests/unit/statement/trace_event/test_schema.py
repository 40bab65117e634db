"""The published schemas: valid, closed, exported as they are, and of one opinion with what reads events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.statement.trace_event.event import WRITERS, EventType, Relation, Role
from counterfoil.statement.trace_event.parse import read_trace_event
from counterfoil.statement.trace_event.schema import trace_event_schema
from tests.builders import ISSUER
from tests.export_schemas import FOLDER, exported
from tests.json_mutations import mutate
from tests.trace_events import EVENT_ID, HEX, OTHER_HEX, ROOT, event_members

NOT_IN_A_SCHEMA = {
    "rootTraceId is the subject of the statement": "parse_trace_event only",
    "the payload is in RFC 8785 form, has no name twice and at most 64 KiB": "a schema sees no bytes",
    "rootTraceId has 16 to 512 bytes": "a schema counts characters: 4 to 512",
    "the day of occurredAt is in its month": "a pattern knows no leap years",
    "sessionId of a FORMATION is its rootTraceId": "a schema compares no members",
    "score of an event is that of its data": "as above",
    "no writer has two final counts, whatever they are": "uniqueItems compares whole items",
}
"""The rules that reading knows and a schema does not; mutations below keep clear of them, and no schema is looser."""

VALIDATORS = {event_type: Draft202012Validator(dict(trace_event_schema(event_type))) for event_type in EventType}
ANY = Draft202012Validator(dict(trace_event_schema()))


def is_read(members: JsonValue) -> bool:
    try:
        read_trace_event(encode_json(members), ISSUER)
    except CounterfoilError:
        return False
    return True


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


@pytest.mark.parametrize("event_type", [*EventType, None], ids=str)
def test_a_schema_is_one_and_closed(event_type: EventType | None) -> None:
    schema = trace_event_schema(event_type)
    Draft202012Validator.check_schema(dict(schema))
    found = list(objects(schema))
    assert len(found) >= 3
    assert all(one["additionalProperties"] is False for one in found)


@pytest.mark.parametrize("event_type", [*EventType, None], ids=str)
def test_the_exported_schema_is_the_codes(event_type: EventType | None) -> None:
    name = "trace-event" if event_type is None else event_type.value
    assert (FOLDER / f"{name}.schema.json").read_text() == exported(event_type), "run make schemas"


def test_no_other_schema_is_exported() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{name}.schema.json" for name in ("trace-event", *(one.value for one in EventType))
    }


@pytest.mark.parametrize("event_type", EventType)
def test_a_whole_event_is_valid_by_its_own_schema_only(event_type: EventType) -> None:
    members = event_members(event_type)
    assert ANY.is_valid(members)
    assert [one for one, validator in VALIDATORS.items() if validator.is_valid(members)] == [event_type]


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize("role", Role)
def test_the_schema_knows_who_writes(event_type: EventType, role: Role) -> None:
    members = event_members(event_type, actor={"id": "x", "role": role.value})
    assert VALIDATORS[event_type].is_valid(members) == (role in WRITERS[event_type]) == is_read(members)


HASHES = st.sampled_from([HEX, OTHER_HEX, HEX.upper(), HEX[2:], "", 5])
PARTY = st.fixed_dictionaries({"issuer": st.sampled_from(["x", ""]), "role": st.sampled_from(["agent", "boss"])})
VALUES: st.SearchStrategy[Any] = st.one_of(
    HASHES,
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([0.5, -0.5, 1.5, 2**53 - 1, 1e21, 1_000_001]),
    st.sampled_from(["", "x", ROOT, EVENT_ID, EVENT_ID.upper(), "x" * 255, "x" * 256, "x" * 513, "é" * 20]),
    st.sampled_from(["12.50", "01", "1.", "EUR", "eur", "hmac-sha256", "refund", "high", "operator", "2027-01-15"]),
    st.sampled_from(["2027-01-15T08:00:00.000Z", "2027-01-15T08:00:00Z", "1969-12-31T23:59:59.999Z"]),
    st.sampled_from(["request", "response", "amendment", "filed", "posterior", "tool", *EventType, *Role, *Relation]),
    st.just({}),
    st.just([]),
    st.fixed_dictionaries({"alg": st.sampled_from(["hmac-sha256", "sha256"]), "digest": HASHES}),
    st.lists(PARTY, max_size=1),
    st.lists(st.fixed_dictionaries({"rel": st.sampled_from(Relation), "entry": HASHES}), max_size=3),
)
NAMES = [
    "x",
    "parties",
    "score",
    "components",
    "references",
    "visibility",
    "question",
    "p",
    "input",
    "remedy",
    "amount",
]


def beyond_a_schema(members: dict[str, Any]) -> bool:
    """Whether one of the rules in ``NOT_IN_A_SCHEMA`` may be what refuses these members."""
    data = members.get("data")
    data = data if isinstance(data, dict) else {}
    root, session = members.get("rootTraceId"), members.get("sessionId")
    counts = data.get("finalCounts")
    writers = (
        [json.dumps(one.get("issuer")) for one in counts if isinstance(one, dict)] if isinstance(counts, list) else []
    )
    return (
        (isinstance(root, str) and not 16 <= len(root.encode()) <= 512)
        or (members.get("type") == "FORMATION" and root != session)
        or (members.get("score", data.get("score")) != data.get("score", members.get("score")))
        or len(set(writers)) != len(writers)
    )


@given(st.sampled_from(EventType), st.integers(1, 3), st.data())
def test_reading_and_schema_agree(event_type: EventType, times: int, data: st.DataObject) -> None:
    members = event_members(event_type)
    for _ in range(times):
        if members:
            mutate(members, data, NAMES, VALUES)
    members = json.loads(encode_json(members))  # As it is read: 1.0 is 1 then.
    valid, read = ANY.is_valid(members), is_read(members)
    named = members.get("type")
    if isinstance(named, str) and named in EventType.__members__:
        assert VALIDATORS[EventType[named]].is_valid(members) == valid
    if beyond_a_schema(members):
        assert valid or not read
    else:
        assert valid == read


@pytest.mark.parametrize(
    "members",
    [
        event_members(EventType.ACTION, rootTraceId="x" * 15),
        event_members(EventType.ACTION, occurredAt="2027-02-29T08:00:00.000Z"),
        event_members(EventType.FORMATION, sessionId="another"),
        event_members(EventType.RUNTIME_FLAGGED, score=0.9),
    ],
    ids=["bytes", "calendar", "session", "score"],
)
def test_what_no_schema_says_reading_does(members: dict[str, Any]) -> None:
    assert ANY.is_valid(members)
    assert not is_read(members)
