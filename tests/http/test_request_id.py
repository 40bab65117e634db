"""Every answer names its request."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from counterfoil.http.client_address import ClientAddresses
from counterfoil.http.request_id import RequestIds
from tests.builders import sign_statement
from tests.http.live import Live

MADE = re.compile(r"[0-9a-f]{32}")


def made(live: Live, given: str | None = None) -> str:
    headers = {} if given is None else {"X-Request-Id": given}
    found = live.client.get("/livez", headers=headers).headers["X-Request-Id"]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("GET", "/nothing", 404),
        ("GET", "/%0A", 404),
        ("DELETE", "/log", 405),
        ("GET", "/entries/x", 400),
        ("GET", "/entries?limit=x", 400),
        ("POST", "/entries", 415),
    ],
)
def test_every_answer_has_one(live: Live, method: str, path: str, status: int) -> None:
    answers = [live.client.request(method, path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    ids = [answer.headers.get_list("X-Request-Id") for answer in answers]
    assert all(len(found) == 1 and MADE.fullmatch(found[0]) for found in ids)
    assert ids[0] != ids[1]


def test_a_receipt_and_a_refusal_have_one(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    assert live.post(statement, X_Request_Id="mine-1").headers["X-Request-Id"] == "mine-1"
    assert live.post(b"x", X_Request_Id="mine-2").headers["X-Request-Id"] == "mine-2"


@pytest.mark.parametrize("given", ["a", "A-1._z", "x" * 128, "..", "0"])
def test_this_machine_may_name_its_requests(live: Live, given: str) -> None:
    assert made(live, given) == given


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "a b", "a,b", "a;b", "{}", "\u00e9".encode().decode("latin-1"), '"', "a/b", "\x1b[0m"]
)
def test_an_id_that_is_not_plain_is_replaced(live: Live, given: str) -> None:
    response = live.client.get("/livez", headers=[(b"x-request-id", given.encode("latin-1"))])
    if "\x1b" in given:  # No HTTP at all; it never came so far.
        assert response.status_code == 400
        return
    assert MADE.fullmatch(response.headers["X-Request-Id"])


def test_two_ids_are_none(live: Live) -> None:
    response = live.client.get("/livez", headers=[("X-Request-Id", "one"), ("X-Request-Id", "two")])
    assert MADE.fullmatch(response.headers["X-Request-Id"])


@pytest.fixture
def ids() -> Iterator[RequestIds]:
    drawn: list[int] = []

    def source(count: int) -> bytes:
        drawn.append(count)
        return len(drawn).to_bytes(1, "big") + bytes(count - 1)

    yield RequestIds(source, ClientAddresses([ip_network("10.0.0.0/8")]))
    assert len(drawn) <= 1


@pytest.mark.parametrize(
    ("peer", "taken"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.9.9.9", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_only_a_proxy_and_this_machine_are_believed(ids: RequestIds, peer: str, *, taken: bool) -> None:
    name = ids.name({"client": (peer, 1), "headers": [(b"x-request-id", b"mine")]})
    assert (name == "mine") == taken


def test_the_source_is_asked_once_for_many(ids: RequestIds) -> None:
    names = [ids.name({"client": None, "headers": []}) for _ in range(256)]
    assert all(MADE.fullmatch(name) for name in names)
    assert f"01{'0' * 30}" in names
