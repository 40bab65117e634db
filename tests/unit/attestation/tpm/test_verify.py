"""Quotes of TPMs, from the bytes to the claims."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import not_checked, passed
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform, parse_evidence_bundle
from counterfoil.attestation.tpm.pcrs import encode_pcr_values
from counterfoil.attestation.tpm.signed_quote import verify_signed_quote
from counterfoil.attestation.tpm.verify import verify_tpm2
from counterfoil.attestation.verifier import Verifier
from counterfoil.cose.keys import public_key_der
from counterfoil.errors import (
    CounterfoilError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedError,
    RootUnknownError,
)
from tests.certificates import AT, NOT_AFTER, NOT_BEFORE, crl, issued, root
from tests.tpm_quotes import (
    CERTIFY,
    RSAPSS,
    RSASSA,
    SHA1,
    SHA384,
    SHA512,
    Attest,
    SoftKey,
    ecc_key,
    quote,
    register,
    registers,
    rsa_ak,
    selection,
    u,
    with_parts,
)

KEYS = [
    ecc_key(),
    ecc_key(ec.SECP384R1(), SHA384),
    ecc_key(ec.SECP521R1(), SHA512),
    rsa_ak(),
    rsa_ak(RSAPSS, SHA384),
    rsa_ak(RSASSA, SHA512, 3072),
]
AK, RSA = KEYS[0], KEYS[3]
GENUINE = quote(AK)
VERIFY: Verifier = verify_tpm2


def pins(*keys: SoftKey) -> Anchors:
    return Anchors(frozenset(sha256(public_key_der(key.key)).digest() for key in keys or KEYS))


ANCHORS = pins()


@pytest.mark.parametrize("key", KEYS)
def test_a_genuine_quote_becomes_claims(key: SoftKey) -> None:
    claims = verify_tpm2(quote(key), AT, pins(key), NO_COLLATERAL)
    assert (claims.platform, claims.product, claims.signer, claims.debug) == (Platform.TPM2, "TPM 2.0", "AK", False)
    assert claims.measurements == {"pcr0": register("sha256", 0), "pcr7": register("sha256", 7)}
    assert claims.bound == {"extra-data": b"challenge"}
    named = {check.name: check for check in claims.checks}
    assert named.keys() == {"key-pinned", "key-attributes", "quote-signature", "pcr-values", "key-scheme"}
    assert named["pcr-values"] == passed("pcr-values", "sha256:0,7")
    assert claims.hardware_id is None
    assert claims.tcb == {}


def test_the_facts_are_what_the_tpm_says_of_itself() -> None:
    attest = Attest(safe=0)
    digest = sha256(register("sha256", 0) + register("sha256", 7)).hexdigest()
    assert verify_tpm2(quote(AK, attest), AT, ANCHORS, NO_COLLATERAL).facts == {
        "quoted-pcrs": f"sha256:0,7={digest}",
        "qualified-signer": "000b" + 64 * "0",
        "clock": "1234",
        "clock-safe": "false",
        "reset-count": "5",
        "restart-count": "6",
        "firmware-version": "2020031200120003",
        "attestation-key": sha256(public_key_der(AK.key)).hexdigest(),
        "attestation-key-name": "000b" + sha256(AK.public).hexdigest(),
    }
    assert verify_tpm2(GENUINE, AT, ANCHORS, NO_COLLATERAL).facts["clock-safe"] == "true"


def test_several_banks_are_measured_under_names_of_their_own() -> None:
    values = {**registers(7, bank="sha384"), **registers(0, 7)}
    claims = verify_tpm2(quote(AK, Attest(values=values)), AT, ANCHORS, NO_COLLATERAL)
    assert claims.measurements.keys() == {"pcr0", "pcr7", "sha384:pcr7"}
    assert claims.facts["quoted-pcrs"].startswith("sha384:7+sha256:0,7=")


def test_without_values_nothing_is_measured_and_the_claims_say_so() -> None:
    claims = verify_tpm2(quote(AK, pcrs=None), AT, ANCHORS, NO_COLLATERAL)
    assert claims.measurements == {}
    assert not_checked("pcr-values", "none are there") in claims.checks
    assert "sha256:0,7=" in claims.facts["quoted-pcrs"]


def test_a_quote_survives_its_encoding() -> None:
    assert parse_evidence_bundle(GENUINE.encode()) == GENUINE


def test_a_challenge_of_another_is_another_bound_value() -> None:
    for extra in (b"", b"other", bytes(64)):
        claims = verify_tpm2(quote(AK, Attest(extra_data=extra)), AT, ANCHORS, NO_COLLATERAL)
        assert claims.bound == {"extra-data": extra}


REFUSED: list[tuple[Attest, type[CounterfoilError]]] = [
    (Attest(magic=0xFF544348), MalformedError),
    (Attest(kind=CERTIFY), EvidenceVersionError),
    (Attest(safe=2), MalformedError),
    (Attest(tail=b"\x00"), MalformedError),
    (Attest(selections=u(SHA1, 2) + b"\x03\x81\x00\x00"), EvidenceVersionError),
    (Attest(selections=selection("sha256", [0])), EvidenceMismatchError),
    (Attest(selections=selection("sha256", [0, 7, 8])), EvidenceMismatchError),
    (Attest(selections=selection("sha384", [0, 7])), EvidenceMismatchError),
    (Attest(digest=bytes(32)), EvidenceMismatchError),
    (Attest(digest=b""), EvidenceMismatchError),
    (Attest(digest=bytes(48)), EvidenceMismatchError),
]


@pytest.mark.parametrize(("attest", "error"), REFUSED)
def test_a_signature_that_holds_does_not_save_what_is_no_such_quote(
    attest: Attest, error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        verify_tpm2(quote(AK, attest), AT, ANCHORS, NO_COLLATERAL)


def test_a_digest_of_another_size_is_refused_even_without_values() -> None:
    for digest in (b"", bytes(20), bytes(48)):
        with pytest.raises(EvidenceMismatchError):
            verify_tpm2(quote(AK, Attest(digest=digest), pcrs=None), AT, ANCHORS, NO_COLLATERAL)


CHANGED: list[dict[str, Any]] = [
    {"extra_data": b"other"},
    {"signer": b""},
    {"clock": 1},
    {"reset_count": 4},
    {"restart_count": 5},
    {"safe": 0},
    {"firmware": 1},
    {"values": registers(0, 8)},
]


@pytest.mark.parametrize("fields", CHANGED)
def test_no_field_can_be_changed_afterwards(fields: dict[str, Any]) -> None:
    evidence = with_parts(GENUINE, {"attest": Attest(**fields).encode()})
    with pytest.raises(EvidenceSignatureError):
        verify_tpm2(evidence, AT, ANCHORS, NO_COLLATERAL)


def test_every_byte_of_the_quote_is_signed() -> None:
    attest = GENUINE.part("attest")
    for at in range(len(attest)):
        changed = attest[:at] + bytes((attest[at] ^ 1,)) + attest[at + 1 :]
        with pytest.raises(CounterfoilError):
            verify_tpm2(with_parts(GENUINE, {"attest": changed}), AT, ANCHORS, NO_COLLATERAL)


@pytest.mark.parametrize("key", [AK, RSA])
def test_a_quote_of_another_key_is_refused(key: SoftKey) -> None:
    other = quote(ecc_key())
    with pytest.raises((EvidenceSignatureError, EvidenceMismatchError)):
        verify_tpm2(with_parts(quote(key), {"signature": other.part("signature")}), AT, ANCHORS, NO_COLLATERAL)
    with pytest.raises(RootUnknownError):
        verify_tpm2(other, AT, ANCHORS, NO_COLLATERAL)


def test_a_key_signs_with_its_own_scheme_alone() -> None:
    attest = Attest()
    for key, other in ((rsa_ak(RSASSA), rsa_ak(RSAPSS)), (AK, replace(AK, hashed=SHA384))):
        encoded = attest.encode(other.hashed)
        evidence = quote(key, attest, attest=encoded, signature=other.sign(encoded))
        verify_signed_quote(evidence, key.key)
        with pytest.raises(EvidenceMismatchError):
            verify_tpm2(evidence, AT, pins(key), NO_COLLATERAL)


@pytest.mark.parametrize(
    "values",
    [registers(0), registers(0, 7, 8), {"sha256": {0: register("sha256", 0), 7: bytes(32)}}, {}],
)
def test_other_values_than_those_quoted_are_refused(values: Mapping[str, Mapping[int, bytes]]) -> None:
    with pytest.raises(EvidenceMismatchError):
        verify_tpm2(with_parts(GENUINE, {"pcrs": encode_pcr_values(values)}), AT, ANCHORS, NO_COLLATERAL)


@pytest.mark.parametrize("name", ["attest", "signature", "public"])
def test_a_missing_part_is_named(name: str) -> None:
    with pytest.raises(EvidencePartError):
        verify_tpm2(quote(AK, None, **{name: None}), AT, ANCHORS, NO_COLLATERAL)


def test_a_part_of_another_platform_is_refused() -> None:
    with pytest.raises(EvidencePartError):
        verify_tpm2(with_parts(GENUINE, {"report": b""}), AT, ANCHORS, NO_COLLATERAL)


@pytest.mark.parametrize("name", ["attest", "signature", "pcrs", "public", "certificates"])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 64, bytes(70_000)])
def test_garbage_in_a_part_ends_in_an_error_of_ours(name: str, data: bytes) -> None:
    evidence = Evidence(Platform.TPM2, {**GENUINE.parts, name: data})
    with pytest.raises((MalformedError, EvidenceTooLargeError, EvidenceVersionError)):
        verify_tpm2(evidence, AT, ANCHORS, NO_COLLATERAL)


def test_a_key_of_which_only_a_certificate_is_there_has_no_name_and_no_scheme() -> None:
    top = root("TPM root")
    chain = (issued(top, "AK", key=AK.private), top)
    certificates = b"".join(one.certificate.public_bytes(Encoding.PEM) for one in chain)
    anchors = Anchors(frozenset({sha256(top.der).digest()}))
    claims = verify_tpm2(quote(AK, public=None, certificates=certificates), AT, anchors, NO_COLLATERAL)
    assert "attestation-key-name" not in claims.facts
    assert "key-scheme" not in {check.name for check in claims.checks}
    assert (claims.holds_from, claims.holds_until) == (NOT_BEFORE, NOT_AFTER)
    assert claims.collateral == frozenset()
    listed = Collateral(crls=(crl(top),))
    evidence = quote(AK, public=None, certificates=certificates)
    assert verify_tpm2(evidence, AT, anchors, listed).collateral == {collateral_digest(listed.crls[0])}
    with pytest.raises(EvidenceSignatureError):
        evidence = quote(ecc_key(), public=None, certificates=certificates)
        verify_tpm2(evidence, AT, anchors, NO_COLLATERAL)
