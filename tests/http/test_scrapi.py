"""What SCRAPI asks for and no other test holds: one place for a statement, one form for a failure, kids in a path."""

import re

import pytest

from counterfoil.encoding.base64url import encode_base64url
from counterfoil.http import problems
from counterfoil.http.problems import Problem
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import sign_statement
from tests.http.live import PROBLEM, Live, problem_in

JSON = "application/problem+json"
UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]+")
COME_BACK = {429, 503}


def test_a_statement_has_one_location_however_it_was_asked_for(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    location = f"/entries/{parse_signed_statement(statement).hash.hex()}"
    posted = [live.post(statement), live.post(statement), live.post(statement, "application/scitt-statement+cose")]
    waited = live.client.post(
        "/entries?waitForCommit=true", content=statement, headers={"Content-Type": "application/cose"}
    )
    redirected = live.client.post(
        "/entries?api-version=2026-03-26",
        content=statement,
        headers={"Content-Type": "application/cose"},
        follow_redirects=True,
    )
    read = [live.client.get(location), live.client.get(location, params={"fresh": "true"})]
    assert {answer.headers["Location"] for answer in (*posted, waited, redirected, *read)} == {location}
    assert {answer.status_code for answer in (*posted, waited)} == {201}
    assert {answer.status_code for answer in (redirected, *read)} == {200}


# A failure of the framework, of the route, of the log and of the protocol below each.
FAILURES: list[tuple[str, str, dict[str, str], int]] = [
    ("GET", "/nothing", {}, 404),
    ("DELETE", "/entries", {}, 405),
    ("OPTIONS", "/log", {}, 405),
    ("GET", "/entries?limit=x", {}, 400),
    ("GET", "/entries/x", {}, 400),
    ("GET", f"/entries/{'0' * 64}", {}, 404),
    ("GET", "/.well-known/scitt-keys/x", {}, 404),
    ("GET", f"/chains/{'0' * 64}", {"Forwarded": "for=192.0.2.1"}, 401),
    ("POST", "/entries", {}, 415),
    ("POST", "/entries", {"Content-Type": "application/cose"}, 400),
    ("GET", "/log?" + "x" * 9000, {}, 414),
    ("GET", "/log", {"X": "x" * 40_000}, 431),
    ("BREW", "/log", {}, 400),
]

UNREAD = {("GET", 414), ("GET", 431), ("BREW", 400)}


@pytest.mark.parametrize(("method", "path", "headers", "status"), FAILURES)
@pytest.mark.parametrize("accept", [None, "application/cose", "text/html", "application/json"])
def test_every_failure_is_a_problem_in_the_form_that_was_asked_for(
    live: Live, method: str, path: str, headers: dict[str, str], status: int, accept: str | None
) -> None:
    wishes = {} if accept is None else {"Accept": accept}
    response = live.client.request(method, path, headers=headers | wishes)
    assert response.status_code == status
    # What is refused before its Accept field is read gets the form that SCRAPI asks for.
    if accept == "application/json" and (method, status) not in UNREAD:
        assert response.headers["Content-Type"] == JSON
        assert {"title", "detail", "status", "code", "type"} == set(response.json())
        return
    assert response.headers["Content-Type"] == PROBLEM
    assert problem_in(response).title


def test_who_is_to_come_back_is_told_when() -> None:
    ours = {name: value for name, value in vars(problems).items() if isinstance(value, Problem)}
    told = {name for name, problem in ours.items() if "Retry-After" in dict(problem.headers)}
    assert {name for name, problem in ours.items() if problem.status in COME_BACK} <= told
    assert {"TOO_MANY_REQUESTS", "TOO_MANY_CONNECTIONS", "STOPPING"} <= told
    for name in told:
        assert int(dict(ours[name].headers)["Retry-After"]) >= 1


def test_a_kid_of_this_log_has_one_form_in_a_path(live: Live) -> None:
    """As it stands a kid may be in a path where that is safe; a thumbprint is never safe, so no two forms can meet."""
    kid = live.world.signers[KeyPurpose.RECEIPT].public_key.thumbprint
    assert UNRESERVED.fullmatch(kid) is None
    assert len(encode_base64url(kid)) != len(kid)
    found = live.client.get(f"/.well-known/scitt-keys/{encode_base64url(kid)}")
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/cbor")
    escaped = "".join(f"%{byte:02X}" for byte in kid)
    for other in (escaped, encode_base64url(kid) + "=", encode_base64url(kid) + "%3D", kid.hex(), "%20"):
        response = live.client.get(f"/.well-known/scitt-keys/{other}")
        assert response.status_code == 404
        assert problem_in(response).title in {"No such key", "Not Found"}


def test_a_key_set_is_given_to_who_accepts_cbor(live: Live) -> None:
    response = live.client.get("/.well-known/scitt-keys", headers={"Accept": "application/cbor"})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/cbor")


HINTS = {"X-Profile": "trusted", "X-Issuer": "https://other.example", "Authorization": "Bearer x", "Prefer": "admit"}


def test_nothing_outside_the_signed_bytes_moves_a_decision(live: Live) -> None:
    with_hints = live.post(sign_statement(live.world.agent), **HINTS)
    without = live.post(sign_statement(live.world.agent))
    decisions = [
        parse_decision_record(live.client.get(f"{answer.headers['Location']}/decision").content)
        for answer in (with_hints, without)
    ]
    assert decisions[0].policy_entry == decisions[1].policy_entry
    assert decisions[0].key_thumbprint == decisions[1].key_thumbprint
    size = live.size()
    refused = live.post(sign_statement(live.world.agent, issuer="https://nobody.example"), **HINTS)
    assert problem_in(refused).code == "issuer-unknown"
    assert live.size() == size


@pytest.mark.parametrize("wanted", ["application/cose", "application/scitt-receipt+cose"])
@pytest.mark.parametrize("given", ["application/cose", "application/scitt-statement+cose"])
def test_both_names_of_a_media_type_go_both_ways(live: Live, given: str, wanted: str) -> None:
    posted = live.post(sign_statement(live.world.agent), given, accept=wanted)
    assert (posted.status_code, posted.headers["Content-Type"]) == (201, wanted)
    read = live.client.get(posted.headers["Location"], headers={"Accept": wanted})
    assert (read.headers["Content-Type"], read.content) == (wanted, posted.content)
