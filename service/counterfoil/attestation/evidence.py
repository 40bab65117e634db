"""Evidence of an attested environment, as bytes in named parts (RFC 9334, section 8.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.errors import EvidencePartError, EvidenceTooLargeError, MalformedEvidenceError

MAX_EVIDENCE_BYTES: Final = 64 * 1024
"""Of one environment. An SNP report with its chain takes 6 KB, a TDX quote 5 to 8, a Nitro document 5."""

MAX_SUBMODULES: Final = 16
"""Beside a CPU: the largest machines of this field carry eight GPUs."""

MAX_COMPOSITE_BYTES: Final = 256 * 1024
_MAX_PARTS: Final = 16
_NO_SUBMODULES: Final[Mapping[str, "Evidence"]] = MappingProxyType({})


class Platform(StrEnum):
    """Who made the evidence, or the attestation result, and in which format."""

    AMD_SEV_SNP = "amd-sev-snp"
    INTEL_TDX = "intel-tdx"
    INTEL_SGX = "intel-sgx"
    AWS_NITRO = "aws-nitro"
    TPM2 = "tpm2"
    AZURE_CVM = "azure-cvm"
    NVIDIA_GPU = "nvidia-gpu"
    NVIDIA_NRAS = "nvidia-nras"
    GCP_CONFIDENTIAL_SPACE = "gcp-confidential-space"
    AZURE_MAA = "azure-maa"
    INTEL_ITA = "intel-ita"
    EAR = "ear"
    COMPOSITE = "composite"


_PLATFORMS: Final = frozenset(platform.value for platform in Platform)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts of evidence by name, each platform with its own names; of a composite the submodules instead."""

    platform: Platform
    parts: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    submodules: Mapping[str, "Evidence"] = field(default_factory=lambda: _NO_SUBMODULES)

    def part(self, name: str) -> bytes:
        """The part of that name.

        Raises:
            EvidencePartError: There is none.
        """
        try:
            return self.parts[name]
        except KeyError as error:
            raise EvidencePartError(f"evidence of {self.platform} has a part named {name}") from error

    def require_parts(self, required: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
        """Check that the parts are all of the required ones, and of others only the optional ones.

        Raises:
            EvidencePartError: They are not.
        """
        if not required <= set(self.parts) <= required | optional:
            known = ", ".join(sorted(required | optional))
            raise EvidencePartError(f"evidence of {self.platform} has the parts {known}, of which some may be absent")

    def encode(self) -> bytes:
        """The CBOR array [platform, parts], deterministic; of a composite the map holds such arrays."""
        return encode(_value(self))


def _value(evidence: Evidence) -> tuple[CborValue, ...]:
    held: dict[int | str, CborValue] = {name: _value(one) for name, one in evidence.submodules.items()}
    return evidence.platform.value, held | dict(evidence.parts)


def parse_evidence_bundle(data: bytes) -> Evidence:
    """Read evidence from its encoding, and from no other; nothing in it is looked at yet.

    Raises:
        EvidenceTooLargeError: It is larger than any evidence of this field.
        MalformedError: It is none.
    """
    if len(data) > MAX_COMPOSITE_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of evidence where {MAX_COMPOSITE_BYTES} are read")
    evidence = _evidence(decode(data, Limits(max_bytes=MAX_COMPOSITE_BYTES)), may_be_composite=True)
    if evidence.encode() != data:
        raise MalformedEvidenceError("the evidence is not in deterministic encoding")
    return evidence


def _evidence(value: CborValue, *, may_be_composite: bool) -> Evidence:
    match value:
        case [str(name), dict(held)] if name in _PLATFORMS:
            platform = Platform(name)
        case _:
            raise MalformedEvidenceError("evidence is not an array of a known platform and a map of parts")
    if platform is Platform.COMPOSITE:
        if not may_be_composite or not 1 <= len(held) <= MAX_SUBMODULES + 1:
            raise MalformedEvidenceError(
                f"a composite has a CPU and up to {MAX_SUBMODULES} others, none of them a composite"
            )
        submodules = {str(key): _evidence(item, may_be_composite=False) for key, item in held.items()}
        return Evidence(platform, submodules=submodules)
    parts = {key: item for key, item in held.items() if isinstance(key, str) and isinstance(item, bytes)}
    if len(parts) != len(held) or not 1 <= len(parts) <= _MAX_PARTS:
        raise MalformedEvidenceError(f"evidence has 1 to {_MAX_PARTS} parts, each a byte string under a name")
    if sum(map(len, parts.values())) > MAX_EVIDENCE_BYTES:
        raise EvidenceTooLargeError(f"more than {MAX_EVIDENCE_BYTES} bytes of evidence of one environment")
    return Evidence(platform, parts)
