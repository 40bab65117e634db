"""NVIDIA GPUs: whether a report is one that a GPU signed with a key that NVIDIA certified."""

from collections.abc import Sequence
from hashlib import sha256
from re import compile as regular
from types import MappingProxyType
from typing import Final

from cryptography import x509

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.certificate_paths.ordered import validate_ordered
from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.claims import Check, EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.nvidia.fields import FIRMWARE_ID, field_facts
from counterfoil.attestation.nvidia.firmware import certified_firmware
from counterfoil.attestation.nvidia.spdm import GpuReport, parse_gpu_report
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.purpose import VerifiedPath
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    RootUnknownError,
    SignatureInvalidError,
)
from counterfoil.statement.claims import MAX_NUMERIC_DATE

MAX_PEM_BYTES: Final = 32 * 1024
"""A chain of five certificates takes 5 KB."""

_PARTS: Final = frozenset({"report", "certificates"})
_ES384: Final = algorithm_named("ES384")
_CHIP: Final = regular(r"\b(G[A-Z])\d{3}[A-Z]?\b")
_FAMILIES: Final = {"GH": "Hopper", "GB": "Blackwell", "GA": "Ampere"}
_SHORTEST_CHAIN: Final = 3
"""A leaf that the GPU certified itself, the GPU's own certificate, and a CA of NVIDIA."""


def verify_nvidia_gpu(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral) -> EvidenceClaims:
    """The claims of a report, once its signature holds up to a pinned root at the time ``at``.

    The parts are ``report``, the request and the response as bytes, and ``certificates``, PEM from the leaf on.
    Whether the measurements are NVIDIA's is not checked here, and with it neither whether the GPU is in a mode for
    debugging, which the report does not say.

    Raises:
        MalformedError: The report or the certificates cannot be read.
        EvidenceSignatureError: The leaf's key did not sign the report.
        EvidenceMismatchError: The report is of other firmware than the leaf was issued to.
        EvidenceCertificateError: The certificates are not in order, or of two kinds of chips.
        UnverifiedError: They lead to no pinned root, or are not valid at ``at``.

    DMTF DSP0274 1.1, section on MEASUREMENTS; TCG DICE Attestation Architecture, section on TcbInfo.
    """
    if evidence.platform is not Platform.NVIDIA_GPU:
        raise EvidenceMismatchError(f"evidence of {evidence.platform} is none of an NVIDIA GPU")
    evidence.require_parts(_PARTS)
    report = parse_gpu_report(evidence.part("report"))
    chain = _chain(evidence.part("certificates"))
    roots = anchors.roots_among(chain)
    if not roots:
        raise RootUnknownError("neither the evidence nor the operator supplied a root that is pinned")
    crls = _crls_of(chain, roots, collateral)
    path = validate_ordered(chain, roots, at, crls=crls)
    _require_signed(report, path)
    return EvidenceClaims(
        platform=Platform.NVIDIA_GPU,
        product=_product(path.certificates),
        signer="GPU",
        measurements=MappingProxyType({f"index-{index:02}": digest for index, digest in report.measurements.items()}),
        bound=MappingProxyType({"nonce": report.nonce}),
        debug=False,
        hardware_id=sha256(parse_certificate(path.certificates[1]).spki).digest(),
        facts=MappingProxyType(field_facts(report.opaque) | {"response-nonce": report.response_nonce.hex()}),
        holds_from=max(0, path.holds_from),
        holds_until=min(path.holds_until, MAX_NUMERIC_DATE),
        collateral=frozenset(collateral_digest(crl) for crl in crls),
        checks=(
            passed("certificate-path"),
            passed("signature"),
            _firmware_check(report, path.certificates[0]),
            _revocation_check(path),
            not_checked("reference-integrity-manifest"),
            not_checked("debug-mode", "a report does not say it; the measurements do"),
        ),
    )


def _chain(pem: bytes) -> tuple[bytes, ...]:
    if len(pem) > MAX_PEM_BYTES:
        raise EvidenceTooLargeError(f"{len(pem)} bytes of certificates where {MAX_PEM_BYTES} are read")
    chain = parse_pem_chain(pem, at_most=MAX_CERTIFICATES)
    if len(chain) < _SHORTEST_CHAIN:
        raise EvidenceCertificateError("the certificates of a GPU are at least its leaf, its own and a CA's")
    return chain


def _require_signed(report: GpuReport, path: VerifiedPath) -> None:
    try:
        verify_signature(_ES384, path.leaf_key, report.signature, report.signed)
    except (SignatureInvalidError, AlgorithmKeyMismatchError) as error:
        raise EvidenceSignatureError("the report is not signed by the key of its certificate") from error


def _firmware_check(report: GpuReport, leaf: bytes) -> Check:
    """Firmware of older drivers does not name itself in the report."""
    reported = report.opaque.get(FIRMWARE_ID)
    if not reported:
        return not_checked("firmware-id", "the report names no firmware")
    if reported != certified_firmware(leaf):
        raise EvidenceMismatchError("the report is of other firmware than its certificate was issued to")
    return passed("firmware-id")


def _revocation_check(path: VerifiedPath) -> Check:
    if not path.without_crl:
        return passed("revocation")
    return not_checked("revocation", "of certificates " + ", ".join(map(str, path.without_crl)) + " of the path")


def _crls_of(chain: Sequence[bytes], roots: Sequence[bytes], collateral: Collateral) -> tuple[bytes, ...]:
    if not collateral.crls:
        return ()
    authorities = {parse_certificate(der).subject for der in (*chain[1:], *roots)}
    return tuple(crl for crl in collateral.crls if parse_crl(crl).issuer in authorities)


def _product(certificates: Sequence[bytes]) -> str:
    """The family of the chip that the names of the certificates below the root agree on."""
    subjects = [x509.load_der_x509_certificate(der).subject for der in certificates[:-1]]
    names = [name.value for each in subjects for name in each.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    chips = [found[1] for name in names if isinstance(name, str) and (found := _CHIP.search(name))]
    if not chips or len(set(chips)) != 1:
        raise EvidenceCertificateError("the certificates do not name one kind of chip")
    return _FAMILIES.get(chips[0], chips[0])
