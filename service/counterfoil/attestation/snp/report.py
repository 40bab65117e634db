"""An SEV-SNP attestation report of versions 2 to 5 (SEV-SNP Firmware ABI, table ATTESTATION_REPORT)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from counterfoil.attestation.snp.tcb import TCB_BYTES, TURIN
from counterfoil.errors import EvidenceVersionError, MalformedEvidenceError

REPORT_BYTES: Final = 1184
SIGNED_BYTES: Final = 0x2A0
CHIP_BYTES: Final = 64
MIN_VERSION: Final = 2
MAX_VERSION: Final = 5
_FIRST_WITH_CPUID: Final = 3
_FIRST_WITH_MITIGATIONS: Final = 5
_ECDSA_P384_SHA384: Final = 1
_NUMBER_BYTES: Final = 72
"""R and S stand in fields of 72 bytes each, the least significant byte first."""

_P384_BYTES: Final = 48
_KNOWN_POLICY_BITS: Final = 26
"""What a later firmware may let a guest allow is not known to be harmless."""

_GUEST_LEVELS: Final = 4
"""Guests have VMPL 0 to 3; a report asked for by the host has a larger number."""

_FAMILIES: Final = {
    0x19: ((0x00, 0x0F, "Milan"), (0x10, 0x1F, "Genoa"), (0xA0, 0xAF, "Genoa")),
    0x1A: ((0, 0x1F, TURIN),),
}
"""By family the models of each product; Bergamo and Siena have the certificates of Genoa (CPUID Fn0000_0001)."""


class SigningKey(IntEnum):
    """Which key signed: the chip's own, or one that a provider has for all its chips."""

    VCEK = 0
    VLEK = 1


@dataclass(frozen=True, slots=True)
class SnpReport:
    """A report whose signature nobody looked at. Digests, identifiers and levels are as they stand in it.

    ``product`` is what its CPUID says, None before version 3. ``signature`` is R and S, 48 bytes each. Numbers of
    firmware versions are 8 bytes (``parse_tcb``). ``masks_chip_key``: the chip's own key signs nothing; ``chip_id`` is
    zero where the host hides it, which is another setting.
    """

    version: int
    signed: bytes
    signature: bytes
    product: str | None
    signing_key: SigningKey
    masks_chip_key: bool
    guest_svn: int
    policy: int
    vmpl: int
    platform_info: int
    family_id: bytes
    image_id: bytes
    report_data: bytes
    measurement: bytes
    host_data: bytes
    id_key_digest: bytes
    author_key_digest: bytes | None
    report_id: bytes
    chip_id: bytes
    current_tcb: bytes
    reported_tcb: bytes
    committed_tcb: bytes
    launch_tcb: bytes

    @property
    def is_debuggable(self) -> bool:
        """Whether the host may read the guest's memory."""
        return bool(self.policy >> 19 & 1)

    @property
    def is_migratable(self) -> bool:
        """Whether a migration agent may move the guest."""
        return bool(self.policy >> 18 & 1)

    @property
    def allows_smt(self) -> bool:
        """Whether the guest may share a core with others."""
        return bool(self.policy >> 16 & 1)

    @property
    def abi(self) -> str:
        """The least version of the firmware's interface that the guest accepts, as major.minor."""
        return f"{self.policy >> 8 & 0xFF}.{self.policy & 0xFF}"


def parse_snp_report(data: bytes) -> SnpReport:
    """Read a report.

    Raises:
        MalformedEvidenceError: It is not of its length, a byte that must be zero is not, or it is a host's own.
        EvidenceVersionError: Its version, algorithm or signing key is none that is verified here.

    SEV-SNP Firmware ABI Specification, revision 1.58, section 7.3, table ATTESTATION_REPORT.
    """
    if len(data) != REPORT_BYTES:
        raise MalformedEvidenceError(f"an SNP report has {REPORT_BYTES} bytes, and this one {len(data)}")
    version = _number(data, 0x00)
    if not MIN_VERSION <= version <= MAX_VERSION or _number(data, 0x34) != _ECDSA_P384_SHA384:
        raise EvidenceVersionError("an SNP report of another version or algorithm than is verified here")
    keys = _number(data, 0x48)
    _require_zero(data, version, keys)
    vmpl, policy = _number(data, 0x30), _number(data, 0x08, 8)
    if vmpl >= _GUEST_LEVELS:
        raise MalformedEvidenceError("the report is about a guest and was asked for by its host")
    if not policy >> 17 & 1:
        raise MalformedEvidenceError("the bit of the guest policy that is always one is not")
    if policy >> _KNOWN_POLICY_BITS:
        raise EvidenceVersionError("the guest policy allows something that is not known here")
    if bool(keys & 1) is not any(data[0x110:0x140]):
        raise MalformedEvidenceError(
            "the report names a key of an author and has none, or has one that it does not name"
        )
    return SnpReport(
        version=version,
        signed=data[:SIGNED_BYTES],
        signature=_signature(data[SIGNED_BYTES:]),
        product=_product(data, version),
        signing_key=_signing_key(keys >> 2 & 7),
        masks_chip_key=bool(keys >> 1 & 1),
        guest_svn=_number(data, 0x04),
        policy=policy,
        vmpl=vmpl,
        platform_info=_number(data, 0x40, 8),
        family_id=data[0x10:0x20],
        image_id=data[0x20:0x30],
        report_data=data[0x50:0x90],
        measurement=data[0x90:0xC0],
        host_data=data[0xC0:0xE0],
        id_key_digest=data[0xE0:0x110],
        author_key_digest=data[0x110:0x140] if keys & 1 else None,
        report_id=data[0x140:0x160],
        chip_id=data[0x1A0:0x1E0],
        current_tcb=_tcb(data, 0x38),
        reported_tcb=_tcb(data, 0x180),
        committed_tcb=_tcb(data, 0x1E0),
        launch_tcb=_tcb(data, 0x1F0),
    )


def _number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _tcb(data: bytes, at: int) -> bytes:
    return data[at : at + TCB_BYTES]


def _require_zero(data: bytes, version: int, keys: int) -> None:
    cpuid_end = 0x18B if version >= _FIRST_WITH_CPUID else 0x188
    rest = 0x208 if version >= _FIRST_WITH_MITIGATIONS else 0x1F8
    padding = SIGNED_BYTES + 2 * _NUMBER_BYTES
    reserved = ((0x4C, 0x50), (cpuid_end, 0x1A0), (0x1EB, 0x1EC), (0x1EF, 0x1F0), (rest, SIGNED_BYTES))
    if keys >> 5 or any(any(data[start:end]) for start, end in (*reserved, (padding, REPORT_BYTES))):
        raise MalformedEvidenceError("a byte of the SNP report that must be zero is not")


def _signature(data: bytes) -> bytes:
    numbers = data[:_NUMBER_BYTES], data[_NUMBER_BYTES : 2 * _NUMBER_BYTES]
    if any(any(number[_P384_BYTES:]) for number in numbers):
        raise MalformedEvidenceError("a number of the signature is longer than the curve's")
    return b"".join(number[_P384_BYTES - 1 :: -1] for number in numbers)


def _signing_key(value: int) -> SigningKey:
    try:
        return SigningKey(value)
    except ValueError as error:
        raise EvidenceVersionError(
            "the SNP report was signed by no key, or by one of a kind that is not known"
        ) from error


def _product(data: bytes, version: int) -> str | None:
    if version < _FIRST_WITH_CPUID:
        return None
    family, model = data[0x188], data[0x189]
    for first, last, product in _FAMILIES.get(family, ()):
        if first <= model <= last:
            return product
    raise EvidenceVersionError(f"a processor of family {family:#x} and model {model:#x} is not known here")
