"""Whether the key that signed a quote is one that an operator trusts: pinned, or certified below a pinned root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.claims import Check, not_checked, passed
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence
from counterfoil.attestation.tpm.public_area import TpmPublic, parse_tpm_public, require_attestation_key
from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.public_key import PublicKey, public_key_der
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES, validate_path
from counterfoil.errors import EvidenceMismatchError, EvidencePartError, RootUnknownError
from counterfoil.statement.claims import MAX_NUMERIC_DATE

PUBLIC_PART: Final = "public"
CERTIFICATES_PART: Final = "certificates"

_PURPOSE: Final = PathPurpose(
    extended_key_usage="2.23.133.8.3", extended_key_usage_may_be_absent=True, crl_may_be_missing=True
)
"""tcg-kp-AIKCertificate (TCG EK Credential Profile, annex A), which not all issuers write down."""

_LEFT_OUT: Final = {
    NotChecked.REVOCATION: "revocation",
    NotChecked.EXTENDED_KEY_USAGE: "extended-key-usage",
}
_ATTRIBUTES: Final = "key-attributes"


@dataclass(frozen=True, slots=True)
class AttestationKey:
    """A key that is trusted to sign quotes, why, how long, and its public area where that was given."""

    key: PublicKey
    public: TpmPublic | None
    checks: tuple[Check, ...]
    holds_from: int = 0
    holds_until: int = MAX_NUMERIC_DATE
    collateral: frozenset[bytes] = frozenset()


def verify_attestation_key(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral) -> AttestationKey:
    """The attestation key of ``evidence``, when it is pinned, or certified below a pinned root at the time ``at``.

    A pin is SHA-256 of the key's SubjectPublicKeyInfo, or of its TPMT_PUBLIC, which is its name without the number in
    front; or of a root certificate. Only with the second kind its attributes are more than what the sender says.

    Raises:
        EvidencePartError: Neither its public area nor a certificate is there.
        MalformedError: One of them cannot be read.
        EvidenceMismatchError: The certificate is of another key.
        EvidenceKeyError: It may sign other things than what its TPM made.
        RootUnknownError: It is not pinned and not certified below a pinned root.
        UnverifiedError: The path to the root does not hold at ``at``.
    """
    public = parse_tpm_public(evidence.parts[PUBLIC_PART]) if PUBLIC_PART in evidence.parts else None
    chain = _chain(evidence.parts)
    key = public.key if public else certificate_key(chain[0])
    if public:
        require_attestation_key(public)
        if chain and certificate_key(chain[0]) != key:
            raise EvidenceMismatchError("the certificate is of another key than the public area")
        if anchors.is_pinned(public.encoded):
            return AttestationKey(key, public, (passed("key-pinned", "by its name"), passed(_ATTRIBUTES)))
    unsure = not_checked(_ATTRIBUTES, "nothing that is pinned or signed says what they are")
    if anchors.is_pinned(public_key_der(key)):
        return AttestationKey(key, public, (passed("key-pinned"), unsure))
    if not chain:
        raise RootUnknownError("the attestation key is not pinned, and no certificate of it is there")
    path = validate_path(chain, anchors.roots_among(chain), at, purpose=_PURPOSE, crls=collateral.crls)
    left_out = tuple(not_checked(name) for what, name in _LEFT_OUT.items() if what in path.not_checked)
    held = tuple(passed(name) for what, name in _LEFT_OUT.items() if what not in path.not_checked)
    checks = (passed("certificate-path"), *held, *left_out, unsure)
    return AttestationKey(key, public, checks, path.holds_from, path.holds_until, _crls_of(path, collateral))


def _chain(parts: Mapping[str, bytes]) -> tuple[bytes, ...]:
    if CERTIFICATES_PART in parts:
        return parse_pem_chain(parts[CERTIFICATES_PART], at_most=MAX_CERTIFICATES)
    if PUBLIC_PART in parts:
        return ()
    raise EvidencePartError(f"evidence of a TPM has a part named {PUBLIC_PART}, or one named {CERTIFICATES_PART}")


def _crls_of(path: VerifiedPath, collateral: Collateral) -> frozenset[bytes]:
    if not collateral.crls:
        return frozenset()
    authorities = {parse_certificate(der).subject for der in path.certificates[1:]}
    return frozenset(collateral_digest(crl) for crl in collateral.crls if parse_crl(crl).issuer in authorities)
