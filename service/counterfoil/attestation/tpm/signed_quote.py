"""A quote that a trusted key signed, and the values of registers that it is of. Who trusts the key is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.claims import Check, not_checked, passed
from counterfoil.attestation.evidence import Evidence
from counterfoil.attestation.tpm.attest import QuoteAttest, parse_quote_attest
from counterfoil.attestation.tpm.pcrs import parse_pcr_values, pcr_measurements, require_quoted
from counterfoil.attestation.tpm.signature import TpmSignature, parse_tpm_signature, verify_tpm_signature
from counterfoil.cose.public_key import PublicKey
from counterfoil.errors import EvidenceMismatchError

ATTEST_PART: Final = "attest"
SIGNATURE_PART: Final = "signature"
PCRS_PART: Final = "pcrs"


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """A quote whose signature holds. ``measurements`` are the registers whose values were given and are quoted."""

    attest: QuoteAttest
    signature: TpmSignature
    measurements: Mapping[str, bytes]
    checks: tuple[Check, ...]

    @property
    def facts(self) -> Mapping[str, str]:
        """What the TPM says of itself, by name.

        ``quoted-pcrs`` holds the registers and their digest in one value: the same digest of other registers is
        something else. A key outside of the endorsement hierarchy conceals ``reset-count``, ``restart-count`` and
        ``firmware-version``: each is then a number of which only its staying the same says anything.

        TPM 2.0 Part 1, section 36.7.
        """
        attest = self.attest
        return {
            "quoted-pcrs": f"{attest.selected}={attest.pcr_digest.hex()}",
            "qualified-signer": attest.qualified_signer.hex(),
            "clock": str(attest.clock),
            "clock-safe": "true" if attest.is_safe else "false",
            "reset-count": str(attest.reset_count),
            "restart-count": str(attest.restart_count),
            "firmware-version": f"{attest.firmware_version:016x}",
        }


def verify_signed_quote(evidence: Evidence, key: PublicKey) -> SignedQuote:
    """The quote in ``evidence``, when ``key`` signed it and it is of the values of registers that stand beside it.

    Where no values are there, that is among the checks, and there are no measurements.

    Raises:
        EvidencePartError: The quote or its signature is missing.
        MalformedError: A part cannot be read.
        EvidenceVersionError: It is no quote, or an algorithm is not verified here.
        EvidenceSignatureError: The signature is not one of ``key``.
        EvidenceMismatchError: The signature's scheme does not go with the key, or the values are not those quoted.
        EvidenceKeyError: ``key`` is of a size that no attestation key has.

    TPM 2.0 Part 3, section 18.4.
    """
    attest = parse_quote_attest(evidence.part(ATTEST_PART))
    signature = parse_tpm_signature(evidence.part(SIGNATURE_PART))
    verify_tpm_signature(signature, key, attest.encoded)
    if len(attest.pcr_digest) != signature.hashed.size:
        raise EvidenceMismatchError("the digest of the registers is not of the hash that the quote is signed with")
    signed = passed("quote-signature", f"{signature.scheme.name} with {signature.hashed.name}")
    if PCRS_PART not in evidence.parts:
        return SignedQuote(attest, signature, {}, (signed, not_checked("pcr-values", "none are there")))
    values = parse_pcr_values(evidence.parts[PCRS_PART])
    require_quoted(values, attest, signature.hashed)
    return SignedQuote(attest, signature, pcr_measurements(values), (signed, passed("pcr-values", attest.selected)))
