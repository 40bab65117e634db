"""The client against services that answer well, badly, and not at all."""

import socket
from collections.abc import Iterator

import pytest

from counterfoil.client import (
    Client,
    Patience,
    Problem,
    ServiceAnswerError,
    ServiceRefusedError,
    ServiceUnreachableError,
)
from counterfoil.client.problem import MAX_PROBLEM_BYTES
from counterfoil.cose.keys import cose_key_map
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import (
    IssuerMismatchError,
    IssuerUnknownError,
    LogKeyUnknownError,
    MalformedEntryIdError,
    MalformedError,
    MisconfiguredError,
    RootMismatchError,
    SignatureInvalidError,
    UnverifiedError,
)
from counterfoil.http.problems import problem_of
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import log_keys_of
from tests.builders import ORIGIN, sign_statement
from tests.unit.client.canned import Canned, Service, answering
from tests.unit.verify.paper_log import PaperLog

AGENT = generate_private_key("ES256")
LOG = PaperLog().found()
LOG.statements.extend(sign_statement(AGENT) for _ in range(4))
STATEMENT, RECEIPT = LOG.statements[2], LOG.receipt(2)
ENTRY_ID = parse_signed_statement(STATEMENT).hash
KEYS = log_keys_of(LOG.receipt_key.public_key)
KEY_SET = encode([cose_key_map(LOG.receipt_key.public_key, kid=LOG.receipt_key.public_key.thumbprint)])
LOCATION = f"/entries/{ENTRY_ID.hex()}"


@pytest.fixture
def service() -> Iterator[Service]:
    answers = {
        "/.well-known/scitt-keys": Canned(KEY_SET),
        "/entries": Canned(RECEIPT, 201, {"Location": LOCATION}),
        LOCATION: Canned(RECEIPT),
        f"{LOCATION}/statement": Canned(LOG.transparent(2)),
        "/checkpoint": Canned(LOG.checkpoint()),
        "/consistency": Canned(LOG.consistency_receipt(3, 6)),
    }
    with answering(answers) as running:
        yield running


def test_a_statement_is_submitted_and_its_receipt_verified(service: Service) -> None:
    with Client(service.url, log_keys=KEYS) as client:
        registered = client.submit(STATEMENT)
    assert (registered.receipt, registered.location) == (RECEIPT, LOCATION)
    assert registered.verified.entry_id == ENTRY_ID
    ((method, path, headers, body),) = service.seen
    assert (method, path, body) == ("POST", "/entries", STATEMENT)
    assert headers["Content-Type"] == "application/cose"
    assert "Authorization" not in headers


def test_keys_are_fetched_once_when_none_are_pinned_and_that_is_said(service: Service) -> None:
    with Client(service.url) as client:
        assert not client.keys_are_pinned
        client.submit(STATEMENT)
        client.submit(STATEMENT)
    assert [path for _, path, _, _ in service.seen] == ["/.well-known/scitt-keys", "/entries", "/entries"]


def test_everything_signed_is_verified_before_it_is_returned(service: Service) -> None:
    with Client(service.url, log_keys=KEYS, expected_issuer=LOG.identity.issuer) as client:
        assert client.receipt(ENTRY_ID).receipt == RECEIPT
        assert client.transparent_statement(ENTRY_ID) == LOG.transparent(2)
        key = LOG.signers[KeyPurpose.CHECKPOINT].public_key
        assert client.checkpoint(ORIGIN, key).root == LOG.root()
        receipt, verified = client.consistency(3, LOG.root(3), 6)
        assert (receipt, verified.new_root) == (LOG.consistency_receipt(3, 6), LOG.root(6))
        with pytest.raises(RootMismatchError):
            client.consistency(3, LOG.root(4))
        with pytest.raises(ServiceAnswerError):
            client.consistency(3, LOG.root(3), 5)
        client.receipt(ENTRY_ID, fresh=True)
    assert service.seen[-1][1] == f"{LOCATION}?fresh=true"
    assert "/consistency?from=3&to=6" in {path for _, path, _, _ in service.seen}


def test_another_statement_of_the_log_is_not_taken_for_the_one_asked_for(service: Service) -> None:
    other = parse_signed_statement(LOG.statements[3]).hash
    answers = {
        f"/entries/{other.hex()}/statement": Canned(LOG.transparent(2)),
        f"/entries/{other.hex()}": Canned(RECEIPT),
    }
    with answering(answers) as liar, Client(liar.url, log_keys=KEYS) as client:
        with pytest.raises(ServiceAnswerError):
            client.transparent_statement(other)
        with pytest.raises(SignatureInvalidError):
            client.receipt(other)


def test_a_receipt_that_does_not_verify_is_not_returned(service: Service) -> None:
    with Client(service.url, log_keys=KEYS) as client, pytest.raises(SignatureInvalidError):
        client.submit(LOG.statements[3])
    with Client(service.url, log_keys=log_keys_of(AGENT.public_key)) as client, pytest.raises(LogKeyUnknownError):
        client.submit(STATEMENT)
    other = Client(service.url, log_keys=KEYS, expected_issuer="https://log.example/other")
    with other as client, pytest.raises(IssuerMismatchError):
        client.submit(STATEMENT)


def test_an_admin_token_goes_along_when_given(service: Service) -> None:
    with Client(service.url, log_keys=KEYS, admin_token="secret") as client:  # noqa: S106 - no real token
        client.receipt(ENTRY_ID)
    assert service.seen[0][2]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "canned",
    [
        Canned(b"", 201),
        Canned(b"{}", 201, {"Content-Type": "application/json"}),
        Canned(STATEMENT, 201),
        Canned(RECEIPT[:-1], 201),
        Canned(RECEIPT + b"\x00", 201),
    ],
)
def test_an_answer_that_is_no_receipt_is_an_error(canned: Canned) -> None:
    with (
        answering({"/entries": canned}) as running,
        Client(running.url, log_keys=KEYS) as client,
        pytest.raises(MalformedError),
    ):
        client.submit(STATEMENT)


@pytest.mark.parametrize(
    "canned",
    [
        Canned(b"\x00" * (MAX_RECEIPT_BYTES + 1), 201),
        Canned(b"", 204),
        Canned(b"", 303, {"Location": "/elsewhere"}),
        Canned(b"", 307, {"Location": "http://127.0.0.1:1/entries"}),
        Canned(b"\x00" * (MAX_PROBLEM_BYTES + 1), 400),
    ],
    ids=lambda canned: f"{canned.status}",
)
def test_an_answer_out_of_bounds_or_from_elsewhere_is_not_read(canned: Canned) -> None:
    with answering({"/entries": canned}) as running, Client(running.url, log_keys=KEYS) as client:
        with pytest.raises(ServiceAnswerError):
            client.submit(STATEMENT)
        assert len(running.seen) == 1


def test_a_refusal_of_the_service_is_an_error_with_the_services_own_code() -> None:
    problem = problem_of(IssuerUnknownError("no such issuer"))
    media_type, body = problem.encode(None)
    canned = Canned(body, problem.status, {"Content-Type": media_type})
    with (
        answering({"/entries": canned}) as running,
        Client(running.url, log_keys=KEYS) as client,
        pytest.raises(ServiceRefusedError, match="no such issuer") as caught,
    ):
        client.submit(STATEMENT)
    assert caught.value.problem == Problem(400, "Rejected", "issuer-unknown", "no such issuer")


def test_nobody_there_is_told_from_a_refusal() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Client(url, log_keys=KEYS) as client, pytest.raises(ServiceUnreachableError):
            client.submit(STATEMENT)


def test_a_service_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        quick = Client(url, log_keys=KEYS, patience=Patience(answer_seconds=0.2))
        with quick as client, pytest.raises(ServiceUnreachableError, match="in time"):
            client.submit(STATEMENT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "log.example",
        "ftp://log.example",
        "file:///etc/passwd",
        "http://",
        "http://u:p@log.example",
        "http://h?q=1",
        "http://h#f",
        "http://h:x",
        "http://[::",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        Client(url)


@pytest.mark.parametrize("entry_id", [b"", bytes(31), bytes(33)])
def test_an_entry_id_that_is_none_is_not_asked_for(entry_id: bytes, service: Service) -> None:
    with Client(service.url, log_keys=KEYS) as client:
        with pytest.raises(MalformedEntryIdError):
            client.receipt(entry_id)
        with pytest.raises(MalformedEntryIdError):
            client.transparent_statement(entry_id)
    assert service.seen == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", encode_json({"origin": 7})])
def test_a_description_that_is_none_is_an_error(body: bytes) -> None:
    with (
        answering({"/log": Canned(body)}) as running,
        Client(running.url) as client,
        pytest.raises(ServiceAnswerError),
    ):
        client.log()


def test_a_key_set_without_usable_keys_is_an_error() -> None:
    with answering({"/.well-known/scitt-keys": Canned(b"\x80")}) as running, Client(running.url) as client:
        with pytest.raises(MalformedError):
            client.submit(STATEMENT)
        assert [path for _, path, _, _ in running.seen] == ["/.well-known/scitt-keys"]


def test_a_checkpoint_by_another_key_is_refused(service: Service) -> None:
    with Client(service.url) as client, pytest.raises(UnverifiedError):
        client.checkpoint(ORIGIN, generate_private_key("EdDSA").public_key)
