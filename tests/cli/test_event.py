"""Trace events from the command line."""

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli.event_arguments import fresh_event_id
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose.keys import parse_public_key_pem
from counterfoil.statement.signed_statement import parse_signed_statement, verify_statement
from counterfoil.statement.trace_event.event import WRITERS, EventType, Role, TraceEvent
from counterfoil.statement.trace_event.parse import parse_trace_event
from counterfoil.statement.trace_event.schema import trace_event_schema
from counterfoil.statement.trace_event.words import EVENT_ID as EVENT_ID_SHAPE
from tests.cli.commands import AGENT, Outcome, Shell, served_here
from tests.trace_events import CONTENT_TYPE, DATA, EVENT_ID, HEX, OTHER_HEX, ROOT

ACTION_DATA = json.dumps(DATA[EventType.ACTION])


def arguments(agent: Path, event_type: str = "ACTION", **changes: object) -> list[object]:
    options: dict[str, object] = {
        "--key": agent,
        "--issuer": AGENT,
        "--root-trace-id": ROOT,
        "--actor-id": "writer-1",
        "--sequence": 0,
        "--data": ACTION_DATA,
        "--out": agent.with_name("event.cose"),
    }
    options |= {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    named = [part for name, value in options.items() if value is not None for part in (name, value)]
    return ["event", "new", event_type, *named]


def written(agent: Path) -> TraceEvent:
    statement = parse_signed_statement(agent.with_name("event.cose").read_bytes())
    assert statement.content_type == CONTENT_TYPE
    verify_statement(statement, parse_public_key_pem(agent.with_name("agent.pem.pub").read_bytes()))
    return parse_trace_event(statement)


def test_an_event_with_its_defaults(agent: Path, shell: Shell) -> None:
    before = time.time_ns() // 1_000_000
    said = shell.ok(*arguments(agent))
    event = written(agent)
    assert before <= event.occurred_at <= time.time_ns() // 1_000_000
    assert (event.type, event.issuer, event.session_id) == (EventType.ACTION, AGENT, ROOT)
    assert (event.actor.role, event.sequence, event.previous, event.references) == (Role.AGENT, 0, None, ())
    EVENT_ID_SHAPE.check(event.event_id)
    assert int(event.event_id.replace("-", "")[:12], 16) == event.occurred_at
    assert (said["eventId"], said["type"]) == (event.event_id, "ACTION")
    assert said["occurredAt"] == event.members["occurredAt"]
    data = agent.with_name("event.cose").read_bytes()
    assert said["entryId"] == parse_signed_statement(data).hash.hex()


def test_an_event_with_every_option(agent: Path, shell: Shell, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text('{ "score": 0.31 }')
    given = arguments(
        agent, "RUNTIME_FLAGGED", root_trace_id=None, subject=ROOT, session="s-2", role="runtime", sequence=7,
        data=data, previous=HEX, event_id=EVENT_ID, occurred_at="2027-01-15T08:00:00.125Z", kid="k-1",
        more='{"euAiActRiskLevel":"high"}',
    )  # fmt: skip
    shell.ok(*given, "--ref", f"scores={HEX}", "--ref", f"scores={OTHER_HEX}")
    event = written(agent)
    assert event.members == {
        "type": "RUNTIME_FLAGGED",
        "eventId": EVENT_ID,
        "rootTraceId": ROOT,
        "sessionId": "s-2",
        "occurredAt": "2027-01-15T08:00:00.125Z",
        "actor": {"id": "writer-1", "role": "runtime"},
        "sequence": 7,
        "previous": HEX,
        "references": [{"rel": "scores", "entry": HEX}, {"rel": "scores", "entry": OTHER_HEX}],
        "euAiActRiskLevel": "high",
        "data": {"score": 0.31},
    }
    assert parse_signed_statement(agent.with_name("event.cose").read_bytes()).kid == b"k-1"


def test_data_comes_from_standard_input(agent: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ACTION_DATA.encode())))
    shell.ok(*arguments(agent, data="-"))
    assert written(agent).members["data"] == DATA[EventType.ACTION]


@pytest.mark.parametrize("event_type", [one for one in EventType if len(WRITERS[one]) > 1])
def test_a_type_of_several_roles_wants_one(event_type: EventType, agent: Path, shell: Shell) -> None:
    refused = shell(*arguments(agent, event_type.value, data=json.dumps(DATA[event_type])), "--json")
    assert refused.error["code"] == "malformed-parameter"
    for role in WRITERS[event_type]:
        assert role in refused.error["detail"]
        shell.ok(*arguments(agent, event_type.value, data=json.dumps(DATA[event_type]), role=role))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "boss"}, "malformed-parameter"),
        ({"role": "buyer"}, "actor-role"),
        ({"root_trace_id": "short"}, "malformed-event"),
        ({"root_trace_id": ROOT + "\n"}, "malformed-claims"),
        ({"sequence": -1}, "malformed-event"),
        ({"data": "{"}, "malformed-json"),
        ({"data": "{}"}, "malformed-event"),
        ({"data": '{"kind":"tool","kind":"api"}'}, "duplicate-key"),
        ({"data": "no-such-file"}, "file-unreadable"),
        ({"more": '{"surprise":1}'}, "malformed-event"),
        ({"more": '{"sequence":1}'}, "malformed-event"),
        ({"previous": HEX.upper()}, "malformed-parameter"),
        ({"previous": f" {HEX}"}, "malformed-parameter"),
        ({"previous": "head"}, "malformed-parameter"),
        ({"ref": HEX}, "malformed-parameter"),
        ({"ref": f"follows={HEX}"}, "malformed-parameter"),
        ({"ref": "parent="}, "malformed-parameter"),
        ({"ref": f"scores={HEX}"}, "malformed-event"),
        ({"event_id": "1"}, "malformed-event"),
        ({"occurred_at": "yesterday"}, "malformed-event"),
        ({"kid": "hex:x"}, "malformed-parameter"),
        ({"key": "no-such-key"}, "signer-unavailable"),
    ],
    ids=str,
)
def test_what_is_no_event_is_not_written(changes: dict[str, Any], code: str, agent: Path, shell: Shell) -> None:
    refused = shell(*arguments(agent, **changes), "--json")
    assert refused.error["code"] == code
    assert refused.out == ""
    assert not agent.with_name("event.cose").exists()


def test_data_in_a_file_is_an_object(agent: Path, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    assert shell(*arguments(agent, data=tmp_path / "list.json"), "--json").error["code"] == "malformed-parameter"


def test_a_receipt_needs_a_service(agent: Path, shell: Shell) -> None:
    assert shell(*arguments(agent, receipt="r")).code == ExitCode.USAGE


def admit_events(data: Path, agent: Path, shell: Shell, *roles: str) -> None:
    named = [part for role in roles for part in ("--role", role)]
    shell.ok("issuer", "add", "--data", data, "--name", AGENT, "--key", f"{agent}.pub", *named)


def submit(shell: Shell, agent: Path, url: str, **changes: Any) -> Outcome:
    return shell(*arguments(agent, server=url, **changes), "--json")


def test_an_event_is_registered_at_once(data: Path, agent: Path, shell: Shell, tmp_path: Path) -> None:
    admit_events(data, agent, shell, "agent", "platform")
    receipt, out = tmp_path / "r", agent.with_name("event.cose")
    formation = {
        "event_type": "FORMATION",
        "data": json.dumps({**DATA[EventType.FORMATION], "parties": [{"issuer": AGENT, "role": "agent"}]}),
        "out": tmp_path / "formation.cose",
    }
    with served_here(data) as url:
        early = submit(shell, agent, url, receipt=receipt)
        assert (early.code, early.error["code"]) == (ExitCode.CONFLICT, "no-formation")
        assert submit(shell, agent, url, **formation).json["type"] == "FORMATION"
        said = submit(shell, agent, url, receipt=receipt).json
        assert (said["receipt"], said["type"]) == (str(receipt), "ACTION")
        again = shell.ok("submit", "--url", url, out)
        assert again["entryId"] == said["entryId"]
        shell.ok("keys", "--url", url, "--out", tmp_path / "keys.cbor")
    assert shell("verify", out, "--receipt", receipt, "--keys", tmp_path / "keys.cbor").code == ExitCode.OK


def test_an_event_in_a_role_that_is_not_the_issuers_is_kept_and_refused(data: Path, agent: Path, shell: Shell) -> None:
    admit_events(data, agent, shell, "runtime")
    with served_here(data) as url:
        refused = submit(shell, agent, url)
    assert (refused.code, refused.error["code"]) == (ExitCode.REFUSED, "actor-role")
    assert written(agent).actor.role is Role.AGENT


@pytest.mark.parametrize("event_type", [*EventType, None], ids=str)
def test_a_schema_is_printed(event_type: EventType | None, shell: Shell) -> None:
    named = () if event_type is None else (event_type.value,)
    assert shell.ok("event", "schema", *named) == trace_event_schema(event_type)
    assert json.loads(shell("event", "schema", *named).out) == trace_event_schema(event_type)


def test_event_ids_are_of_their_time_and_never_the_same() -> None:
    ids = {fresh_event_id(milliseconds) for milliseconds in (0, 0, 1_800_000_000_125, 2**48 - 1)}
    assert len(ids) == 4
    for one in ids:
        EVENT_ID_SHAPE.check(one)
