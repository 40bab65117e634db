"""Evidence of any platform to the verifier of its platform."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.sgx import verify_sgx
from counterfoil.attestation.tdx import verify_tdx
from counterfoil.attestation.verifier import Verifier
from counterfoil.errors import EvidenceVersionError

VERIFIERS: Final[Mapping[Platform, Verifier]] = MappingProxyType(
    {
        Platform.INTEL_TDX: verify_tdx,
        Platform.INTEL_SGX: verify_sgx,
    }
)


def verify_evidence(
    evidence: Evidence, at: int, anchors: Callable[[Platform], Anchors], collateral: Collateral
) -> EvidenceClaims:
    """The claims of evidence, genuine at the time ``at``, by the anchors that are trusted for each platform.

    Raises:
        MalformedError, UnverifiedError: As the platform's verifier.
    """
    verifier = VERIFIERS.get(evidence.platform)
    if verifier is None:
        raise EvidenceVersionError(f"evidence of {evidence.platform} is not verified here")
    return verifier(evidence, at, anchors(evidence.platform), collateral)
