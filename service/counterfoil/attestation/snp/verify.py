"""Evidence of AMD SEV-SNP: a report about a guest, signed by a key that AMD certifies for the chip or its provider."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import Check, Endorsed, EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.snp.certificates import ChipCertificate, verify_chip_certificate
from counterfoil.attestation.snp.endorsement import verify_endorsement
from counterfoil.attestation.snp.report import CHIP_BYTES, SigningKey, SnpReport, parse_snp_report
from counterfoil.attestation.snp.tcb import TURIN, parse_tcb, unused_bytes
from counterfoil.cose.public_key import PublicKey
from counterfoil.errors import EvidenceCertificateError, EvidenceMismatchError, EvidenceSignatureError

REPORT: Final = "report"
CERTIFICATES: Final = "certificates"
ENDORSEMENT: Final = "endorsement"
_TURIN_CHIP_BYTES: Final = 8
"""Of a Turin chip the first bytes of the field; the rest is zero."""


def verify_snp(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of an SNP report of version 2 to 5 that holds at the time ``at``.

    The parts are ``report``, 1184 bytes; ``certificates`` in PEM, that of the chip (VCEK) or provider (VLEK) first and
    its CAs in any order; and perhaps ``endorsement``, a signed statement that names the launch measurement.

    Raises:
        MalformedError: The report or a certificate cannot be read.
        EvidenceVersionError: The report, its signing key or its processor is none that is verified here.
        EvidenceCertificateError: The certificate is none of a VCEK or VLEK, or not of the kind that the report names.
        EvidenceMismatchError: Certificate and report are of other chips, products or versions of the firmware, or the
            endorsement is of another measurement.
        EvidenceSignatureError: The key of the certificate did not sign the report.
        UnverifiedError: The certificate, or the endorsement, leads to no root that is trusted, or is not of that time.

    SEV-SNP Firmware ABI Specification, section 7.3; VCEK Certificate and KDS Interface Specification, section 3.
    """
    evidence.require_parts(frozenset({REPORT, CERTIFICATES}), frozenset({ENDORSEMENT}))
    report = parse_snp_report(evidence.part(REPORT))
    certificate = verify_chip_certificate(evidence.part(CERTIFICATES), at, anchors, collateral.crls)
    _require_same(report, certificate)
    _require_signed(report, certificate.key)
    endorsed, holds_from, holds_until = None, certificate.holds_from, certificate.holds_until
    if ENDORSEMENT in evidence.parts:
        endorsement = verify_endorsement(evidence.part(ENDORSEMENT), report.measurement, at)
        endorsed = endorsement.endorsed
        holds_from, holds_until = max(holds_from, endorsement.holds_from), min(holds_until, endorsement.holds_until)
    return EvidenceClaims(
        platform=Platform.AMD_SEV_SNP,
        product=certificate.product,
        signer=certificate.kind.name,
        measurements=MappingProxyType(_measurements(report)),
        bound=MappingProxyType({"report-data": report.report_data}),
        debug=report.is_debuggable,
        migratable=report.is_migratable,
        tcb=parse_tcb(report.reported_tcb, certificate.product),
        hardware_id=_hardware_id(report, certificate),
        vmpl=report.vmpl,
        facts=MappingProxyType(_facts(report, certificate)),
        endorsed=endorsed,
        holds_from=holds_from,
        holds_until=holds_until,
        collateral=certificate.crls,
        checks=_checks(report, certificate, endorsed),
    )


def _require_same(report: SnpReport, certificate: ChipCertificate) -> None:
    if certificate.kind is not report.signing_key:
        raise EvidenceCertificateError(f"the report names a {report.signing_key.name}, and the certificate is of none")
    if report.product not in {None, certificate.product}:
        raise EvidenceMismatchError(f"the report is of {report.product}, and the certificate of {certificate.product}")
    for tcb in (report.current_tcb, report.reported_tcb, report.committed_tcb, report.launch_tcb):
        if any(unused_bytes(tcb, certificate.product)):
            raise EvidenceMismatchError("a version of the firmware has parts that the product does not have")
    if parse_tcb(report.reported_tcb, certificate.product) != certificate.levels:
        raise EvidenceMismatchError("the certificate is for another version of the firmware than the report names")
    if certificate.kind is SigningKey.VCEK and report.masks_chip_key:
        raise EvidenceMismatchError("the report says that the key of the chip signs nothing, and names it")
    if any(report.chip_id) and certificate.chip_id not in {None, _chip_id(report, certificate)}:
        raise EvidenceMismatchError("the certificate is of another chip than the report names")


def _chip_id(report: SnpReport, certificate: ChipCertificate) -> bytes:
    size = len(certificate.chip_id or b"")
    if certificate.product == TURIN and size == _TURIN_CHIP_BYTES:
        return report.chip_id[:size] if not any(report.chip_id[size:]) else b""
    return report.chip_id


def _require_signed(report: SnpReport, key: PublicKey) -> None:
    material = key.material
    if not isinstance(material, ec.EllipticCurvePublicKey) or not isinstance(material.curve, ec.SECP384R1):
        raise EvidenceCertificateError("SNP reports are signed with keys on P-384")
    half = len(report.signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (report.signature[:half], report.signature[half:]))
    try:
        material.verify(encode_dss_signature(r, s), report.signed, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as error:
        raise EvidenceSignatureError("the key of the certificate did not sign the report") from error


def _measurements(report: SnpReport) -> dict[str, bytes]:
    digests = {"launch": report.measurement}
    if any(report.id_key_digest):
        digests["id-key"] = report.id_key_digest
    if report.author_key_digest is not None:
        digests["author-key"] = report.author_key_digest
    return digests


def _hardware_id(report: SnpReport, certificate: ChipCertificate) -> bytes | None:
    # Where the host hides it, the certificate of the chip's own key still says it.
    named = report.chip_id if any(report.chip_id) else (certificate.chip_id or b"").ljust(CHIP_BYTES, b"\x00")
    return sha256(named).digest() if any(named) else None


def _facts(report: SnpReport, certificate: ChipCertificate) -> Mapping[str, str]:
    facts = {
        "report-version": str(report.version),
        "host-data": report.host_data.hex(),
        "family-id": report.family_id.hex(),
        "image-id": report.image_id.hex(),
        "guest-svn": str(report.guest_svn),
        "abi": report.abi,
        "smt": "allowed" if report.allows_smt else "not-allowed",
        "platform-info": f"{report.platform_info:016x}",
        "report-id": report.report_id.hex(),
    }
    return facts if certificate.provider is None else facts | {"provider": certificate.provider}


def _checks(report: SnpReport, certificate: ChipCertificate, endorsed: Endorsed | None) -> tuple[Check, ...]:
    names_chip = certificate.chip_id is not None and any(report.chip_id)
    return (
        passed("certificate-path", certificate.kind.name),
        _revocation(certificate),
        passed("report-signature"),
        passed("firmware-version"),
        passed("chip") if names_chip else not_checked("chip", "the report or the certificate names none"),
        *(() if endorsed is None else (passed("measurement-endorsement", endorsed.feed),)),
    )


def _revocation(certificate: ChipCertificate) -> Check:
    match certificate.without_crl:
        case ():
            return passed("revocation")
        case (0,):
            return not_checked(
                "revocation", "that CA lists no chips, or its list was not given; the CAs are not revoked"
            )
        case _:
            return not_checked("revocation", "no list of every CA was given")
