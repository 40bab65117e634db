"""Evidence of any platform to the verifier of its platform."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.azure.cvm import azure_cvm_verifier
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.composite import verify_composite
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.sgx import verify_sgx
from counterfoil.attestation.intel.tdx import verify_tdx
from counterfoil.attestation.nitro.verify import verify_nitro
from counterfoil.attestation.nvidia.verify import verify_nvidia_gpu
from counterfoil.attestation.passport.azure_maa import verify_azure_maa
from counterfoil.attestation.passport.ear import verify_ear
from counterfoil.attestation.passport.gcp_confidential_space import verify_gcp_confidential_space
from counterfoil.attestation.passport.intel_ita import verify_intel_ita
from counterfoil.attestation.passport.nvidia_nras import verify_nvidia_nras
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.attestation.tpm.verify import verify_tpm2
from counterfoil.attestation.verifier import Verifier
from counterfoil.errors import EvidenceVersionError

_CPUS: Final[Mapping[Platform, Verifier]] = MappingProxyType(
    {Platform.AMD_SEV_SNP: verify_snp, Platform.INTEL_TDX: verify_tdx}
)
"""On which confidential VMs of Azure's run."""

VERIFIERS: Final[Mapping[Platform, Verifier]] = MappingProxyType(
    {
        Platform.AMD_SEV_SNP: verify_snp,
        Platform.INTEL_TDX: verify_tdx,
        Platform.INTEL_SGX: verify_sgx,
        Platform.AWS_NITRO: verify_nitro,
        Platform.TPM2: verify_tpm2,
        Platform.NVIDIA_GPU: verify_nvidia_gpu,
        Platform.AZURE_CVM: azure_cvm_verifier(_CPUS),
        Platform.NVIDIA_NRAS: verify_nvidia_nras,
        Platform.GCP_CONFIDENTIAL_SPACE: verify_gcp_confidential_space,
        Platform.AZURE_MAA: verify_azure_maa,
        Platform.INTEL_ITA: verify_intel_ita,
        Platform.EAR: verify_ear,
    }
)


def verify_evidence(
    evidence: Evidence, at: int, anchors: Callable[[Platform], Anchors], collateral: Collateral
) -> EvidenceClaims:
    """The claims of evidence, genuine at the time ``at``, by the anchors that are trusted for each platform.

    Raises:
        MalformedError, UnverifiedError: As the platform's verifier.
    """
    if evidence.platform is Platform.COMPOSITE:
        return verify_composite(evidence, lambda one: verify_evidence(one, at, anchors, collateral))
    verifier = VERIFIERS.get(evidence.platform)
    if verifier is None:
        raise EvidenceVersionError(f"evidence of {evidence.platform} is not verified here")
    return verifier(evidence, at, anchors(evidence.platform), collateral)
