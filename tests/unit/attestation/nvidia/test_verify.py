"""Reports of NVIDIA GPUs: genuine ones, and everything that is none."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.nvidia.verify import verify_nvidia_gpu
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CounterfoilError,
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedCertificateError,
    MalformedError,
    MalformedEvidenceError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT, DAY, crl, root
from tests.gpu_reports import (
    FIRMWARE,
    MEASUREMENTS,
    NONCE,
    OPAQUE,
    Gpu,
    firmware_extension,
    gpu_evidence,
    measurement_block,
    opaque_fields,
    pem,
    request,
    response,
)
from tests.vectors_dir import require_shared

GPU = Gpu()
GENUINE = GPU.report()
RECORD = measurement_block(1, bytes(48))
REAL_AT = 1_750_000_000


def verified(
    report: bytes = GENUINE,
    certificates: bytes | None = None,
    *,
    at: int = AT,
    anchors: Anchors | None = None,
    collateral: Collateral = NO_COLLATERAL,
) -> EvidenceClaims:
    evidence = gpu_evidence(report, GPU.certificates() if certificates is None else certificates)
    return verify_nvidia_gpu(evidence, at, anchors or GPU.anchors, collateral)


def real(name: str) -> bytes:
    return require_shared("attestation", "nvidia", name).read_bytes()


def real_report(name: str = "hopperAttestationReport.txt") -> bytes:
    return bytes.fromhex(real(name).decode("ascii").strip())


def outcomes(claims: EvidenceClaims) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in claims.checks}


def test_a_real_report_is_genuine() -> None:
    report, chain, anchors = real_report(), real("hopperCertChain.txt"), vendor_anchors(Platform.NVIDIA_GPU)
    claims = verified(report, chain, at=REAL_AT, anchors=anchors)
    assert (claims.product, claims.signer, claims.bound["nonce"]) == ("Hopper", "GPU", report[4:36])
    assert len(claims.measurements) == 64
    assert claims.measurements["index-01"] == bytes(48)
    assert claims.measurements["index-02"].hex().startswith("c3f65ef79a19c029")
    assert claims.facts["driver-version"] == "535.86.09"
    assert claims.facts["vbios-version"] == "96.00.5E.00.01"
    assert (claims.facts["project"], claims.facts["chip-sku"]) == ("1010", "882")
    assert outcomes(claims)["firmware-id"] is Outcome.NOT_CHECKED
    assert outcomes(claims)["revocation"] is Outcome.NOT_CHECKED


def test_a_real_report_with_a_signature_that_is_none_is_refused() -> None:
    report, chain = real_report("hopperAttestationReportInvalidSignature.txt"), real("hopperCertChain.txt")
    with pytest.raises(EvidenceSignatureError):
        verified(report, chain, at=REAL_AT, anchors=vendor_anchors(Platform.NVIDIA_GPU))


def test_a_real_report_with_a_byte_changed_is_refused() -> None:
    report, chain, anchors = real_report(), real("hopperCertChain.txt"), vendor_anchors(Platform.NVIDIA_GPU)
    for place in {*range(0, len(report), 31), *range(48), *range(len(report) - 97, len(report), 8)}:
        changed = bytearray(report)
        changed[place] ^= 0x01
        with pytest.raises((MalformedError, UnverifiedError)):
            verify_nvidia_gpu(gpu_evidence(bytes(changed), chain), REAL_AT, anchors, NO_COLLATERAL)
    for place in range(40, len(chain) - 1300, 61):
        mutated = bytearray(chain)
        mutated[place] ^= 0x01
        with pytest.raises((MalformedError, UnverifiedError)):
            verify_nvidia_gpu(gpu_evidence(report, bytes(mutated)), REAL_AT, anchors, NO_COLLATERAL)


def test_a_report_gives_what_the_gpu_said() -> None:
    claims = verified()
    assert dict(claims.measurements) == {f"index-0{index}": value for index, value in MEASUREMENTS.items()}
    assert dict(claims.bound) == {"nonce": NONCE}
    assert (claims.debug, claims.product, claims.issued_at) == (False, "Hopper", None)
    assert claims.facts["firmware-id"] == FIRMWARE.hex()
    assert claims.facts["response-nonce"] == "a5" * 32
    assert claims.hardware_id != verified(Gpu(1).report(), Gpu(1).certificates()).hardware_id
    assert outcomes(claims) == {
        "certificate-path": Outcome.PASSED,
        "signature": Outcome.PASSED,
        "firmware-id": Outcome.PASSED,
        "revocation": Outcome.NOT_CHECKED,
        "reference-integrity-manifest": Outcome.NOT_CHECKED,
        "debug-mode": Outcome.NOT_CHECKED,
    }


@pytest.mark.parametrize(("chip", "product"), [("GB100", "Blackwell"), ("GB202", "Blackwell"), ("GX100", "GX")])
def test_the_product_is_the_family_that_the_certificates_name(chip: str, product: str) -> None:
    gpu = Gpu(chip=chip)
    assert verified(gpu.report(), gpu.certificates()).product == product


@pytest.mark.parametrize(
    "names", [("NVIDIA GB100 Identity", "GH100 BROM", "GH100 LF"), ("NVIDIA Identity", "BROM", "LF")]
)
def test_certificates_of_several_kinds_of_chips_or_of_none_are_refused(names: tuple[str, str, str]) -> None:
    gpu = Gpu(names=names)
    with pytest.raises(EvidenceCertificateError):
        verified(gpu.report(), gpu.certificates())


def test_other_firmware_than_the_leaf_was_issued_to_is_refused() -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(GPU.report(opaque={**OPAQUE, 20: b"\xf2" * 48}))


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (firmware_extension(),),
        (firmware_extension(FIRMWARE, FIRMWARE),),
        (firmware_extension(b"short"),),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.23.133.5.4.1"), b"\x30\x7f"),),
    ],
)
def test_a_leaf_that_does_not_name_one_firmware_is_refused(extensions: tuple[x509.ExtensionType, ...]) -> None:
    gpu = Gpu(extensions=extensions)
    with pytest.raises(EvidenceCertificateError):
        verified(gpu.report(), gpu.certificates())
    assert outcomes(verified(gpu.report(opaque={}), gpu.certificates()))["firmware-id"] is Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (request(head=b"\x12\xe0\x01\xff") + response(RECORD, 1, b""), EvidenceVersionError),
        (request(head=b"\x11\xe1\x01\xff") + response(RECORD, 1, b""), MalformedEvidenceError),
        (request(head=b"\x11\xe0\x00\xff") + response(RECORD, 1, b""), MalformedEvidenceError),
        (request(head=b"\x11\xe0\x01\x01") + response(RECORD, 1, b""), MalformedEvidenceError),
        (request() + response(RECORD, 1, b"", b"\x12\x60\x00\x00"), EvidenceVersionError),
        (request() + response(RECORD, 1, b"", b"\x11\x7f\x00\x00"), MalformedEvidenceError),
        (request(slot=1) + response(RECORD, 1, b""), EvidenceMismatchError),
        (request() + response(b"", 0, b""), MalformedEvidenceError),
        (request() + response(RECORD, 0, b""), MalformedEvidenceError),
        (request() + response(RECORD, 2, b""), MalformedEvidenceError),
        (request() + response(RECORD + RECORD, 2, b""), MalformedEvidenceError),
        (request() + response(RECORD + b"\0", 1, b""), MalformedEvidenceError),
        (request() + response(measurement_block(0, bytes(48)), 1, b""), MalformedEvidenceError),
        (request() + response(measurement_block(1, bytes(47)), 1, b""), EvidenceVersionError),
        (request() + response(measurement_block(1, bytes(48), kind=0x81), 1, b""), EvidenceVersionError),
        (request() + response(measurement_block(1, bytes(48), specification=2), 1, b""), EvidenceVersionError),
        (request() + response(RECORD[:2] + b"\x34\0" + RECORD[4:] + b"\0", 1, b""), MalformedEvidenceError),
        (request() + response(RECORD, 1, b"\x03"), MalformedEvidenceError),
        (request() + response(RECORD, 1, opaque_fields([(3, b"1"), (3, b"1")])), MalformedEvidenceError),
        (request() + response(RECORD, 1, opaque_fields([(3, b"1\n")])), MalformedEvidenceError),
        (request() + response(RECORD, 1, opaque_fields([(15, b"\xff")])), MalformedEvidenceError),
        (request() + response(RECORD, 1, opaque_fields([(6, bytes(7))])), MalformedEvidenceError),
        (request() + response(RECORD, 1, b"") + b"\0", MalformedEvidenceError),
        (bytes(16 * 1024), EvidenceTooLargeError),
    ],
)
def test_a_report_that_is_not_spdm_is_refused_though_it_is_signed(
    messages: bytes, error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        verified(GPU.signed(messages))


def test_the_nonce_of_another_request_is_refused() -> None:
    with pytest.raises(EvidenceSignatureError):
        verified(request(bytes(32)) + GENUINE[37:])


@pytest.mark.parametrize("cut", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:20]])
def test_a_report_of_another_length_is_refused(cut: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedEvidenceError):
        verified(cut(GENUINE))


def test_certificates_stand_in_the_order_of_their_path() -> None:
    leaf, device, identity, top = GPU.chain
    extra = Gpu(1).chain[1]
    for chain in (
        (leaf, identity, device, top),
        (leaf, device, extra, identity, top),
        (leaf, device, identity, device),
    ):
        with pytest.raises((EvidenceCertificateError, RootUnknownError, UnverifiedError)):
            verified(certificates=pem(chain))
    with pytest.raises(EvidenceCertificateError):
        verified(certificates=pem((leaf, identity, device, top)))
    with pytest.raises(EvidenceCertificateError):
        verified(certificates=pem((leaf, top)))
    with pytest.raises(RootUnknownError):
        verified(certificates=pem((leaf, device, top)))


def test_a_root_that_the_operator_supplied_need_not_be_carried() -> None:
    top = GPU.chain[-1].der
    anchors = Anchors(GPU.anchors.pins, (top,))
    assert verified(certificates=pem(GPU.chain[:-1]), anchors=anchors) == verified()
    with pytest.raises(RootUnknownError):
        verified(certificates=pem(GPU.chain[:-1]))


def test_a_root_of_the_same_name_is_refused() -> None:
    own = root("Device Identity CA")
    with pytest.raises(RootUnknownError):
        verified(certificates=pem((*GPU.chain[:-1], own)))
    with pytest.raises(UnverifiedError):
        verified(certificates=pem((*GPU.chain[:-1], own)), anchors=Anchors(frozenset({sha256(own.der).digest()})))


def test_certificates_are_judged_at_the_time_that_is_given() -> None:
    for at in (AT - 11 * DAY, AT + 11 * DAY):
        with pytest.raises(CertificateOutOfDateError):
            verified(at=at)


def test_lists_that_revoke_nothing_are_named_and_those_of_others_are_not() -> None:
    _, device, identity, top = GPU.chain
    lists = tuple(crl(authority) for authority in (device, identity, top))
    claims = verified(collateral=Collateral(crls=(*lists, crl(root("other")))))
    assert claims.collateral == {collateral_digest(one) for one in lists}
    assert outcomes(claims)["revocation"] is Outcome.PASSED
    some = verified(collateral=Collateral(crls=lists[1:]))
    assert [check.detail for check in some.checks if check.name == "revocation"] == ["of certificates 0 of the path"]


def test_a_gpu_whose_certificate_is_revoked_is_refused() -> None:
    _, device, identity, _ = GPU.chain
    revoked = crl(identity, {device.certificate.serial_number: AT - DAY})
    with pytest.raises(CertificateRevokedError):
        verified(collateral=Collateral(crls=(revoked,)))


def test_certificates_are_pem_alone() -> None:
    for certificates in (b"", b"junk", GPU.certificates()[:-40], GPU.chain[0].der):
        with pytest.raises(MalformedCertificateError):
            verified(certificates=certificates)
    with pytest.raises(EvidenceTooLargeError):
        verified(certificates=bytes(32 * 1024 + 1))
    with pytest.raises(MalformedCertificateError):
        verified(certificates=GPU.certificates() * 3)


def test_parts_and_platform_are_those_of_a_gpu() -> None:
    parts = {"report": GENUINE, "certificates": GPU.certificates()}
    for wrong in ({}, {"report": GENUINE}, {**parts, "more": b""}):
        with pytest.raises(EvidencePartError):
            verify_nvidia_gpu(Evidence(Platform.NVIDIA_GPU, wrong), AT, GPU.anchors, NO_COLLATERAL)
    with pytest.raises(EvidenceMismatchError):
        verify_nvidia_gpu(Evidence(Platform.NVIDIA_NRAS, parts), AT, GPU.anchors, NO_COLLATERAL)


def test_a_report_of_another_gpu_is_refused() -> None:
    with pytest.raises(EvidenceSignatureError):
        verified(Gpu(1).report())


@given(junk=st.binary(max_size=200), place=st.integers(0, len(GENUINE)), inside=st.booleans())
@settings(deadline=None, max_examples=60)
def test_garbage_ends_in_an_error_of_ours(junk: bytes, place: int, *, inside: bool) -> None:
    report = GENUINE[:place] + junk + GENUINE[place + len(junk) :] if inside else junk
    if report != GENUINE:
        with pytest.raises((MalformedError, UnverifiedError)):
            verified(report)


def test_what_names_the_gpu_is_the_key_that_certified_its_leaf() -> None:
    key = GPU.chain[1].certificate.public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert verified().hardware_id == sha256(spki).digest()


def test_a_list_of_a_root_that_is_not_carried_counts() -> None:
    _, _, identity, top = GPU.chain
    anchors = Anchors(GPU.anchors.pins, (top.der,))
    revoked = Collateral(crls=(crl(top, {identity.certificate.serial_number: AT - DAY}),))
    with pytest.raises(CertificateRevokedError):
        verified(certificates=pem(GPU.chain[:-1]), anchors=anchors, collateral=revoked)


def test_what_stands_beside_the_slot_of_a_response_is_not_the_slot() -> None:
    report = GPU.signed(request(slot=2) + response(RECORD, 1, b"", b"\x11\x60\x00\x12"))
    assert dict(verified(report).measurements) == {"index-01": bytes(48)}
