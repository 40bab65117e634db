"""Evidence that a statement carries, read from its one encoding."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.attestation.conveyance.carried import (
    ENROLMENT_CONTENT_TYPE,
    Carried,
    carried_attestation,
    parse_carried,
)
from counterfoil.attestation.evidence import MAX_EVIDENCE_BYTES, Evidence, Platform, parse_evidence_bundle
from counterfoil.cose import labels
from counterfoil.encoding.cbor import encode
from counterfoil.errors import CounterfoilError, EvidencePartError, EvidenceTooLargeError, MalformedEvidenceError
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import sign_statement

SIGNER = generate_private_key("ES256")
EVIDENCE = Evidence(Platform.TPM2, {"attest": b"a", "signature": b"s"})
COMPOSITE = Evidence(Platform.COMPOSITE, submodules={"cpu": EVIDENCE, "gpu0": EVIDENCE})
CARRIED = Carried(EVIDENCE, SIGNER.public_key, b"challenge")


@pytest.mark.parametrize("carried", [CARRIED, Carried(EVIDENCE), Carried(COMPOSITE, SIGNER.public_key)])
def test_it_is_read_as_it_was_written(carried: Carried) -> None:
    assert parse_carried(carried.encode()) == carried
    assert parse_evidence_bundle(carried.evidence.encode()) == carried.evidence


def test_where_it_stands_in_a_statement() -> None:
    def read(**said: Any) -> Carried | None:
        return carried_attestation(parse_signed_statement(sign_statement(SIGNER, **said)))

    header = {labels.ATTESTATION: Carried(EVIDENCE).encode()}
    assert read() is None
    assert read(headers=header) == Carried(EVIDENCE)
    assert read(payload=CARRIED.encode(), content_type=ENROLMENT_CONTENT_TYPE) == CARRIED
    assert read(unprotected=header) is None, "what is not signed is not read"
    for said in (
        {"headers": {labels.ATTESTATION: CARRIED.encode()}},
        {"headers": {labels.ATTESTATION: "text"}},
        {"headers": header, "payload": CARRIED.encode(), "content_type": ENROLMENT_CONTENT_TYPE},
    ):
        with pytest.raises(MalformedEvidenceError):
            read(**said)


@pytest.mark.parametrize(
    "value",
    [
        (),
        {},
        {"evidence": b""},
        {"evidence": "x"},
        {"evidence": EVIDENCE.encode(), "more": b""},
        {"evidence": EVIDENCE.encode(), "key": b"\xa0"},
        {"evidence": EVIDENCE.encode(), "challenge": 1},
        {"key": b""},
    ],
)
def test_what_is_none(value: Any) -> None:
    with pytest.raises(CounterfoilError):
        parse_carried(encode(value))


@pytest.mark.parametrize(
    "value",
    [
        (),
        ("tpm2",),
        ("tpm3", {"a": b""}),
        ("tpm2", {}),
        ("tpm2", {"a": "text"}),
        ("tpm2", {1: b""}),
        ("tpm2", {str(n): b"" for n in range(17)}),
        ("composite", {}),
        ("composite", {"cpu": b""}),
        ("composite", {"cpu": ("composite", {"cpu": ("tpm2", {"a": b""})})}),
        ("composite", {str(n): ("tpm2", {"a": b""}) for n in range(18)}),
        {"tpm2": {"a": b""}},
    ],
)
def test_what_is_no_evidence(value: Any) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_evidence_bundle(encode(value))


def test_evidence_is_bounded_before_it_is_looked_at() -> None:
    parse_evidence_bundle(Evidence(Platform.TPM2, {"a": bytes(MAX_EVIDENCE_BYTES)}).encode())
    for parts in ({"a": bytes(MAX_EVIDENCE_BYTES + 1)}, {"a": bytes(MAX_EVIDENCE_BYTES), "b": b"x"}):
        with pytest.raises(EvidenceTooLargeError):
            parse_evidence_bundle(Evidence(Platform.TPM2, parts).encode())
    with pytest.raises(EvidenceTooLargeError):
        parse_evidence_bundle(bytes(300_000))


def test_parts_are_those_that_the_platform_has() -> None:
    assert EVIDENCE.part("attest") == b"a"
    EVIDENCE.require_parts(frozenset({"attest"}), frozenset({"signature", "public"}))
    for required, optional in (({"attest", "more"}, {"signature"}), ({"attest"}, {"more"})):
        with pytest.raises(EvidencePartError):
            EVIDENCE.require_parts(frozenset(required), frozenset(optional))
    with pytest.raises(EvidencePartError):
        EVIDENCE.part("more")


@given(st.binary(max_size=200) | st.integers(0, len(CARRIED.encode()) - 1))
def test_any_bytes_are_read_as_they_are_written_or_refused(some: bytes | int) -> None:
    good = CARRIED.encode()
    data = some if isinstance(some, bytes) else good[:some] + bytes([good[some] ^ 1]) + good[some + 1 :]
    with contextlib.suppress(CounterfoilError):
        assert parse_carried(data).encode() == data
