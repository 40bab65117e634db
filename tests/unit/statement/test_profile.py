"""Profiles: which one reads what, those that are brought along, and the one in the documentation."""

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import ActorRoleError, MalformedError, MisconfiguredError, RootTraceMismatchError
from counterfoil.http.profiles import PROFILES_GROUP, load_profiles
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.profile import Profile, ProfiledEvent, ProfileUnusableError, register_profiles
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.parse import parse_trace_event
from counterfoil.statement.trace_event.profile import TRACE_EVENTS, TraceEventProfile
from tests.builders import sign_statement
from tests.trace_events import CONTENT_TYPE, EVENT_ID, HEX, OTHER_HEX, ROOT, event_payload

AGENT = generate_private_key("ES256")
PAGE = Path(__file__).parents[3] / "docs" / "profiles.md"
HANDOVER = "application/vnd.example.handover+json"


def statement(payload: bytes, content_type: str | int | None = CONTENT_TYPE, **changes: Any) -> SignedStatement:
    return parse_signed_statement(sign_statement(AGENT, payload, subject=ROOT, content_type=content_type, **changes))


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    """The example of the documentation, importable as its entry point says."""
    source, toml = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("example_handover")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, PAGE.name, "exec"), module.__dict__)  # noqa: S102 - it is our own page
    found = re.fullmatch(r'\[project.entry-points."(.*)"\]\n(\w+) = "(.*)"\n', toml)
    assert found is not None
    return EntryPoint(found[2], found[3], found[1])


def test_a_trace_event_by_its_profile() -> None:
    action = statement(event_payload(EventType.RUNTIME_FLAGGED))
    entry, other = bytes.fromhex(HEX), bytes.fromhex(OTHER_HEX)
    read = load_profiles([]).read(action)
    assert read is not None
    assert (read.type, read.event_id, read.session_id, read.sequence) == ("RUNTIME_FLAGGED", EVENT_ID, ROOT, 0)
    assert (read.occurred_at, read.previous) == (1_800_000_000_125, entry)
    assert read.references == (("scores", entry), ("scores", other))
    assert read.event == parse_trace_event(action)


@pytest.mark.parametrize("content_type", ["application/json", CONTENT_TYPE.upper(), CONTENT_TYPE + "; v=1", 50, None])
def test_what_no_profile_reads_is_not_read(content_type: str | int | None) -> None:
    assert load_profiles([]).read(statement(b"{}", content_type)) is None


def test_what_a_profile_does_not_take_is_an_error() -> None:
    profiles = load_profiles([])
    with pytest.raises(MalformedError):
        profiles.read(statement(b"{}"))
    with pytest.raises(ActorRoleError):
        profiles.read(statement(event_payload(EventType.ACTION, actor={"id": "x", "role": "buyer"})))
    with pytest.raises(RootTraceMismatchError):
        profiles.read(statement(event_payload(EventType.ACTION, rootTraceId=ROOT + "x")))


def test_two_profiles_of_one_content_type() -> None:
    another = TraceEventProfile("another")
    with pytest.raises(ProfileUnusableError, match="trace-event and another") as caught:
        register_profiles([TRACE_EVENTS, another])
    assert isinstance(caught.value, MisconfiguredError)
    apart = TraceEventProfile("apart", frozenset({"a/b", "a/c"}))
    assert set(register_profiles([TRACE_EVENTS, apart]).by_content_type) == {CONTENT_TYPE, "a/b", "a/c"}


def test_a_registry_does_not_change() -> None:
    registry: Any = load_profiles([]).by_content_type
    with pytest.raises(TypeError):
        registry["a/b"] = TRACE_EVENTS


def test_the_documented_profile_is_loaded_and_reads(example: EntryPoint) -> None:
    assert example.group == PROFILES_GROUP
    profiles = load_profiles([example])
    assert isinstance(profiles.by_content_type[HANDOVER], Profile)
    payload = encode_json({"after": HEX, "task": "t-1", "to": "agent-2"})
    read = profiles.read(statement(payload, HANDOVER))
    assert isinstance(read, ProfiledEvent)
    assert (read.type, read.references) == ("HANDOVER", (("after", bytes.fromhex(HEX)),))
    assert profiles.read(statement(event_payload(EventType.ACTION))) is not None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"after": HEX, "task": "t-1"},
        {"after": HEX, "task": "t-1", "to": 2},
        {"after": HEX, "task": "t-1", "to": "x", "more": 1},
        {"after": "z" * 64, "task": "t-1", "to": "x"},
        {"after": HEX, "task": "t" * 5000, "to": "x"},
    ],
    ids=range(6),
)
def test_the_documented_profile_raises_what_it_may(example: EntryPoint, members: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        load_profiles([example]).read(statement(encode_json(members), HANDOVER))


def test_a_profile_twice(example: EntryPoint) -> None:
    with pytest.raises(ProfileUnusableError, match="two profiles read"):
        load_profiles([example, EntryPoint("again", example.value, PROFILES_GROUP)])


@pytest.mark.parametrize(
    "value",
    [
        "no_such_module:X",
        "example_handover:NO_SUCH",
        "example_handover:HandoverProfile",
        "example_handover:HANDOVERS.name",
    ],
)
def test_what_is_named_as_a_profile_and_is_none(example: EntryPoint, value: str) -> None:
    with pytest.raises(ProfileUnusableError):
        load_profiles([EntryPoint("broken", value, PROFILES_GROUP)])


def test_what_is_installed_here_loads() -> None:
    assert CONTENT_TYPE in load_profiles().by_content_type
