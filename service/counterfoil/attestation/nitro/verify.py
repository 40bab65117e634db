"""AWS Nitro Enclaves: whether a document is one that the security module of an enclave signed."""

from hashlib import sha256
from re import compile as regular
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.certificate_paths.ordered import validate_ordered
from counterfoil.attestation.claims import EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.nitro.document import NitroDocument, parse_nitro_document
from counterfoil.cose.sign1 import verify_sign1
from counterfoil.cose.x509_path.purpose import VerifiedPath
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    EvidenceMismatchError,
    EvidenceOutOfDateError,
    EvidenceSignatureError,
    RootUnknownError,
    SignatureInvalidError,
)
from counterfoil.statement.claims import MAX_NUMERIC_DATE

MAX_SECONDS_AHEAD: Final = 60
"""How far the clock of a security module may be ahead of the log's. The machines are AWS's, and keep the time."""

_MILLISECONDS: Final = 1000
_NAMED_PCRS: Final = frozenset({0, 1, 2, 3, 4, 8})
"""AWS says what these are of: image, kernel, application, role, instance and the certificate of the image's signer.

They are claims even where they are all zero, as are others once something was measured into them.
"""

_IMAGE_PCRS: Final = (0, 1, 2)
_MODULE: Final = regular(r"(i-[0-9a-f]{8,32})-enc[0-9a-f]{1,32}")


def verify_nitro(evidence: Evidence, at: int, anchors: Anchors, _collateral: Collateral) -> EvidenceClaims:
    """The claims of a document, once its signature holds up to a pinned root at the time ``at``.

    The part is ``document``. Its root is the first certificate of its bundle, and the others follow down to the leaf.
    The document was made while all of them were valid, and not later than a minute after ``at``. Revocation is not
    checked, as AWS asks. Debug is what leaves a PCR of the image all zero.

    Raises:
        MalformedError: The document cannot be read.
        EvidenceOutOfDateError: It was made while a certificate was not valid, or after ``at``.
        EvidenceSignatureError: The leaf's key did not sign it.
        UnverifiedError: Its certificates lead to no pinned root, or are not valid at ``at``.

    AWS Nitro Enclaves NSM API, attestation process, section 3.2.3.
    """
    if evidence.platform is not Platform.AWS_NITRO:
        raise EvidenceMismatchError(f"evidence of {evidence.platform} is none of a Nitro Enclave")
    evidence.require_parts(frozenset({"document"}))
    document = parse_nitro_document(evidence.part("document"))
    root, *others = document.bundle
    if not anchors.is_pinned(root):
        raise RootUnknownError("the bundle of the document does not begin with a pinned root")
    path = validate_ordered((document.certificate, *reversed(others), root), (root,), at)
    _require_signed(document, path)
    issued_at = document.timestamp // _MILLISECONDS
    _require_in_date(issued_at, path, at)
    return EvidenceClaims(
        platform=Platform.AWS_NITRO,
        product="Nitro Enclaves",
        signer="NSM",
        measurements=MappingProxyType(_measurements(document)),
        bound=MappingProxyType(dict(document.chosen)),
        debug=any(not any(document.pcrs[index]) for index in _IMAGE_PCRS),
        hardware_id=_hardware_id(document.module_id),
        facts=MappingProxyType({"module-id": document.module_id}),
        issued_at=issued_at,
        holds_from=max(path.holds_from, issued_at - MAX_SECONDS_AHEAD),
        holds_until=min(path.holds_until, MAX_NUMERIC_DATE),
        checks=(
            passed("certificate-path"),
            passed("signature"),
            passed("timestamp"),
            not_checked("revocation", "AWS asks to leave it out"),
        ),
    )


def _require_signed(document: NitroDocument, path: VerifiedPath) -> None:
    try:
        verify_sign1(document.message, path.leaf_key)
    except (SignatureInvalidError, AlgorithmKeyMismatchError) as error:
        raise EvidenceSignatureError("the document is not signed by the key of its certificate") from error


def _require_in_date(issued_at: int, path: VerifiedPath, at: int) -> None:
    if not path.holds_from <= issued_at <= path.holds_until:
        raise EvidenceOutOfDateError("the document was not made while its certificates were valid")
    if issued_at > at + MAX_SECONDS_AHEAD:
        raise EvidenceOutOfDateError("the document says that it was made later than now")


def _measurements(document: NitroDocument) -> dict[str, bytes]:
    return {f"pcr{index}": pcr for index, pcr in document.pcrs.items() if index in _NAMED_PCRS or any(pcr)}


def _hardware_id(module_id: str) -> bytes | None:
    """The instance stands for the chip: AWS names no chip, and no two instances share one security module."""
    found = _MODULE.fullmatch(module_id)
    return None if found is None else sha256(found[1].encode()).digest()
