"""What must not get in: each has its own code, nothing is appended, and the server goes on."""

import socket
from collections.abc import Callable, Iterator

import pytest

from counterfoil.cose import labels
from counterfoil.encoding.cbor import Tagged, encode
from counterfoil.policy.parse import MAX_POLICY_BYTES
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, sign_statement
from tests.http.live import (
    OTHER,
    OTHER_ISSUER,
    Live,
    exchange,
    new_world,
    problem_in,
    read_answer,
    running,
    send_what_is_taken,
)

MARK = b"a-secret-in-the-payload"
TOO_LARGE = MAX_POLICY_BYTES + 64 * 1024


def many_keys(_world: World) -> bytes:
    return encode(Tagged(18, [encode(dict.fromkeys(range(10_000), 0)), {}, MARK, bytes(64)]))


def deep(_world: World) -> bytes:
    return b"\xd2" + b"\x81" * 20_000 + b"\x00"


def of_the_log(world: World, purpose: KeyPurpose) -> bytes:
    return sign_statement(world.signers[purpose], MARK, issuer=world.identity.issuer)


BAD: dict[str, tuple[Callable[[World], bytes], int, str, str]] = {
    "no body": (lambda _: b"", 400, "malformed-cbor", "Malformed request"),
    "no CBOR": (lambda _: b"\xff" + MARK, 400, "not-cose-sign1", "Malformed request"),
    "JSON": (lambda _: b'{"statement": "' + MARK + b'"}', 400, "not-cose-sign1", "Malformed request"),
    "cut off": (lambda w: sign_statement(w.agent, MARK)[:-10], 400, "malformed-cbor", "Malformed request"),
    "more behind it": (lambda w: sign_statement(w.agent, MARK) + b"\x00", 400, "trailing-bytes", "Malformed request"),
    "not tagged": (lambda w: sign_statement(w.agent, MARK)[1:], 400, "not-cose-sign1", "Malformed request"),
    "another tag": (
        lambda w: b"\xd8\x62" + sign_statement(w.agent, MARK)[1:],
        400,
        "not-cose-sign1",
        "Malformed request",
    ),
    "a tag within": (
        lambda w: sign_statement(w.agent, MARK, claims={labels.CWT_CTI: Tagged(99, 1)}),
        400,
        "forbidden-tag",
        "Malformed request",
    ),
    "10,000 keys": (many_keys, 400, "cbor-limit-exceeded", "Malformed request"),
    "20,000 deep": (deep, 400, "cbor-limit-exceeded", "Malformed request"),
    "no payload": (lambda w: sign_statement(w.agent, MARK, detached=True), 400, "payload-missing", "Payload Missing"),
    "no iss": (lambda w: sign_statement(w.agent, MARK, issuer=None), 400, "claim-missing", "Rejected"),
    "no sub": (lambda w: sign_statement(w.agent, MARK, subject=None), 400, "claim-missing", "Rejected"),
    "long sub": (
        lambda w: sign_statement(w.agent, MARK, subject="x" * 513),
        400,
        "malformed-claims",
        "Malformed request",
    ),
    "unknown issuer": (
        lambda w: sign_statement(w.agent, MARK, issuer="https://nobody.example"),
        400,
        "issuer-unknown",
        "Rejected",
    ),
    "wrong key": (
        lambda w: sign_statement(generate_private_key("ES256"), MARK, kid=w.agent.public_key.thumbprint),
        400,
        "signature-invalid",
        "Rejected",
    ),
    "unknown key": (lambda w: sign_statement(w.agent, MARK, kid=b"nobody's"), 400, "key-unknown", "Rejected"),
    "another's kid": (
        lambda w: sign_statement(w.agent, MARK, kid=OTHER.public_key.thumbprint),
        400,
        "key-of-another-issuer",
        "Rejected",
    ),
    "algorithm": (
        lambda _: sign_statement(OTHER, MARK, issuer=OTHER_ISSUER),
        400,
        "algorithm-not-admitted",
        "Bad Signature Algorithm",
    ),
    "content type": (
        lambda w: sign_statement(w.agent, MARK, content_type="image/gif"),
        400,
        "content-type-not-admitted",
        "Rejected",
    ),
    "from the future": (
        lambda w: sign_statement(w.agent, MARK, claims={labels.CWT_IAT: START + 3600}),
        400,
        "from-the-future",
        "Rejected",
    ),
    "expired": (
        lambda w: sign_statement(w.agent, MARK, claims={labels.CWT_EXP: START - 1}),
        400,
        "expired",
        "Rejected",
    ),
    "to another log": (
        lambda w: sign_statement(w.agent, MARK, claims={labels.CWT_AUD: "https://b.example"}),
        400,
        "audience-mismatch",
        "Rejected",
    ),
    "the log's subject": (
        lambda w: sign_statement(w.agent, MARK, subject=w.identity.page_subject),
        400,
        "subject-reserved",
        "Rejected",
    ),
    "by the receipt key": (lambda w: of_the_log(w, KeyPurpose.RECEIPT), 400, "signed-by-log-key", "Rejected"),
    "by the checkpoint key": (lambda w: of_the_log(w, KeyPurpose.CHECKPOINT), 400, "signed-by-log-key", "Rejected"),
    "as the log": (
        lambda w: sign_statement(w.agent, MARK, issuer=w.identity.issuer),
        400,
        "key-of-another-issuer",
        "Rejected",
    ),
    "critical": (
        lambda w: sign_statement(w.agent, MARK, headers={labels.CRIT: [4711], 4711: 1}),
        400,
        "critical-header-unknown",
        "Malformed request",
    ),
    "too large": (lambda _: bytes(TOO_LARGE), 413, "too-large", "Content Too Large"),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_with_its_own_code(live: Live, name: str) -> None:
    build, status, code, title = BAD[name]
    response = live.post(build(live.world))
    problem = problem_in(response)
    assert (response.status_code, problem.code, problem.title) == (status, code, title)
    assert MARK not in response.content
    as_json = live.post(build(live.world), accept="application/json")
    assert as_json.headers["Content-Type"] == "application/problem+json"
    assert as_json.json() == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": problem.detail,
        "code": code,
    }


@pytest.mark.usefixtures("unharmed")
def test_a_receipt_is_no_statement(live: Live) -> None:
    receipt = live.client.get(f"/entries/{live.client.get('/entries').json()['entries'][0]['entryId']}").content
    response = live.post(receipt)
    assert (response.status_code, problem_in(response).code) == (400, "receipt-as-statement")


@pytest.mark.usefixtures("unharmed")
def test_a_larger_body_than_announced_as_allowed_closes_the_connection(live: Live) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(TOO_LARGE // 4096):
            yield bytes(4096)

    response = live.client.post("/entries", content=chunks(), headers={"Content-Type": "application/cose"})
    assert (response.status_code, problem_in(response).code) == (413, "too-large")
    assert response.headers["Connection"] == "close"


@pytest.mark.usefixtures("unharmed")
def test_an_announced_length_is_refused_before_the_body_comes(live: Live) -> None:
    head = f"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\nContent-Length: {10**15}\r\n\r\n"
    answer = exchange(live.address, head.encode())
    assert answer is not None
    assert (answer.status, answer.problem().code, answer.headers["connection"]) == (413, "too-large", "close")


@pytest.mark.usefixtures("unharmed")
def test_a_chunked_body_without_end_is_too_large_at_some_point(live: Live) -> None:
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(
            b"POST /entries HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/cose\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        for _ in range(40):
            send_what_is_taken(connection, chunk)
        answer = read_answer(connection)
    assert answer is not None
    assert (answer.status, answer.problem().code) == (413, "too-large")


@pytest.mark.parametrize("coding", ["Transfer-Encoding: chunked", "Content-Length: 1000"])
def test_a_body_that_stops_in_the_middle_is_too_slow(coding: str) -> None:
    head = f"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\n{coding}\r\n\r\n1\r\nx\r\n"
    with running(new_world(MemoryStore()), body_seconds=0.2) as live:
        size = live.size()
        answer = exchange(live.address, head.encode())
        assert answer is not None
        assert (answer.status, answer.problem().code, answer.headers["connection"]) == (408, "body-timeout", "close")
        assert live.size() == size
        live.register(sign_statement(live.world.agent))


@pytest.mark.usefixtures("unharmed")
def test_a_body_shorter_than_announced_is_truncated(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    head = (
        f"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\nContent-Length: {len(statement)}\r\n"
    )
    answer = exchange(live.address, head.encode() + b"\r\n" + statement[:-1], end=True)
    assert answer is not None
    assert (answer.status, answer.problem().code) == (400, "body-truncated")


def test_more_bodies_than_the_process_holds_are_told_to_come_back() -> None:
    with running(new_world(MemoryStore())) as live:
        live.service.bodies.most = 100
        size = live.size()
        response = live.post(sign_statement(live.world.agent))
        assert (response.status_code, problem_in(response).code) == (429, "too-many-requests")
        assert int(response.headers["Retry-After"]) >= 1
        assert live.size() == size
        live.service.bodies.most = 10_000
        live.register(sign_statement(live.world.agent))
        assert live.service.bodies.held == 0


TRICKS = [
    "%2e%2e/etc/passwd",
    "..%2f..%2f",
    "%00",
    "0" * 63,
    "0" * 65,
    "A" * 64,
    "0" * 63 + "g",
    "%D9%A0" * 64,
    "%c0%ae",
    "%ff" * 64,
    "0" * 64 + "%0a",
    "0" * 64 + "%00",
    "%20" + "0" * 63,
    "0x" + "0" * 62,
    "-1",
    "0" * 4000,
    "' OR 1=1 --",
    "..;/",
    "%252e%252e",
]


@pytest.mark.parametrize("suffix", ["", "/statement", "/decision"])
@pytest.mark.parametrize("trick", TRICKS)
def test_path_tricks_find_nothing(live: Live, trick: str, suffix: str) -> None:
    response = live.client.get(f"/entries/{trick}{suffix}")
    seen = (response.status_code, problem_in(response).code)
    assert seen in {(400, "malformed-entry-id"), (404, "route-not-found")}


def test_an_unknown_entry_is_not_found(live: Live) -> None:
    for suffix in ("", "/statement", "/decision"):
        response = live.client.get(f"/entries/{'0' * 64}{suffix}")
        problem = problem_in(response)
        assert (response.status_code, problem.code, problem.title) == (404, "entry-not-found", "Not Found")
