"""Whether DCAP collateral is what Intel signed, without any quote: what is asked before an operator loads it."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.intel.dcap_collateral import DcapCollateral, Signed
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.signatures import verify_signed
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import (
    CollateralInvalidError,
    CollateralOutOfDateError,
    PathInvalidError,
    RootUnknownError,
)

_SIGNER: Final = PathPurpose()
_PCK_CA: Final = PathPurpose(leaf_may_be_ca=True, leaf_signs_crls=True)
_HALF: Final = 32


def verify_dcap_collateral(collateral: DcapCollateral, at: int, anchors: Anchors) -> DcapCollateral:
    """The collateral, once all of it is signed under a pinned root that it carries or the anchors hold, and in date.

    What it says of TCB levels is not looked at: the library that judges quotes by it refuses what it cannot read.

    Raises:
        CollateralOutOfDateError: It is not of the time ``at``.
        CollateralInvalidError: A signature does not verify, or a chain leads to no pinned root.
        CertificateRevokedError, RevocationUnknownError: One of its certificates is revoked, or its CRLs do not say.

    Intel SGX and TDX Provisioning Certification Service API, version 4: Get TCB Info, Get QE Identity, Get Revocation
    List; RFC 5280, section 6.
    """
    if not collateral.is_in_date(at):
        raise CollateralOutOfDateError(
            f"it holds from {collateral.holds_from} to {collateral.holds_until}, not at {at}"
        )
    roots = anchors.roots_among(collateral.certificates())
    for signed in (collateral.tcb_info, collateral.qe_identity):
        _require_signed(signed, _path(signed.chain, _SIGNER, collateral, roots, at))
    authority = _path(collateral.pck_ca_chain, _PCK_CA, collateral, roots, at)
    crl = parse_crl(collateral.pck_crl)
    try:
        verify_signed(crl.signed.algorithm, crl.signed.signature, crl.signed.tbs, authority.leaf_key)
    except PathInvalidError as error:
        raise CollateralInvalidError("the CRL of the PCK CA is not signed by it") from error
    return collateral


def _path(
    chain: tuple[bytes, ...], purpose: PathPurpose, collateral: DcapCollateral, roots: tuple[bytes, ...], at: int
) -> VerifiedPath:
    try:
        return validate_path(chain, roots, at, purpose=purpose, crls=[collateral.root_crl])
    except (PathInvalidError, RootUnknownError) as error:
        raise CollateralInvalidError("a chain of the collateral leads to no pinned root") from error


def _require_signed(signed: Signed, path: VerifiedPath) -> None:
    key = path.leaf_key.material
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CollateralInvalidError("collateral is signed with ECDSA on P-256")
    r, s = (int.from_bytes(half, "big") for half in (signed.signature[:_HALF], signed.signature[_HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), signed.text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise CollateralInvalidError("the signature of TCB info or QE identity does not verify") from error
