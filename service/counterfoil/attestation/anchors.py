"""What evidence has to lead to: roots pinned by digest, and certificates that an operator supplies beside them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.attestation.evidence import Platform

ARK_MILAN: Final = bytes.fromhex("69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd")
ARK_GENOA: Final = bytes.fromhex("4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1")
ARK_TURIN: Final = bytes.fromhex("1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a")
INTEL_SGX_ROOT: Final = bytes.fromhex("44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3")
AWS_NITRO_ROOT: Final = bytes.fromhex("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b")
NVIDIA_DEVICE_ROOT: Final = bytes.fromhex("102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48")
NRAS_INTERMEDIATE_SPKI: Final = bytes.fromhex("fd32837f954e2c45db073105166dfe6985ae0480bb113fba63b091a75affe896")
GCP_CONFIDENTIAL_SPACE_ROOT: Final = bytes.fromhex("148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39")

_ARKS: Final = frozenset({ARK_MILAN, ARK_GENOA, ARK_TURIN})
VENDOR_PINS: Final = {
    Platform.AMD_SEV_SNP: _ARKS,
    Platform.INTEL_TDX: frozenset({INTEL_SGX_ROOT}),
    Platform.INTEL_SGX: frozenset({INTEL_SGX_ROOT}),
    Platform.AWS_NITRO: frozenset({AWS_NITRO_ROOT}),
    Platform.AZURE_CVM: _ARKS | {INTEL_SGX_ROOT},
    Platform.NVIDIA_GPU: frozenset({NVIDIA_DEVICE_ROOT}),
    Platform.NVIDIA_NRAS: frozenset({NRAS_INTERMEDIATE_SPKI}),
    Platform.GCP_CONFIDENTIAL_SPACE: frozenset({GCP_CONFIDENTIAL_SPACE_ROOT}),
}
"""The vendors' own roots, which count unless a policy names others: SHA-256 of a certificate or of a public key in DER.

A TPM has no root that all share, and keys of services that issue tokens change: those a policy or collateral names.
"""


@dataclass(frozen=True)
class Anchors:
    """Digests that are trusted, and certificates in DER in which one may be found that the evidence does not carry.

    ``pins`` are SHA-256 of a certificate in DER, or of a SubjectPublicKeyInfo in DER where a platform pins keys. A
    certificate is trusted only when its digest is among the pins, wherever it came from.
    """

    pins: frozenset[bytes]
    certificates: tuple[bytes, ...] = ()

    def is_pinned(self, der: bytes) -> bool:
        """Whether a certificate, or a public key, in DER is one of the pinned ones."""
        return sha256(der).digest() in self.pins

    def roots_among(self, carried: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The pinned certificates among those that evidence carries and those that were supplied."""
        return tuple(dict.fromkeys(der for der in (*self.certificates, *carried) if self.is_pinned(der)))


def vendor_anchors(platform: Platform) -> Anchors:
    """The vendor's own roots of a platform; none where it has none that all share."""
    return Anchors(VENDOR_PINS.get(platform, frozenset()))
