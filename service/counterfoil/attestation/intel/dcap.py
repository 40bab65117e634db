"""The edge to dcap-qvl, which checks the signatures of a quote and its TCB against collateral: the one file."""

from dataclasses import dataclass
from typing import Final

import dcap_qvl

from counterfoil.attestation.intel.dcap_collateral import DcapCollateral
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CollateralInvalidError,
    CollateralOutOfDateError,
    EvidenceAttributesError,
    EvidenceCertificateError,
    EvidenceDebugError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTcbError,
    EvidenceVersionError,
    MalformedError,
    MalformedEvidenceError,
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
    UnverifiedError,
)

_REFUSALS: Final[tuple[tuple[str, type[MalformedError | UnverifiedError], str], ...]] = (
    ("CertRevoked", CertificateRevokedError, "a certificate of the quote or of its collateral is revoked"),
    ("CrlExpired", CollateralOutOfDateError, "a CRL of the collateral is out of date"),
    ("TCBInfo expired", CollateralOutOfDateError, "the TCB info is out of date"),
    ("QE Identity expired", CollateralOutOfDateError, "the QE identity is out of date"),
    ("issue date is in the future", CollateralOutOfDateError, "the collateral is of a time to come"),
    ("CertExpired", CertificateOutOfDateError, "a certificate of the quote or of its collateral is out of date"),
    (
        "CertNotValidYet",
        CertificateOutOfDateError,
        "a certificate of the quote or of its collateral is of a later time",
    ),
    ("UnknownRevocationStatus", RevocationUnknownError, "no CRL speaks of a certificate of the quote"),
    ("InvalidCrlSignature", CollateralInvalidError, "a CRL of the collateral is not signed by its CA"),
    ("Failed to parse root CA CRL", CollateralInvalidError, "the CRL of the root is not one of the root"),
    ("Failed to parse PCK CRL", CollateralInvalidError, "the CRL of the PCK CA cannot be used"),
    ("Signature is invalid for tcb_info", CollateralInvalidError, "the signature of the TCB info does not verify"),
    (
        "Signature is invalid for qe_identity",
        CollateralInvalidError,
        "the signature of the QE identity does not verify",
    ),
    ("Failed to decode TcbInfo", CollateralInvalidError, "the TCB info is not in its form"),
    ("Failed to decode QeIdentity", CollateralInvalidError, "the QE identity is not in its form"),
    ("Unsupported QE Identity", CollateralInvalidError, "the QE identity is of a version that is not read"),
    ("non-TDX TCB info", CollateralInvalidError, "the TCB info is of a version that is not read"),
    ("non-SGX TCB info", CollateralInvalidError, "the TCB info is of a version that is not read"),
    ("leaf certificate", CollateralInvalidError, "what signed the collateral is no certificate for it"),
    ("tcbDate", CollateralInvalidError, "the TCB info is not in its form"),
    ("No TCB levels found in QE Identity", CollateralInvalidError, "the QE identity names no TCB level"),
    ("component count mismatch", CollateralInvalidError, "the TCB info is not in its form"),
    ("UnknownIssuer", RootUnknownError, "no chain leads from the quote and its collateral to a root that is pinned"),
    ("Failed to verify certificate chain", PathInvalidError, "a chain of the quote or of its collateral does not hold"),
    ("Failed to parse PCK certificate", EvidenceCertificateError, "the PCK certificate is in a form that is not read"),
    ("Signature is invalid for qe_report", EvidenceSignatureError, "the PCK key did not sign the QE report"),
    ("ISV enclave report signature", EvidenceSignatureError, "the attestation key did not sign the quote"),
    ("QE report hash mismatch", EvidenceMismatchError, "the QE report is about another attestation key"),
    ("below minimum", EvidenceTcbError, "the platform is below every TCB level of its vendor"),
    ("QE MRSIGNER", EvidenceMismatchError, "the quoting enclave is none that Intel names"),
    ("QE ATTRIBUTES", EvidenceMismatchError, "the quoting enclave is none that Intel names"),
    ("QE MISCSELECT", EvidenceMismatchError, "the quoting enclave is none that Intel names"),
    ("QE ISVPRODID", EvidenceMismatchError, "the quoting enclave is none that Intel names"),
    ("QE report validation failed", EvidenceMismatchError, "the quoting enclave is none that Intel names"),
    ("No matching TCB level", EvidenceTcbError, "the platform matches no TCB level of its vendor"),
    ("TCB status is invalid", EvidenceTcbError, "the TCB of the platform is revoked"),
    ("Unrecognized TCB status", EvidenceTcbError, "the TCB of the platform has a status that is not known"),
    ("current TDX TCB", EvidenceTcbError, "the TDX module that runs now matches no TCB level of its vendor"),
    ("TDX module", EvidenceTcbError, "the TDX module is none that Intel names"),
    ("Debug mode", EvidenceDebugError, "the host may read the memory of the environment"),
    ("TD profiling is enabled", EvidenceAttributesError, "the trust domain may be profiled"),
    ("TD migration is enabled", EvidenceAttributesError, "the trust domain may be migrated"),
    ("SERVTD_EXT is enabled", EvidenceAttributesError, "the trust domain admits service domains of another kind"),
    ("SEPT_VE_DISABLE is not", EvidenceAttributesError, "the trust domain does not disable exceptions of its host"),
    ("Reserved bits", EvidenceAttributesError, "the trust domain has attributes that nobody has defined"),
    ("Invalid MR service TD", EvidenceAttributesError, "the trust domain is bound to a service domain"),
    ("Invalid QE auth data", MalformedEvidenceError, "the authentication data of the QE have another length"),
    ("Failed to decode quote", MalformedEvidenceError, "the quote cannot be read"),
    ("Unsupported DCAP", EvidenceVersionError, "the quote is of a form that is not verified here"),
)
"""What the library says when it refuses, as far as somebody may have to tell it apart; the first that is found counts.

What is not here is a refusal all the same: no text of the library is ever taken for success.
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the library found of a quote that holds: the TCB status in Intel's words, the advisories, and the PPID."""

    tcb_status: str
    advisories: frozenset[str]
    ppid: bytes


def verify_with_dcap(quote: bytes, collateral: DcapCollateral, root: bytes | None, at: int) -> Judged:
    """What is so of a quote, all of whose signatures and certificates hold under ``root`` at the time ``at``.

    ``root`` is a certificate in DER; None stands for Intel's own, which the library brings along.

    Raises:
        UnverifiedError: The quote or the collateral is not genuine, not of that time, or about a platform that is not
            to be trusted at all; a leaf of it where it is known which.
        MalformedError: The library cannot read the quote.

    Intel SGX ECDSA Quote Verification Library, ``sgx_qv_verify_quote``.
    """
    try:
        members = _library_form(collateral)
        if root is None:
            report = dcap_qvl.verify(quote, members, at)
        else:
            report = dcap_qvl.verify_with_root_ca(quote, members, root, at)
        return Judged(report.status, frozenset(report.advisory_ids), report.ppid)
    except (ValueError, OverflowError, TypeError) as error:
        raise _refusal(str(error)) from error


def _library_form(collateral: DcapCollateral) -> dcap_qvl.QuoteCollateralV3:
    said = collateral.members
    return dcap_qvl.QuoteCollateralV3(
        said["pck_crl_issuer_chain"],
        collateral.root_crl,
        collateral.pck_crl,
        said["tcb_info_issuer_chain"],
        said["tcb_info"],
        collateral.tcb_info.signature,
        said["qe_identity_issuer_chain"],
        said["qe_identity"],
        collateral.qe_identity.signature,
    )


def _refusal(text: str) -> MalformedError | UnverifiedError:
    for sign, kind, detail in _REFUSALS:
        if sign in text:
            return kind(detail)
    return UnverifiedError("the quote does not hold")
