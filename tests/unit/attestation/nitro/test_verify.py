"""Documents of Nitro Enclaves: genuine ones, and everything that is none."""

from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.certificate_paths.ordered import REMEMBERED
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.nitro.verify import MAX_SECONDS_AHEAD, verify_nitro
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import (
    CertificateOutOfDateError,
    CounterfoilError,
    DuplicateKeyError,
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedCertificateError,
    MalformedError,
    MalformedEvidenceError,
    PathInvalidError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT, Says, authority, issued, root
from tests.nitro_documents import HOUR, PCRS, NitroEnclave, debug_pcrs, nitro_evidence, pcr_map
from tests.vectors_dir import require_shared

ENCLAVE = NitroEnclave()
GENUINE = ENCLAVE.document(user_data=b"data", nonce=b"nonce", public_key=b"key")
REAL = [
    ("valid_doc.cbor", 1_665_651_482, False),
    ("debug_doc.cbor", 1_665_582_606, True),
    ("pcr0_zero_doc.b64", 1_695_049_410, True),
]


def verified(document: bytes, at: int = AT, anchors: Anchors | None = None) -> EvidenceClaims:
    return verify_nitro(nitro_evidence(document), at, anchors or ENCLAVE.anchors, NO_COLLATERAL)


def real(name: str) -> bytes:
    data = require_shared("attestation", "nitro", name).read_bytes()
    return b64decode(data) if name.endswith("b64") else data


def with_members(**members: CborValue) -> bytes:
    every = ENCLAVE.members()
    every.update({name: members[name] for name in members})
    return ENCLAVE.signed(encode(every))


@pytest.mark.parametrize(("name", "at", "debug"), REAL)
def test_a_real_document_is_genuine_at_its_time(name: str, at: int, *, debug: bool) -> None:
    claims = verified(real(name), at, vendor_anchors(Platform.AWS_NITRO))
    assert (claims.debug, claims.issued_at, claims.signer) == (debug, at, "NSM")
    assert set(claims.measurements) >= {"pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8"}
    assert claims.holds_from <= at <= claims.holds_until <= at + 3 * HOUR
    assert claims.facts["module-id"].startswith("i-0")


@pytest.mark.parametrize(("name", "at", "debug"), REAL[:2])
def test_a_real_document_with_a_byte_changed_is_refused(name: str, at: int, *, debug: bool) -> None:
    document, verify, anchors = real(name), verify_nitro, vendor_anchors(Platform.AWS_NITRO)
    assert verify(nitro_evidence(document), at, anchors, NO_COLLATERAL).debug is debug
    for place in {*range(0, len(document), 37), *range(24), *range(len(document) - 100, len(document), 9)}:
        changed = bytearray(document)
        changed[place] ^= 0x41
        with pytest.raises((MalformedError, UnverifiedError)):
            verify(nitro_evidence(bytes(changed)), at, anchors, NO_COLLATERAL)


def test_a_real_document_is_refused_a_day_later_and_without_the_root() -> None:
    document = real("valid_doc.cbor")
    with pytest.raises(CertificateOutOfDateError):
        verified(document, 1_665_651_482 + 24 * HOUR, vendor_anchors(Platform.AWS_NITRO))
    with pytest.raises(RootUnknownError):
        verified(document, 1_665_651_482)


@pytest.mark.parametrize("tag", [b"", b"\xd2"])
def test_a_document_bare_or_tagged_gives_what_the_enclave_said(tag: bytes) -> None:
    claims = verified(tag + GENUINE)
    assert dict(claims.bound) == {"user-data": b"data", "nonce": b"nonce", "public-key": b"key"}
    assert dict(claims.measurements) == {f"pcr{index}": PCRS[index] for index in (0, 1, 2, 3, 4, 8)}
    assert (claims.product, claims.debug, claims.issued_at) == ("Nitro Enclaves", False, AT)
    assert claims.hardware_id == sha256(b"i-0123456789abcdef0").digest()
    assert (claims.holds_from, claims.holds_until) == (AT - MAX_SECONDS_AHEAD, AT + 2 * HOUR)
    outcomes = {check.name: check.outcome for check in claims.checks}
    assert outcomes == {
        "certificate-path": Outcome.PASSED,
        "signature": Outcome.PASSED,
        "timestamp": Outcome.PASSED,
        "revocation": Outcome.NOT_CHECKED,
    }


def test_what_the_enclave_left_out_is_not_bound_and_what_is_empty_is() -> None:
    members = ENCLAVE.members(nonce=b"")
    del members["user_data"]
    assert dict(verified(ENCLAVE.signed(encode(members))).bound) == {"nonce": b""}


def test_a_register_without_a_name_is_a_claim_once_it_was_extended() -> None:
    assert "pcr16" in verified(ENCLAVE.document(pcrs={**PCRS, 16: b"\x09" * 32})).measurements


@pytest.mark.parametrize("pcrs", [debug_pcrs(), {**PCRS, 0: bytes(48)}])
def test_an_image_that_was_not_measured_is_debug(pcrs: dict[int, bytes]) -> None:
    assert verified(ENCLAVE.document(pcrs=pcrs)).debug


def test_a_module_of_another_name_has_no_hardware_id() -> None:
    assert verified(with_members(module_id="module")).hardware_id is None


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"digest": "SHA256"}, EvidenceVersionError),
        ({"digest": None}, EvidenceVersionError),
        ({"module_id": ""}, MalformedEvidenceError),
        ({"module_id": "i" * 257}, MalformedEvidenceError),
        ({"module_id": b"i"}, MalformedEvidenceError),
        ({"timestamp": 0}, MalformedEvidenceError),
        ({"timestamp": -1}, MalformedEvidenceError),
        ({"timestamp": True}, MalformedEvidenceError),
        ({"timestamp": "1"}, MalformedEvidenceError),
        ({"pcrs": {}}, MalformedEvidenceError),
        ({"pcrs": []}, MalformedEvidenceError),
        ({"pcrs": {index: bytes(48) for index in range(33)}}, MalformedEvidenceError),
        ({"pcrs": {**PCRS, 32: bytes(48)}}, MalformedEvidenceError),
        ({"pcrs": {**PCRS, -1: bytes(48)}}, MalformedEvidenceError),
        ({"pcrs": {**pcr_map(PCRS), "0": bytes(48)}}, MalformedEvidenceError),
        ({"pcrs": {**PCRS, 5: bytes(31)}}, MalformedEvidenceError),
        ({"pcrs": {**PCRS, 5: "text"}}, MalformedEvidenceError),
        ({"pcrs": {0: bytes(48), 1: bytes(48)}}, MalformedEvidenceError),
        ({"certificate": b""}, MalformedEvidenceError),
        ({"certificate": bytes(1025)}, MalformedEvidenceError),
        ({"certificate": b"junk"}, MalformedCertificateError),
        ({"cabundle": []}, MalformedEvidenceError),
        ({"cabundle": b"der"}, MalformedEvidenceError),
        ({"cabundle": [ENCLAVE.authorities[0].der] * 10}, MalformedEvidenceError),
        ({"cabundle": [b"x"] * 100}, MalformedEvidenceError),
        ({"cabundle": [ENCLAVE.authorities[0].der, bytes(2048)]}, MalformedEvidenceError),
        ({"cabundle": [ENCLAVE.authorities[0].der, b"junk"]}, MalformedCertificateError),
        ({"cabundle": [each.der for each in reversed(ENCLAVE.authorities)]}, RootUnknownError),
        ({"cabundle": [ENCLAVE.authorities[place].der for place in (0, 3, 2, 1)]}, EvidenceCertificateError),
        ({"cabundle": [ENCLAVE.authorities[place].der for place in (0, 1, 1, 2, 3)]}, CounterfoilError),
        ({"cabundle": [ENCLAVE.authorities[place].der for place in (0, 1, 3)]}, RootUnknownError),
        ({"public_key": bytes(1025)}, MalformedEvidenceError),
        ({"user_data": bytes(1025)}, MalformedEvidenceError),
        ({"nonce": bytes(1025)}, MalformedEvidenceError),
        ({"nonce": "text"}, MalformedEvidenceError),
        ({"extra": 1}, MalformedEvidenceError),
        ({"timestamp": (AT - HOUR) * 1000 - 1}, EvidenceOutOfDateError),
        ({"timestamp": (AT + 2 * HOUR + 1) * 1000}, EvidenceOutOfDateError),
        ({"timestamp": (AT + MAX_SECONDS_AHEAD + 1) * 1000}, EvidenceOutOfDateError),
    ],
)
def test_a_member_outside_the_specification_is_refused(
    members: dict[str, CborValue], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        verified(with_members(**members))


@pytest.mark.parametrize("timestamp", [(AT - HOUR) * 1000, (AT + MAX_SECONDS_AHEAD) * 1000 + 999])
def test_the_ends_of_the_time_of_a_document_are_within(timestamp: int) -> None:
    assert verified(with_members(timestamp=timestamp)).issued_at == timestamp // 1000


@pytest.mark.parametrize("member", ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"])
def test_a_member_that_is_missing_is_refused(member: str) -> None:
    members = ENCLAVE.members()
    del members[member]
    with pytest.raises(MalformedEvidenceError):
        verified(ENCLAVE.signed(encode(members)))


def test_a_member_that_stands_twice_is_refused() -> None:
    payload = encode(ENCLAVE.members())
    twice = bytes((payload[0] + 1,)) + payload[1:] + encode("pcrs") + encode(pcr_map(PCRS))
    with pytest.raises(DuplicateKeyError):
        verified(ENCLAVE.signed(twice))


@pytest.mark.parametrize(
    "payload", [b"", encode([1]), encode(ENCLAVE.members()) + b"\0", b"\x81" * 401 + b"\0", b"\x5b" + b"\xff" * 8]
)
def test_a_payload_that_is_no_map_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        verified(ENCLAVE.signed(payload))


def test_headers_say_es384_and_nothing_else() -> None:
    payload = encode(ENCLAVE.members())
    protected: tuple[dict[int | str, CborValue], ...] = ({1: -7}, {1: -35, 4: b"kid"}, {})
    for header in protected:
        with pytest.raises(EvidenceVersionError):
            verified(ENCLAVE.signed(payload, protected=encode(header)))
    unprotected: tuple[dict[int | str, CborValue], ...] = ({1: -35}, {4: b"kid"}, {1: -7})
    for header in unprotected:
        with pytest.raises(MalformedError):
            verified(ENCLAVE.signed(payload, unprotected=header))
    with pytest.raises(MalformedError):
        verified(ENCLAVE.signed(payload, protected=b"", unprotected={1: -35}))


def test_a_document_without_a_payload_is_refused() -> None:
    with pytest.raises(MalformedEvidenceError):
        verified(encode([encode({1: -35}), {}, None, bytes(96)]))


def test_a_signature_of_another_key_is_refused() -> None:
    other = NitroEnclave(at=AT + 1)
    payload = encode(ENCLAVE.members())
    with pytest.raises(EvidenceSignatureError):
        verified(other.signed(payload))


def test_a_leaf_on_another_curve_is_refused() -> None:
    leaf = issued(ENCLAVE.authorities[-1], "p256", Says())
    with pytest.raises(EvidenceSignatureError):
        verified(with_members(certificate=leaf.der))


def test_a_root_of_the_same_name_is_refused() -> None:
    own = root("aws.nitro-enclaves")
    with pytest.raises(RootUnknownError):
        verified(with_members(cabundle=[own.der, *(each.der for each in ENCLAVE.authorities[1:])]))


def test_a_ca_below_the_last_one_and_one_that_is_none_are_refused() -> None:
    below = authority(ENCLAVE.authorities[-1], "below")
    leaf = issued(below, "leaf")
    bundle = [each.der for each in ENCLAVE.authorities]
    with pytest.raises(PathInvalidError):
        verified(with_members(certificate=leaf.der, cabundle=[*bundle, below.der]))
    no_ca = issued(ENCLAVE.authorities[1], "no ca", Says())
    with pytest.raises(PathInvalidError):
        verified(with_members(certificate=issued(no_ca, "leaf").der, cabundle=[*bundle[:2], no_ca.der]))


def test_certificates_are_judged_at_the_time_that_is_given() -> None:
    for at in (AT + 2 * HOUR + 1, AT - HOUR - 1):
        with pytest.raises(CertificateOutOfDateError):
            verified(GENUINE, at)
    assert verified(GENUINE, AT + 2 * HOUR).issued_at == AT


def test_parts_and_platform_are_those_of_nitro() -> None:
    for parts in ({}, {"document": GENUINE, "more": b""}, {"report": GENUINE}):
        with pytest.raises(EvidencePartError):
            verify_nitro(Evidence(Platform.AWS_NITRO, parts), AT, ENCLAVE.anchors, NO_COLLATERAL)
    with pytest.raises(EvidenceMismatchError):
        verify_nitro(Evidence(Platform.TPM2, {"document": GENUINE}), AT, ENCLAVE.anchors, NO_COLLATERAL)
    with pytest.raises(EvidenceTooLargeError):
        verified(bytes(16 * 1024 + 1))


def test_what_is_remembered_changes_no_answer() -> None:
    verify, anchors = verify_nitro, ENCLAVE.anchors
    for at in (AT, AT, AT + 2 * HOUR):
        known = verify(nitro_evidence(GENUINE), at, anchors, NO_COLLATERAL)
        REMEMBERED.cache_clear()
        assert verified(GENUINE, at) == known
    with pytest.raises(CertificateOutOfDateError):
        verify(nitro_evidence(GENUINE), AT + 2 * HOUR + 1, anchors, NO_COLLATERAL)
    with pytest.raises(RootUnknownError):
        verify(nitro_evidence(GENUINE), AT, Anchors(frozenset()), NO_COLLATERAL)


@given(junk=st.binary(max_size=300), place=st.integers(0, len(GENUINE)), inside=st.booleans())
@settings(deadline=None, max_examples=60)
def test_garbage_ends_in_an_error_of_ours(junk: bytes, place: int, *, inside: bool) -> None:
    document = GENUINE[:place] + junk + GENUINE[place + len(junk) :] if inside else junk
    if document != GENUINE:
        with pytest.raises((MalformedError, UnverifiedError)):
            verified(document)
