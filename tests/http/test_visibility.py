"""Who may read what is not public."""

import logging
from collections.abc import Iterator
from ipaddress import ip_network

import httpx
import pytest

from counterfoil.http.visibility import is_loopback
from counterfoil.settings import Settings
from counterfoil.statement.links import chain_id
from counterfoil.storage.memory import MemoryStore
from tests.builders import CONTENT_TYPE, sign_statement
from tests.http.live import ADMIN, OPERATOR_TYPE, PUBLIC_TYPE, Live, new_world, problem_in, running

OPEN = Settings(page_seconds=3600)
GUARDED = Settings(page_seconds=3600, admin_token=ADMIN)
PROXIED = Settings(page_seconds=3600, trusted_proxies=(ip_network("127.0.0.1"),))


@pytest.fixture(scope="module")
def opened() -> Iterator[Live]:
    with running(new_world(MemoryStore()), OPEN) as live:
        yield live


@pytest.fixture(scope="module")
def guarded() -> Iterator[Live]:
    with running(new_world(MemoryStore()), GUARDED) as live:
        yield live


@pytest.fixture(scope="module")
def proxied() -> Iterator[Live]:
    with running(new_world(MemoryStore()), PROXIED) as live:
        yield live


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_closed(response: httpx.Response) -> None:
    problem = problem_in(response)
    assert (problem.status, problem.code) == (401, "credential-required")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def readable(live: Live, path: str, headers: dict[str, str] | None = None) -> set[int]:
    return {live.client.get(path + part, headers=headers).status_code for part in ("/statement", "/decision")}


@pytest.mark.parametrize("content_type", [CONTENT_TYPE, OPERATOR_TYPE])
def test_with_a_token_configured_only_its_bearer_reads(guarded: Live, content_type: str) -> None:
    path = guarded.register(sign_statement(guarded.world.agent, content_type=content_type))
    assert readable(guarded, path) == {401}
    assert readable(guarded, path, bearer(ADMIN)) == {200}
    assert readable(guarded, path, {"Authorization": f"bEARER {ADMIN}"}) == {200}
    assert (
        guarded.client.get(path + "/statement", headers=bearer(ADMIN)).headers["Cache-Control"] == "private, no-store"
    )


@pytest.mark.parametrize(
    "credential",
    ["", "Bearer", f"Bearer {ADMIN[:-1]}", f"Bearer {ADMIN}x", f"Basic {ADMIN}", ADMIN, "Bearer \xe9\xff"],
)
def test_no_other_credential_reads(guarded: Live, credential: str) -> None:
    path = guarded.register(sign_statement(guarded.world.agent))
    headers = [(b"Authorization", credential.encode("latin-1"))]
    assert_closed(guarded.client.get(path + "/statement", headers=headers))
    assert ADMIN.encode() not in guarded.client.get(path + "/statement", headers=headers).content


def test_two_credentials_are_none(guarded: Live) -> None:
    path = guarded.register(sign_statement(guarded.world.agent))
    both = [("Authorization", f"Bearer {ADMIN}"), ("Authorization", f"Bearer {ADMIN}")]
    assert_closed(guarded.client.get(path + "/statement", headers=both))


def test_public_things_are_public(guarded: Live) -> None:
    path = guarded.register(sign_statement(guarded.world.agent, content_type=PUBLIC_TYPE, subject="a public chain"))
    assert readable(guarded, path) == {200}
    assert guarded.client.get("/chains", params={"rootTraceId": "a public chain"}).status_code == 200
    hidden = guarded.register(sign_statement(guarded.world.agent))
    for public in (hidden, f"{hidden}?fresh=true", "/entries", "/log", "/checkpoint", "/consistency?from=1"):
        assert guarded.client.get(public).status_code == 200
    assert guarded.client.get("/tile/0/000.p/3").status_code == 200
    issuer = guarded.world.identity.issuer
    assert guarded.client.get("/chains", params={"rootTraceId": f"{issuer}#policy"}).status_code == 200


def test_a_chain_is_as_narrow_as_its_narrowest_entry(guarded: Live) -> None:
    guarded.register(sign_statement(guarded.world.agent, content_type=PUBLIC_TYPE, subject="narrowed"))
    params = {"rootTraceId": "narrowed"}
    assert guarded.client.get("/chains", params=params).status_code == 200
    guarded.register(sign_statement(guarded.world.agent, content_type=CONTENT_TYPE, subject="narrowed"))
    guarded.register(sign_statement(guarded.world.agent, content_type=PUBLIC_TYPE, subject="narrowed"))
    assert_closed(guarded.client.get("/chains", params=params))
    assert guarded.client.get("/chains", params=params, headers=bearer(ADMIN)).json()["length"] == 3


def test_a_hidden_chain_and_an_absent_one_look_the_same(guarded: Live) -> None:
    guarded.register(sign_statement(guarded.world.agent, subject="hidden"))
    hidden, absent = (guarded.client.get("/chains", params={"rootTraceId": name}) for name in ("hidden", "absent"))
    assert_closed(hidden)
    volatile = {"date", "x-request-id"}
    assert hidden.content == absent.content
    assert [item for item in hidden.headers.items() if item[0] not in volatile] == [
        item for item in absent.headers.items() if item[0] not in volatile
    ]
    by_id = [guarded.client.get(f"/chains/{chain_id(name).hex()}") for name in ("hidden", "absent")]
    assert {response.content for response in by_id} == {hidden.content}
    as_admin = guarded.client.get("/chains", params={"rootTraceId": "absent"}, headers=bearer(ADMIN))
    assert problem_in(as_admin).code == "chain-not-found"


def test_logs_hold_no_credential_no_trace_and_no_payload(guarded: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = guarded.register(sign_statement(guarded.world.agent, b"in-the-payload", subject="in-the-trace"))
    assert readable(guarded, path, bearer(ADMIN)) == {200}
    assert_closed(guarded.client.get("/chains", params={"rootTraceId": "in-the-trace"}))
    guarded.client.get("/chains", params={"rootTraceId": "in-the-trace"}, headers=bearer(ADMIN))
    guarded.post(b"in-the-payload")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("http", "asyncio"))]
    assert not [text for text in ours if "in-the-" in text or ADMIN in text]


def test_without_a_token_this_machine_reads(opened: Live) -> None:
    path = opened.register(sign_statement(opened.world.agent, subject="open"))
    assert readable(opened, path) == {200}
    assert opened.client.get("/chains", params={"rootTraceId": "open"}).json()["length"] == 1


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Anything", "X-Real-IP", "Via", "VIA"],
)
def test_any_trace_of_a_proxy_closes_it(opened: Live, header: str) -> None:
    path = opened.register(sign_statement(opened.world.agent))
    assert_closed(opened.client.get(path + "/statement", headers={header: ""}))
    assert_closed(opened.client.get(path + "/statement", headers={header: "127.0.0.1"}))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1].evil",
        "",
        "0.0.0.0",  # noqa: S104 - the name of a host, bound by nobody
    ],
)
def test_a_name_that_was_rebound_to_this_machine_closes_it(opened: Live, host: str) -> None:
    path = opened.register(sign_statement(opened.world.agent, content_type=CONTENT_TYPE))
    assert_closed(opened.client.get(path + "/statement", headers={"Host": host}))
    assert opened.client.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8440", "[::1]", "[::1]:8440"])
def test_every_name_of_this_machine_reads(opened: Live, host: str) -> None:
    path = opened.register(sign_statement(opened.world.agent))
    assert opened.client.get(path + "/statement", headers={"Host": host}).status_code == 200


def test_with_a_trusted_proxy_nothing_is_open(proxied: Live) -> None:
    path = proxied.register(sign_statement(proxied.world.agent, subject="behind"))
    assert readable(proxied, path) == {401}
    assert_closed(proxied.client.get("/chains", params={"rootTraceId": "behind"}))
    assert proxied.client.get(path).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example", "", "127.0.0.1.example", "::ffff:10.0.0.1"],  # noqa: S104 - as above
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
