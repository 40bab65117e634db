"""Quotes of a TPM 2.0, discrete, in firmware or virtual (TCG TPM 2.0 Library, Parts 1 to 3)."""

from hashlib import sha256
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.attestation_key import CERTIFICATES_PART, PUBLIC_PART, verify_attestation_key
from counterfoil.attestation.tpm.signed_quote import ATTEST_PART, PCRS_PART, SIGNATURE_PART, verify_signed_quote
from counterfoil.cose.public_key import public_key_der
from counterfoil.errors import EvidenceMismatchError

_REQUIRED: Final = frozenset({ATTEST_PART, SIGNATURE_PART})
_OPTIONAL: Final = frozenset({PCRS_PART, PUBLIC_PART, CERTIFICATES_PART})


def verify_tpm2(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of a quote that a trusted attestation key signed at whatever time; it names none of its own.

    The parts are ``attest`` (TPMS_ATTEST) and ``signature`` (TPMT_SIGNATURE); ``pcrs``, the values of the registers
    (``tpm/pcrs.py``); and of the key ``public`` (TPMT_PUBLIC or TPM2B_PUBLIC), ``certificates`` (PEM, its own first),
    or both. Measurements are ``pcr7`` and ``sha384:pcr7``; ``extra-data`` is bound.

    Raises:
        EvidencePartError: Other parts are there, or one is missing.
        MalformedError: A part cannot be read.
        EvidenceVersionError: It is no quote, or an algorithm is not verified here; SHA-1 is not.
        EvidenceSignatureError: The signature is not one of the attestation key.
        EvidenceMismatchError: Two parts do not belong together.
        EvidenceKeyError: The key is none that signs only what its TPM made.
        UnverifiedError: The key is not pinned and leads to no pinned root at the time ``at``.

    TPM 2.0 Part 3, section 18.4; Part 2, section 10.12.
    """
    evidence.require_parts(_REQUIRED, _OPTIONAL)
    trusted = verify_attestation_key(evidence, at, anchors, collateral)
    quote = verify_signed_quote(evidence, trusted.key)
    facts = {**quote.facts, "attestation-key": sha256(public_key_der(trusted.key)).hexdigest()}
    checks = (*trusted.checks, *quote.checks)
    if trusted.public:
        if (trusted.public.scheme, trusted.public.hashed) != (quote.signature.scheme, quote.signature.hashed):
            raise EvidenceMismatchError("the signature is not of the scheme that the attestation key is for")
        facts["attestation-key-name"] = trusted.public.name.hex()
        checks = (*checks, passed("key-scheme"))
    return EvidenceClaims(
        platform=Platform.TPM2,
        product="TPM 2.0",
        signer="AK",
        measurements=quote.measurements,
        bound={"extra-data": quote.attest.extra_data},
        debug=False,
        facts=facts,
        holds_from=trusted.holds_from,
        holds_until=trusted.holds_until,
        collateral=trusted.collateral,
        checks=checks,
    )
