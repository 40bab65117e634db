"""SNP reports with the certificates of their chips, and how the two go together."""

from collections.abc import Mapping
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome, not_checked, passed
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.attestation.verify_evidence import VERIFIERS
from counterfoil.errors import (
    CounterfoilError,
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
    RootUnknownError,
)
from tests.certificates import AT, new_key
from tests.snp_reports import (
    CHIP_ID,
    FIELDS,
    FROM,
    GENOA,
    LEVELS,
    MILAN,
    PROVIDER,
    TURIN,
    TURIN_CHIP_ID,
    UNTIL,
    UVM_FEED,
    VCEK,
    VLEK,
    Chip,
    make_chip,
    make_uvm_signer,
    report_signature,
    signed_report,
)

CHIP = make_chip()
P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
EVERYWHERE = [(MILAN, 2), *((product, version) for product in (MILAN, GENOA, TURIN) for version in (3, 4, 5))]


def verified(
    chip: Chip = CHIP,
    report: bytes | None = None,
    *,
    certificates: bytes | None = None,
    endorsement: bytes | None = None,
    collateral: Collateral = NO_COLLATERAL,
    at: int = AT,
) -> EvidenceClaims:
    evidence = chip.evidence(report, certificates=certificates, endorsement=endorsement)
    return verify_snp(evidence, at, chip.anchors, collateral)


@pytest.mark.parametrize("kind", [VCEK, VLEK])
@pytest.mark.parametrize(("product", "version"), EVERYWHERE)
def test_a_report_of_each_product_and_version_is_genuine(product: str, version: int, kind: str) -> None:
    chip = make_chip(product, kind=kind)
    claims = verified(chip, chip.report(version))
    wanted = LEVELS if product == TURIN else {name: level for name, level in LEVELS.items() if name != "fmc"}
    assert (claims.platform, claims.product, claims.signer) == (Platform.AMD_SEV_SNP, product, kind)
    assert claims.tcb == wanted
    assert claims.facts["report-version"] == str(version)
    assert claims.facts.get("provider") == (PROVIDER if kind == VLEK else None)
    named = TURIN_CHIP_ID if product == TURIN else CHIP_ID
    assert claims.hardware_id == sha256(named.ljust(64, b"\x00")).digest()
    assert (claims.holds_from, claims.holds_until) == (FROM, UNTIL)


def test_the_log_asks_this_verifier() -> None:
    assert VERIFIERS[Platform.AMD_SEV_SNP] is verify_snp


def test_the_claims_are_what_the_report_says() -> None:
    claims = verified(report=CHIP.report(id_key_digest=b"\x1d" * 48, author_key_digest=b"\xaa" * 48, keys=1, vmpl=2))
    assert claims.measurements == {"launch": b"\x3e" * 48, "id-key": b"\x1d" * 48, "author-key": b"\xaa" * 48}
    assert claims.bound == {"report-data": b"\xda" * 64}
    assert (claims.debug, claims.migratable, claims.vmpl) == (False, False, 2)
    assert (claims.tcb_status, claims.advisories, claims.issued_at, claims.endorsed) == (None, frozenset(), None, None)
    assert claims.facts == {
        "report-version": "3",
        "host-data": "40" * 32,
        "family-id": "fa" * 16,
        "image-id": "1a" * 16,
        "guest-svn": "3",
        "abi": "0.31",
        "smt": "allowed",
        "platform-info": "0000000000000025",
        "report-id": "1d" * 32,
    }
    assert claims.collateral == frozenset()


def test_no_key_of_an_identity_block_is_named_where_there_is_none() -> None:
    assert verified().measurements == {"launch": b"\x3e" * 48}


def test_debugging_migration_and_threads_are_claims() -> None:
    assert verified(report=CHIP.report(policy=0xA_0000)).debug
    assert verified(report=CHIP.report(policy=0x6_0000)).migratable
    assert verified(report=CHIP.report(policy=0x2_0000)).facts["smt"] == "not-allowed"


def test_what_was_checked_and_what_was_not() -> None:
    assert verified().checks == (
        passed("certificate-path", "VCEK"),
        not_checked("revocation", "no list of every CA was given"),
        passed("report-signature"),
        passed("firmware-version"),
        passed("chip"),
    )


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "version"])
def test_no_field_may_be_another(name: str) -> None:
    report = CHIP.report(5)
    at, size = FIELDS[name]
    for place in {at, at + size // 2, at + size - 1}:
        for bit in (0x01, 0x80):
            changed = report[:place] + bytes((report[place] ^ bit,)) + report[place + 1 :]
            with pytest.raises(CounterfoilError):
                verified(report=changed)


@pytest.mark.parametrize(
    "name", ["policy", "report_data", "measurement", "host_data", "report_id", "launch_mitigations"]
)
def test_another_field_is_another_signature(name: str) -> None:
    report = CHIP.report(5)
    at, _ = FIELDS[name]
    with pytest.raises(EvidenceSignatureError):
        verified(report=report[:at] + bytes((report[at] ^ 1,)) + report[at + 1 :])


@pytest.mark.parametrize("at", [0x2A0, 0x2CF, 0x2E8, 0x317])
def test_another_number_of_the_signature_is_no_signature(at: int) -> None:
    report = CHIP.report()
    with pytest.raises(EvidenceSignatureError):
        verified(report=report[:at] + bytes((report[at] ^ 1,)) + report[at + 1 :])


def test_signatures_of_nothing_are_none() -> None:
    body = CHIP.report()[:0x2A0]
    for r, s in ((0, 0), (0, 1), (1, 0), (1, 1), (P384_ORDER, 1), (1, P384_ORDER), (2**384 - 1, 2**384 - 1)):
        with pytest.raises(EvidenceSignatureError):
            verified(report=body + r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368))


def test_the_twin_of_a_signature_gives_the_same_claims() -> None:
    # Nothing names evidence by its bytes, so the other signature that ECDSA admits does no harm.
    report = CHIP.report()
    s = int.from_bytes(report[0x2E8:0x330], "little")
    twin = report[:0x2E8] + (P384_ORDER - s).to_bytes(72, "little") + report[0x330:]
    assert twin != report
    assert verified(report=twin) == verified(report=report)


def test_a_report_that_another_key_signed_is_refused() -> None:
    body = CHIP.report()[:0x2A0]
    with pytest.raises(EvidenceSignatureError):
        verified(report=body + report_signature(new_key(ec.SECP384R1()), body))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1()])
def test_a_chip_has_a_key_on_p_384(curve: ec.EllipticCurve) -> None:
    chip = make_chip(key=new_key(curve))
    with pytest.raises(EvidenceCertificateError, match="P-384"):
        verified(chip, CHIP.report())


def test_a_certificate_of_another_kind_than_the_report_names_is_refused() -> None:
    provider = make_chip(kind=VLEK)
    for chip, kind in ((CHIP, 1), (provider, 0)):
        with pytest.raises(EvidenceCertificateError, match="report names"):
            verified(chip, chip.report(keys=kind << 2))


@pytest.mark.parametrize(("family", "model"), [(0x19, 0x11), (0x1A, 0x02)])
def test_a_report_of_another_product_is_refused(family: int, model: int) -> None:
    with pytest.raises(EvidenceMismatchError, match="Milan"):
        verified(report=CHIP.report(cpu_family=family, cpu_model=model))


def test_a_report_of_another_chip_is_refused() -> None:
    for chip_id in (CHIP_ID[:-1] + b"\x00", b"\x09" + CHIP_ID[1:], b"\x01" + bytes(63), CHIP_ID[:8] + bytes(56)):
        with pytest.raises(EvidenceMismatchError, match="another chip"):
            verified(report=CHIP.report(chip_id=chip_id))


def test_a_chip_of_turin_is_named_by_eight_bytes() -> None:
    chip = make_chip(TURIN)
    for chip_id in (TURIN_CHIP_ID + bytes(55) + b"\x01", TURIN_CHIP_ID + b"\x09" + bytes(55), b"\x02" + bytes(63)):
        with pytest.raises(EvidenceMismatchError, match="another chip"):
            verified(chip, chip.report(chip_id=chip_id))
    whole = make_chip(TURIN, chip_id=CHIP_ID)
    assert verified(whole).hardware_id == sha256(CHIP_ID).digest()
    with pytest.raises(EvidenceMismatchError, match="another chip"):
        verified(whole, whole.report(chip_id=TURIN_CHIP_ID + bytes(56)))


def test_a_chip_of_another_product_is_not() -> None:
    chip = make_chip(MILAN, chip_id=TURIN_CHIP_ID)
    with pytest.raises(EvidenceMismatchError, match="another chip"):
        verified(chip)


def test_a_host_may_hide_the_chip_and_its_own_key_still_names_it() -> None:
    claims = verified(report=CHIP.report(chip_id=bytes(64)))
    assert claims.hardware_id == sha256(CHIP_ID).digest()
    assert not_checked("chip", "the report or the certificate names none") in claims.checks
    turin = make_chip(TURIN)
    assert verified(turin, turin.report(chip_id=bytes(64))).hardware_id == verified(turin).hardware_id


def test_a_provider_s_key_names_no_chip() -> None:
    chip = make_chip(kind=VLEK)
    hidden = verified(chip, chip.report(chip_id=bytes(64)))
    assert hidden.hardware_id is None
    for claims in (hidden, verified(chip)):
        assert {check.name for check in claims.checks if check.outcome is Outcome.NOT_CHECKED} == {"revocation", "chip"}


def test_the_key_of_a_chip_that_signs_nothing_signed_nothing() -> None:
    for chip_id in (CHIP_ID, bytes(64)):
        with pytest.raises(EvidenceMismatchError, match="signs nothing"):
            verified(report=CHIP.report(keys=2, chip_id=chip_id))
    provider = make_chip(kind=VLEK)
    assert verified(provider, provider.report(keys=6)).signer == VLEK


@pytest.mark.parametrize("name", ["bootloader", "tee", "snp", "microcode"])
@pytest.mark.parametrize("product", [MILAN, TURIN])
def test_a_report_of_another_version_of_the_firmware_is_refused(name: str, product: str) -> None:
    chip = make_chip(product)
    for level in (LEVELS[name] - 1, LEVELS[name] + 1):
        with pytest.raises(EvidenceMismatchError, match="version of the firmware"):
            verified(chip, chip.report(reported_tcb=chip.tcb(**{name: level})))


def test_turin_has_a_part_more() -> None:
    chip = make_chip(TURIN)
    with pytest.raises(EvidenceMismatchError, match="version of the firmware"):
        verified(chip, chip.report(reported_tcb=chip.tcb(fmc=0)))


@pytest.mark.parametrize("name", ["current_tcb", "committed_tcb", "launch_tcb"])
def test_other_versions_than_the_reported_one_may_differ(name: str) -> None:
    newer = CHIP.tcb(snp=25)
    assert verified(report=CHIP.report(**{name: newer})).tcb["snp"] == LEVELS["snp"]


@pytest.mark.parametrize("name", ["current_tcb", "reported_tcb", "committed_tcb", "launch_tcb"])
@pytest.mark.parametrize(("product", "places"), [(MILAN, (2, 3, 4, 5)), (TURIN, (4, 5, 6))])
def test_bytes_of_a_version_that_no_part_has_are_zero(name: str, product: str, places: tuple[int, ...]) -> None:
    chip = make_chip(product)
    for at in places:
        packed = bytearray(chip.tcb())
        packed[at] = 1
        with pytest.raises(EvidenceMismatchError, match="parts that the product does not have"):
            verified(chip, chip.report(**{name: bytes(packed)}))


def test_certificates_of_another_chip_are_refused() -> None:
    other = make_chip(chip_id=CHIP_ID[::-1])
    with pytest.raises(EvidenceMismatchError, match="another chip"):
        verified(certificates=other.certificates())
    twin = make_chip()
    with pytest.raises(EvidenceSignatureError):
        verified(certificates=twin.certificates())


def test_certificates_of_another_product_are_refused() -> None:
    genoa = make_chip(GENOA)
    with pytest.raises(EvidenceMismatchError):
        verify_snp(CHIP.evidence(certificates=genoa.certificates()), AT, genoa.anchors, NO_COLLATERAL)
    with pytest.raises(RootUnknownError):
        verified(certificates=genoa.certificates())


def test_a_root_that_nobody_pinned_is_none_though_it_has_amd_s_name() -> None:
    for anchors in (vendor_anchors(Platform.AMD_SEV_SNP), Anchors(frozenset())):
        with pytest.raises(RootUnknownError):
            verify_snp(CHIP.evidence(), AT, anchors, NO_COLLATERAL)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"report": b""},
        {"certificates": b""},
        {"report": b"", "certificates": b"", "more": b""},
        {"report": b"", "certificates": b"", "vcek": b""},
    ],
)
def test_the_parts_are_those_that_it_has(parts: Mapping[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verify_snp(Evidence(Platform.AMD_SEV_SNP, parts), AT, CHIP.anchors, NO_COLLATERAL)


def test_the_report_is_read_before_any_certificate() -> None:
    for report, error in ((bytes(1185), MalformedEvidenceError), (bytes(1184), EvidenceVersionError)):
        with pytest.raises(error):
            verified(report=report, certificates=b"none")


def test_certificates_are_bounded_before_they_are_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        verified(certificates=CHIP.certificates() + bytes(32 * 1024))


def test_an_endorsement_is_among_the_claims_and_bounds_them() -> None:
    signer = make_uvm_signer()
    claims = verified(endorsement=signer.endorse(b"\x3e" * 48, 7))
    assert claims.endorsed is not None
    assert (claims.endorsed.did, claims.endorsed.feed, claims.endorsed.svn) == (signer.did, UVM_FEED, 7)
    assert claims.checks[-1] == passed("measurement-endorsement", UVM_FEED)
    with pytest.raises(EvidenceMismatchError, match="launch measurement"):
        verified(endorsement=signer.endorse(b"\x3f" * 48))


def test_no_part_of_it_is_looked_at_that_nobody_signed() -> None:
    report = signed_report(CHIP.key, {"version": 3})
    with pytest.raises(CounterfoilError):
        verified(report=report)


def test_what_collateral_was_used_is_said() -> None:
    assert verified(collateral=Collateral(dcap=(b"x",))).collateral == frozenset()
    assert collateral_digest(b"x") == sha256(b"x").digest()
