"""Both clients enrol a key at a real server, and believe of its answers only what fits together."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx
import pytest

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.challenge import issue_challenge
from counterfoil.attestation.evidence import Evidence
from counterfoil.client import (
    IMPATIENT,
    AsyncClient,
    Client,
    Enrolled,
    MakeEvidence,
    ReceiptWithheldError,
    ServiceAnswerError,
    ServiceRefusedError,
    ToBind,
    to_bind,
)
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import IssuerMismatchError
from counterfoil.http.server import running_server, wire_service
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.verify import LogKeys, log_keys_of
from tests.attested import ATTESTED, Machine, machine_of
from tests.http.enrolling import PLATFORM, attested_world, enrolling, machine
from tests.http.live import QUIET, Live
from tests.http.test_withheld import Gate


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with enrolling() as live:
        yield live


def keys_of(live: Live) -> LogKeys:
    return log_keys_of(live.world.signers[KeyPurpose.RECEIPT].public_key)


def _waiting(live: Live, one: Machine, make_evidence: MakeEvidence) -> Enrolled:
    with Client(live.url, log_keys=keys_of(live), expected_issuer=live.world.identity.issuer) as client:
        return client.enrol(one.signer, ATTESTED, make_evidence)


def _in_a_loop(live: Live, one: Machine, make_evidence: MakeEvidence) -> Enrolled:
    async def enrol() -> Enrolled:
        async with AsyncClient(live.url, log_keys=keys_of(live)) as client:
            return await client.enrol(one.signer, ATTESTED, make_evidence)

    return asyncio.run(enrol())


@pytest.mark.parametrize("enrol", [_waiting, _in_a_loop])
def test_a_key_is_enrolled_and_registers(enrol: Callable[[Live, Machine, MakeEvidence], Enrolled], live: Live) -> None:
    one = machine(live)
    seen: list[ToBind] = []

    def make_evidence(wanted: ToBind) -> Evidence:
        seen.append(wanted)
        return one.evidence(wanted.long)

    enrolled = enrol(live, one, make_evidence)
    assert enrolled.grade == "key-bound"
    assert enrolled.number == enrolled.registered.verified.inclusion.leaf_index == live.size() - 1
    assert enrolled.until is not None
    assert enrolled.until > live.world.clock()
    assert enrolled.result is not None
    assert enrolled.result["counterfoil.binding"] == "enrolment"
    (wanted,) = seen
    assert wanted.long == enrolment_binding(wanted.nonce, one.kid)
    assert wanted.short == enrolment_binding(wanted.nonce, one.kid, size=32)
    assert [len(value) for value in (wanted.nonce, wanted.long, wanted.short)] == [32, 64, 32]
    live.register(one.statement())


def test_evidence_that_binds_something_else_is_refused_and_says_why(live: Live) -> None:
    one, size = machine(live), live.size()
    with Client(live.url) as client, pytest.raises(ServiceRefusedError) as refused:
        client.enrol(one.signer, ATTESTED, lambda _wanted: one.evidence(bytes(64)))
    assert (refused.value.problem.code, live.size()) == ("key-not-bound", size)


def test_an_answer_may_be_given_twice_and_the_second_changes_nothing(live: Live) -> None:
    one = machine(live)
    with Client(live.url) as client:
        challenge = client.challenge()
        enrolment = one.enrolment(challenge.encoded)
        first, size = client.answer_challenge(challenge, enrolment), live.size()
        assert client.answer_challenge(challenge, enrolment) == first
    assert live.size() == size


def test_a_challenge_of_another_log_than_the_expected_one_is_not_answered(live: Live) -> None:
    with Client(live.url, expected_issuer="https://other.example/log") as client, pytest.raises(IssuerMismatchError):
        client.challenge()


def test_a_key_counts_while_the_receipt_of_its_enrolment_is_withheld() -> None:
    world, gate = attested_world(), Gate()
    service = replace(wire_service(world.store, dict(world.signers), QUIET, world.clock), released=gate)
    one = machine_of(world, PLATFORM)
    with running_server(service) as url, Client(url, patience=IMPATIENT) as client:
        challenge = client.challenge()
        enrolment = one.enrolment(challenge.encoded)
        with pytest.raises(ReceiptWithheldError):
            client.answer_challenge(challenge, enrolment)
        with pytest.raises(ReceiptWithheldError):
            client.submit(one.statement())
        gate.below = world.head().tree.size
        assert client.answer_challenge(challenge, enrolment).grade == "key-bound"


Change = Callable[[dict[str, Any]], Any]


class _Changing(httpx.BaseTransport):
    """Lets every JSON answer of the service come changed, and from another place."""

    def __init__(self, inner: httpx.BaseTransport, change: Change, location: str | None) -> None:
        self._inner, self._change, self._location = inner, change, location

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        body, headers = response.read(), response.headers
        if response.is_success and "json" in headers["content-type"]:
            body = json.dumps(self._change(json.loads(body))).encode()
            headers["content-length"] = str(len(body))
            headers["location"] = headers["location"] if self._location is None else self._location
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(body))

    def close(self) -> None:
        self._inner.close()


def _answering(client: Client, change: Change, location: str | None = None) -> None:
    http = client._transport._http
    http._transport = _Changing(http._transport, change, location)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "nonce": encode_base64url(bytes(32))},
        lambda said: {name: value for name, value in said.items() if name != "nonce"},
        lambda said: [said],
        lambda _said: "waiting",
    ],
    ids=["another nonce", "no nonce", "a list", "a text"],
)
def test_a_challenge_that_does_not_fit_together_is_not_answered(live: Live, change: Change) -> None:
    with Client(live.url, patience=IMPATIENT) as client:
        _answering(client, change)
        with pytest.raises(ServiceAnswerError):
            client.challenge()


@pytest.mark.parametrize("location", ["", "/session/", "/session/AAAA", "https://elsewhere.example/session/AA=="])
def test_a_challenge_is_read_from_the_name_of_its_session_alone(live: Live, location: str) -> None:
    with Client(live.url, patience=IMPATIENT) as client:
        _answering(client, lambda said: said, location)
        with pytest.raises(ServiceAnswerError):
            client.challenge()


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "status": "waiting"},
        lambda said: {**said, "entry": {**said["entry"], "entryId": "0" * 64}},
        lambda said: {**said, "entry": {**said["entry"], "number": said["entry"]["number"] + 1}},
        lambda said: {**said, "entry": {"number": True, "entryId": said["entry"]["entryId"]}},
        lambda said: {name: value for name, value in said.items() if name != "entry"},
    ],
    ids=["still waiting", "another entry", "another number", "no number", "no entry"],
)
def test_an_answer_that_names_another_entry_than_the_enrolments_is_not_believed(live: Live, change: Change) -> None:
    with Client(live.url, patience=IMPATIENT) as client:
        challenge = client.challenge()
        _answering(client, change)
        with pytest.raises(ServiceAnswerError):
            client.answer_challenge(challenge, machine(live).enrolment(challenge.encoded))


def test_what_the_log_does_not_say_of_an_enrolment_is_left_open(live: Live) -> None:
    with Client(live.url, patience=IMPATIENT) as client:
        challenge = client.challenge()
        _answering(client, lambda said: {name: said[name] for name in ("status", "entry")})
        enrolled = client.answer_challenge(challenge, machine(live).enrolment(challenge.encoded))
    assert (enrolled.grade, enrolled.until, enrolled.result) == (None, None, None)


def test_what_is_to_be_bound_depends_on_the_challenge_and_on_the_key(live: Live) -> None:
    one, other = machine(live), machine(live)
    service, origin = live.world.signers[KeyPurpose.SERVICE], live.world.identity.origin
    first, second = (issue_challenge(service, origin, 1, bytes([n]) * 16) for n in range(2))
    bound = {to_bind(c, m.signer.public_key).short for c in (first, second) for m in (one, other)}
    assert len(bound) == 4
    assert to_bind(first, one.signer.public_key).nonce == sha256(first.encoded).digest()
