"""Enrolling a key over HTTP: a challenge of which nothing is kept, and the enrolment that answers it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.challenge import CHALLENGE_SECONDS, NONCE_BYTES, issue_challenge
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from tests.builders import sign_statement
from tests.http.committed import schema
from tests.http.enrolling import NEW_SESSION, SESSION_TYPE, enrolled, enrolling, machine, new_session, post
from tests.http.live import QUIET, Live, problem_in
from tests.http.test_metrics import value

SESSION = "/challenge-response/v1/session/"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    # Issuers have a limit, so that what enforces it stands between the routes and the log.
    with enrolling(settings=replace(QUIET, rate_per_issuer=1000)) as live:
        yield live


def test_a_challenge_is_shaped_as_veraison_has_it(live: Live) -> None:
    answer = live.client.post(NEW_SESSION, params={"nonceSize": NONCE_BYTES})
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == SESSION_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    challenge = decode_base64url(answer.headers["Location"].removeprefix(SESSION))
    session = answer.json()
    expiry = datetime.fromisoformat(session.pop("expiry"))
    assert session == {
        "nonce": encode_base64url(sha256(challenge).digest()),
        "accept": ["application/cose", "application/scitt-statement+cose"],
        "status": "waiting",
    }
    assert 0 < (expiry - datetime.fromtimestamp(live.world.clock(), UTC)).total_seconds() <= CHALLENGE_SECONDS


def test_no_two_challenges_are_the_same(live: Live) -> None:
    assert len({new_session(live)[1] for _ in range(3)}) == 3


@pytest.mark.parametrize("query", ["nonceSize=31", "nonceSize=64", "nonceSize=+32", "nonceSize=", "nonce=AAAA"])
def test_a_nonce_of_another_size_or_of_the_client_is_not_to_be_had(live: Live, query: str) -> None:
    problem = problem_in(live.client.post(f"{NEW_SESSION}?{query}"))
    assert (problem.status, problem.code) == (400, "malformed-parameter")


def test_a_session_waits_until_it_is_answered_and_then_says_what_came_of_it(live: Live) -> None:
    path, challenge = new_session(live)
    assert live.client.get(path).json()["status"] == "waiting"
    one = machine(live)
    answer = post(live, path, one.enrolment(challenge))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, SESSION_TYPE), answer.content
    session = answer.json()
    assert (session["status"], session["grade"]) == ("complete", "key-bound")
    assert answer.headers["Location"] == f"/entries/{session['entry']['entryId']}"
    assert session["enrolledUntil"] > live.world.clock()
    assert live.client.get(answer.headers["Location"]).headers["Content-Type"] == "application/cose"
    assert live.client.get(path).json() == session
    again = live.client.get(path)
    assert again.headers["Content-Type"] == SESSION_TYPE


def test_the_result_is_what_the_decision_record_has_the_digest_of(live: Live) -> None:
    path, challenge = new_session(live)
    answer = post(live, path, machine(live).enrolment(challenge))
    ear = answer.json()["result"]
    record = parse_decision_record(live.client.get(f"{answer.headers['Location']}/decision").content)
    assert ear.pop("iat") == record.head_time
    assert sha256(encode_json(ear)).digest() == record.appraisal_digest


def test_an_enrolled_key_registers_what_asks_for_one_and_no_other_key_does(live: Live) -> None:
    one = machine(live)
    assert problem_in(live.post(one.statement())).code == "key-unknown"
    enrolled(live, one)
    live.register(one.statement())
    assert problem_in(live.post(sign_statement(live.world.agent))).code == "attestation-required"
    assert problem_in(live.post(machine(live).statement())).code == "key-unknown"


def test_an_enrolment_may_be_posted_as_any_statement_is(live: Live) -> None:
    path, challenge = new_session(live)
    location = live.register(machine(live).enrolment(challenge))
    session = live.client.get(path).json()
    assert (session["status"], location) == ("complete", f"/entries/{session['entry']['entryId']}")


def test_the_same_bytes_again_get_the_same_answer(live: Live) -> None:
    path, challenge = new_session(live)
    enrolment = machine(live).enrolment(challenge)
    first, size = post(live, path, enrolment), live.size()
    again = post(live, path, enrolment)
    assert (again.status_code, again.json(), live.size()) == (200, first.json(), size)


def test_a_challenge_is_answered_once(live: Live) -> None:
    path, challenge = new_session(live)
    assert post(live, path, machine(live).enrolment(challenge)).status_code == 200
    size = live.size()
    problem = problem_in(post(live, path, machine(live).enrolment(challenge)))
    assert (problem.status, problem.code, live.size()) == (400, "challenge-used", size)


def test_an_answer_that_is_refused_leaves_the_challenge_open(live: Live) -> None:
    path, challenge = new_session(live)
    one = machine(live)
    other = one.evidence(enrolment_binding(bytes(32), one.kid))
    assert problem_in(post(live, path, one.enrolment(challenge, evidence=other))).code == "key-not-bound"
    changed = one.evidence(enrolment_binding(sha256(challenge).digest(), one.kid), mrtd=bytes(48))
    assert problem_in(post(live, path, one.enrolment(challenge, evidence=changed))).code == "measurement-not-admitted"
    assert live.client.get(path).json()["status"] == "waiting"
    assert post(live, path, one.enrolment(challenge)).status_code == 200


def test_a_key_that_was_enrolled_anew_leaves_of_its_first_session_the_entry(live: Live) -> None:
    one = machine(live)
    path, challenge = new_session(live)
    first = post(live, path, one.enrolment(challenge)).json()
    enrolled(live, one)
    session = live.client.get(path).json()
    assert (session["status"], session["entry"]) == ("complete", first["entry"])
    assert {"grade", "result", "enrolledUntil"}.isdisjoint(session)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("kind", ["nothing", "no base64url", "of another log", "of another key", "no challenge"])
def test_there_is_no_session_of_what_the_log_gave_nobody(live: Live, method: str, kind: str) -> None:
    service, origin, at = live.world.signers[KeyPurpose.SERVICE], live.world.identity.origin, live.world.clock()
    names = {
        "nothing": encode_base64url(b"x" * 100),
        "no base64url": "a" * 43 + "=",
        "of another log": encode_base64url(issue_challenge(service, f"{origin}2", at, bytes(16)).encoded),
        "of another key": encode_base64url(
            issue_challenge(generate_private_key("ES256"), origin, at, bytes(16)).encoded
        ),
        "no challenge": encode_base64url(sign_statement(service)),
    }
    problem = problem_in(live.client.request(method, SESSION + names[kind]))
    assert (problem.status, problem.code) == (404, "challenge-session-not-found")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_session_ends_with_its_challenge(live: Live, method: str) -> None:
    service, origin, at = live.world.signers[KeyPurpose.SERVICE], live.world.identity.origin, live.world.clock()
    late = issue_challenge(service, origin, at - CHALLENGE_SECONDS - 1, bytes(16))
    problem = problem_in(live.client.request(method, SESSION + encode_base64url(late.encoded)))
    assert (problem.status, problem.code, problem.title) == (410, "challenge-session-expired", "Gone")


def test_a_server_whose_clock_is_a_second_behind_takes_a_challenge_at_once(live: Live) -> None:
    clock = live.world.clock
    clock.now += 10
    path, challenge = new_session(live)
    clock.now -= 1
    assert post(live, path, machine(live).enrolment(challenge)).status_code == 200


def test_what_is_posted_to_a_session_answers_its_challenge_and_no_other(live: Live) -> None:
    path, challenge = new_session(live)
    _, other = new_session(live)
    one = machine(live)
    evidence = one.evidence(enrolment_binding(sha256(other).digest(), one.kid))
    size = live.size()
    for body in (one.enrolment(other, evidence=evidence), sign_statement(live.world.agent)):
        problem = problem_in(post(live, path, body))
        assert (problem.status, problem.code) == (400, "challenge-mismatch")
    assert live.size() == size
    assert post(live, path, one.enrolment(challenge)).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/cose", 400, "malformed-cbor"),
        (b"\xd2\x84", "application/cose", 400, "malformed-cbor"),
        (b"x", "application/cbor-seq", 415, "unsupported-media-type"),
        (b"x", "application/json", 415, "unsupported-media-type"),
        (bytes(1 << 22), "application/cose", 413, "too-large"),
    ],
)
def test_what_is_no_enrolment_is_refused(live: Live, body: bytes, content_type: str, status: int, code: str) -> None:
    path, _ = new_session(live)
    problem = problem_in(post(live, path, body, content_type))
    assert (problem.status, problem.code) == (status, code)


def test_a_session_can_be_left_and_nothing_changes(live: Live) -> None:
    path, challenge = new_session(live)
    answer = live.client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert post(live, path, machine(live).enrolment(challenge)).status_code == 200
    assert live.client.delete(path).status_code == 204
    assert live.client.get(path).json()["status"] == "complete"


@pytest.mark.parametrize(("path", "allowed"), [(NEW_SESSION, "POST"), (SESSION + "x", "DELETE, GET, HEAD, POST")])
def test_another_method_is_told_which_there_are(live: Live, path: str, allowed: str) -> None:
    problem = problem_in(live.client.put(path))
    assert problem.code == "method-not-allowed"
    assert live.client.put(path).headers["Allow"] == allowed


def test_every_answer_is_as_the_document_describes_it(live: Live) -> None:
    path, challenge = new_session(live)
    enrolment, session = machine(live).enrolment(challenge), schema()[f"{SESSION}{{session_id}}"]
    name = {"session_id": path.removeprefix(SESSION)}
    absent = {"session_id": encode_base64url(b"x" * 100)}
    cose, other = "application/cose", "application/json"
    for case, status in (
        (schema()[NEW_SESSION]["POST"].Case(), 201),
        (schema()[NEW_SESSION]["POST"].Case(query={"nonceSize": "33"}), 400),
        (session["GET"].Case(path_parameters=name), 200),
        (session["POST"].Case(path_parameters=name, body=enrolment, media_type=cose), 200),
        (session["GET"].Case(path_parameters=name), 200),
        (session["POST"].Case(path_parameters=name, body=b"x", media_type=other), 415),
        (session["POST"].Case(path_parameters=absent, body=enrolment, media_type=cose), 404),
        (session["DELETE"].Case(path_parameters=name), 204),
        (session["DELETE"].Case(path_parameters=absent), 404),
    ):
        answer = case.call(base_url=live.url)
        assert answer.status_code == status
        case.validate_response(answer)


def test_challenges_and_their_answers_are_counted_by_outcome(live: Live) -> None:
    def seen() -> dict[str, float]:
        outcomes = ("enrolled", "repeated", "challenge-used", "challenge-mismatch")
        answers = {one: value(live.url, "challenge_answers_total", outcome=one) for one in outcomes}
        return answers | {"given": value(live.url, "challenges_total")}

    before = seen()
    path, challenge = new_session(live)
    enrolment = machine(live).enrolment(challenge)
    for body in (enrolment, enrolment, machine(live).enrolment(challenge), sign_statement(live.world.agent)):
        post(live, path, body)
    assert {name: count - before[name] for name, count in seen().items()} == {
        "given": 1,
        "enrolled": 1,
        "repeated": 1,
        "challenge-used": 1,
        "challenge-mismatch": 1,
    }
    routes = value(live.url, "http_requests_total", method="POST", route=f"{SESSION}{{session_id}}", status="2xx")
    assert routes >= 2


def test_who_asks_for_too_many_challenges_has_to_wait_and_reads_do_not() -> None:
    with enrolling(settings=replace(QUIET, rate_per_address=2)) as live:
        answers = [live.client.post(NEW_SESSION) for _ in range(4)]
        assert answers[0].status_code == 201
        assert problem_in(answers[-1]).code == "rate-limited"
        path = answers[0].headers["Location"]
        assert live.client.get(path).json()["status"] == "waiting"
        assert problem_in(post(live, path, b"x")).code == "rate-limited"
