"""What a TPM signs when it is asked for a quote: TPMS_ATTEST (TPM 2.0 Part 2, section 10.12)."""

from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.tpm.algorithms import TpmHash, tpm_hash
from counterfoil.attestation.tpm.reader import TpmReader
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError

MAX_ATTEST_BYTES: Final = 1024
"""A quote of three banks with the longest names and digests takes 300."""

MAX_NAME_BYTES: Final = 2 + 64
"""TPM2B_NAME and TPM2B_DATA: a SHA-512 digest after the number of its algorithm."""

MAX_DIGEST_BYTES: Final = 64
MAX_BANKS: Final = 16
"""HASH_COUNT; TPMs have one to four banks."""

MAX_SELECT_BYTES: Final = 4
"""PCR_SELECT_MAX: a TPM of a PC has 24 registers, which take three."""

_GENERATED: Final = 0xFF544347
_QUOTE: Final = 0x8018
_YES_OR_NO: Final = (0, 1)


@dataclass(frozen=True, slots=True)
class PcrSelection:
    """The registers of one bank that a quote is of, in ascending order (TPMS_PCR_SELECTION)."""

    bank: TpmHash
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuoteAttest:
    """A quote as the TPM signed it. ``encoded`` are those bytes."""

    encoded: bytes
    qualified_signer: bytes
    extra_data: bytes
    clock: int
    reset_count: int
    restart_count: int
    is_safe: bool
    firmware_version: int
    selections: tuple[PcrSelection, ...]
    pcr_digest: bytes

    @property
    def selected(self) -> str:
        """The banks and registers as text, in the order in which they were digested: ``sha256:0,7+sha384:0``."""
        return "+".join(f"{one.bank.name}:{','.join(map(str, one.indices))}" for one in self.selections)


def parse_quote_attest(data: bytes) -> QuoteAttest:
    """Read a TPMS_ATTEST of a quote, without a size before it.

    Raises:
        EvidenceTooLargeError: It is longer than any quote.
        MalformedEvidenceError: It was not made inside a TPM, or is not one structure.
        EvidenceVersionError: The TPM attested something else than a quote, or a bank of another hash.

    TPM 2.0 Part 2, sections 10.12.8 and 10.12.1.
    """
    if len(data) > MAX_ATTEST_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of a quote where {MAX_ATTEST_BYTES} are read")
    reader = TpmReader(data, "TPMS_ATTEST")
    if reader.integer(4) != _GENERATED:
        raise MalformedEvidenceError("a TPMS_ATTEST that does not begin as what a TPM makes")
    kind = reader.integer(2)
    if kind != _QUOTE:
        raise EvidenceVersionError(f"a TPM attested something of type {kind:#06x}, which is no quote")
    qualified_signer, extra_data = reader.sized(MAX_NAME_BYTES), reader.sized(MAX_NAME_BYTES)
    clock, reset_count, restart_count, safe = (reader.integer(size) for size in (8, 4, 4, 1))
    if safe not in _YES_OR_NO:
        raise MalformedEvidenceError("a TPMS_ATTEST whose clock is neither safe nor unsafe")
    attest = QuoteAttest(
        encoded=data,
        qualified_signer=qualified_signer,
        extra_data=extra_data,
        clock=clock,
        reset_count=reset_count,
        restart_count=restart_count,
        is_safe=bool(safe),
        firmware_version=reader.integer(8),
        selections=_selections(reader),
        pcr_digest=reader.sized(MAX_DIGEST_BYTES),
    )
    reader.finish()
    return attest


def _selections(reader: TpmReader) -> tuple[PcrSelection, ...]:
    count = reader.integer(4)
    if not 1 <= count <= MAX_BANKS:
        raise MalformedEvidenceError(f"a quote of {count} banks where from 1 to {MAX_BANKS} are read")
    return tuple(_selection(reader) for _ in range(count))


def _selection(reader: TpmReader) -> PcrSelection:
    bank, size = tpm_hash(reader.integer(2)), reader.integer(1)
    if not 1 <= size <= MAX_SELECT_BYTES:
        raise MalformedEvidenceError(f"a selection of registers in {size} bytes")
    bits = int.from_bytes(reader.take(size), "little")
    return PcrSelection(bank, tuple(index for index in range(8 * size) if bits >> index & 1))
