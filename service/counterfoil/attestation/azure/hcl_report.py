"""The report that the paravisor of an Azure confidential VM leaves in its vTPM, at NV index 0x01400001.

It is signed in its parts alone: the report of the CPU, and through that the runtime data.
"""

from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.evidence import Platform
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError

MAX_HCL_REPORT_BYTES: Final = 16 * 1024
"""The index holds 2,600 bytes; runtime data take 1,100 of them."""

_MARK: Final = b"HCLA"
_CPU_REPORT: Final = slice(32, 32 + 1184)
"""An SNP report, or a TDREPORT of 1,024 bytes, which only the CPU that made it can check."""

_DATA_HEADER_BYTES: Final = 20
_RUNTIME_DATA: Final = _CPU_REPORT.stop + _DATA_HEADER_BYTES
_KINDS: Final = {2: Platform.AMD_SEV_SNP, 4: Platform.INTEL_TDX}
_HASHES: Final = {1: "sha256", 2: "sha384", 3: "sha512"}


@dataclass(frozen=True, slots=True)
class HclReport:
    """The report of the CPU, which CPU it is of, and the runtime data with the name of the hash that binds them."""

    platform: Platform
    cpu_report: bytes
    hash_name: str
    runtime_data: bytes


def parse_hcl_report(data: bytes) -> HclReport:
    """Read the report, which may have the zeros after it that fill the NV index.

    Raises:
        EvidenceTooLargeError: It is longer than any such report.
        MalformedEvidenceError: It is none.
        EvidenceVersionError: It is of another kind of CPU, or binds with another hash, than are verified here.

    Azure confidential VM guest attestation, "Attestation report" and "Runtime data".
    """
    if len(data) > MAX_HCL_REPORT_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of an HCL report where {MAX_HCL_REPORT_BYTES} are read")
    if len(data) < _RUNTIME_DATA or not data.startswith(_MARK):
        raise MalformedEvidenceError("not an HCL report")
    kind, hashed, size = (_integer(data, _CPU_REPORT.stop + offset) for offset in (8, 12, 16))
    if kind not in _KINDS or hashed not in _HASHES:
        raise EvidenceVersionError(f"an HCL report of kind {kind} with hash {hashed} is not verified here")
    runtime_data, rest = data[_RUNTIME_DATA : _RUNTIME_DATA + size], data[_RUNTIME_DATA + size :]
    if len(runtime_data) != size or any(rest):
        raise MalformedEvidenceError("an HCL report whose runtime data are not of its size")
    return HclReport(_KINDS[kind], data[_CPU_REPORT], _HASHES[hashed], runtime_data)


def _integer(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
