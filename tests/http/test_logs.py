"""What the operator's log says of requests, and what it never says."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from counterfoil.errors import LogCorruptError, StoreUnavailableError
from counterfoil.observability.logs import logging_to
from counterfoil.storage.memory import MemoryStore
from tests.builders import sign_statement
from tests.http.live import ADMIN, COSE, QUIET, Live, exchange, new_world, problem_in, running
from tests.http.test_failures import FailingStore

PAYLOAD = b'{"marked":"payload-zq-mark-vx"}'
SUBJECT = "subject-zq-mark-vx"
ISSUER = "https://issuer-zq-mark-vx.example"
MARK = "zq-mark-vx"


@contextmanager
def logged(store: MemoryStore, *, as_json: bool = True, access: bool = True) -> Iterator[tuple[Live, io.StringIO]]:
    stream = io.StringIO()
    settings = replace(QUIET, access_log=access, admin_token=ADMIN)
    with logging_to(stream, as_json=as_json), running(new_world(store), settings) as live:
        stream.seek(0)
        stream.truncate()
        yield live, stream


def request_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["message"] == "request"]


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_of_a_statement_is_in_the_log(*, as_json: bool) -> None:
    store = FailingStore()
    with logged(store, as_json=as_json) as (live, stream):
        statement = sign_statement(live.world.agent, PAYLOAD, subject=SUBJECT)
        strange = sign_statement(live.world.agent, PAYLOAD, subject=SUBJECT, issuer=ISSUER)
        operator = {"Authorization": f"Bearer {ADMIN}"}
        location = live.register(statement)
        assert problem_in(live.post(strange)).code == "issuer-unknown"
        assert live.post(statement[:-1]).status_code == 400
        assert live.client.get("/chains", params={"rootTraceId": SUBJECT}, headers=operator).status_code == 200
        assert live.client.get("/chains", params={"rootTraceId": SUBJECT, "limit": MARK}).status_code == 400
        assert live.client.get(location + "/statement", headers=operator).status_code == 200
        live.client.get(f"/{MARK}")
        live.client.request("BREW" + MARK, "/log")
        live.client.get("/livez", headers={"Authorization": f"Bearer {MARK}", "X-Request-Id": "a b" + MARK})
        exchange(live.address, f"GET /{MARK} HTTP/9.9\r\n{MARK}\r\n\r\n".encode())
        store.on_append = StoreUnavailableError("gone")
        assert live.post(sign_statement(live.world.agent, PAYLOAD + b" ", subject=SUBJECT)).status_code == 503
        store.on_append = ValueError(f"{PAYLOAD!r} of {SUBJECT} by {ISSUER}")
        assert live.post(sign_statement(live.world.agent, PAYLOAD + b"\n", subject=SUBJECT)).status_code == 500
        store.on_entry = KeyError(SUBJECT)
        assert live.client.get(location).status_code == 500
    text = stream.getvalue()
    assert text.count("/entries") >= 5
    assert "KeyError" in text
    for secret in (MARK, ADMIN, statement.hex(), PAYLOAD.hex(), repr(statement)[2:60]):
        assert secret not in text


def test_a_line_says_what_happened_to_a_request() -> None:
    with logged(MemoryStore()) as (live, stream):
        live.post(b"\x01", X_Request_Id="mine")
        live.client.head("/tile/0/x000")
        live.client.get("/nothing/of/the/kind")
    lines = request_lines(stream)
    told = [[line[name] for name in ("method", "route", "status", "code", "level")] for line in lines]
    assert told == [
        ["POST", "/entries", 400, "not-cose-sign1", "info"],
        ["HEAD", "/tile/{level}/{tile:path}", told[1][2], told[1][3], "info"],
        ["GET", "none", 404, "route-not-found", "info"],
    ]
    assert lines[0]["request_id"] == "mine"
    assert all(line["duration_ms"] >= 0 for line in lines)
    assert len({line["request_id"] for line in lines}) == 3


def test_only_failures_of_the_service_leave_a_line_unless_all_are_asked_for() -> None:
    store = FailingStore()
    with logged(store, access=False) as (live, stream):
        live.register(sign_statement(live.world.agent))
        live.post(b"\x01")
        live.client.get("/nothing")
        assert request_lines(stream) == []
        store.on_append = StoreUnavailableError("gone")
        response = live.post(sign_statement(live.world.agent))
        (line,) = request_lines(stream)
    assert (line["status"], line["code"], line["level"]) == (503, "store-unavailable", "error")
    assert line["request_id"] == response.headers["X-Request-Id"]


def test_every_line_of_a_failed_request_bears_its_id() -> None:
    store = FailingStore()
    with logged(store, access=False) as (live, stream):
        store.on_entry = KeyError("x")
        response = live.client.get(f"/entries/{'0' * 64}")
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert response.status_code == 500
    assert len(lines) == 2
    assert {line["request_id"] for line in lines} == {response.headers["X-Request-Id"]}


def test_no_line_of_a_commit_is_laid_at_the_door_of_one_request() -> None:
    store = FailingStore()
    with logged(store, access=False) as (live, stream):
        store.on_append = LogCorruptError("this and that disagree")
        live.client.post("/entries", content=sign_statement(live.world.agent), headers={"Content-Type": COSE})
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (critical,) = (line for line in lines if line["level"] == "critical")
    assert "request_id" not in critical


def test_the_line_about_one_statement_of_a_bulk_has_the_id_of_the_answer() -> None:
    store = FailingStore()
    with logged(store, access=False) as (live, stream):
        store.on_append = StoreUnavailableError("gone")
        response = live.post(sign_statement(live.world.agent), "application/cbor-seq")
        assert response.status_code == 200
        (line,) = (json.loads(line) for line in stream.getvalue().splitlines())
        assert line["message"] == "store-unavailable: gone"
        assert line["request_id"] == response.headers["X-Request-Id"]
