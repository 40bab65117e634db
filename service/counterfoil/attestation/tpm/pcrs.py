"""The values of platform configuration registers beside a quote, and whether it is of them (TPM 2.0 Part 1, 17.5)."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from counterfoil.attestation.tpm.algorithms import TPM_HASHES, TpmHash
from counterfoil.attestation.tpm.attest import QuoteAttest
from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.errors import EvidenceMismatchError, EvidenceTooLargeError, MalformedEvidenceError

PcrValues: TypeAlias = "Mapping[str, Mapping[int, bytes]]"
"""The values by bank (``sha256``, ``sha384``, ``sha512``) and register."""

MAX_PCR_BYTES: Final = 8192
"""All 32 registers of all three banks take 5 KB."""

_BANKS: Final = {bank.name: bank for bank in TPM_HASHES.values()}
_UNPREFIXED: Final = "sha256"
_REGISTERS: Final = range(32)


def encode_pcr_values(values: PcrValues) -> bytes:
    """The values as the part of evidence that they are: CBOR, {bank: {register: value}}, deterministic."""
    return encode({bank: _encodable(registers) for bank, registers in values.items()})


def parse_pcr_values(data: bytes) -> PcrValues:
    """Read the values from their encoding, and from no other.

    Raises:
        EvidenceTooLargeError: It is longer than that of all registers.
        MalformedError: It is none, or a value is not of the size of its bank's digests.
    """
    if len(data) > MAX_PCR_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of registers where {MAX_PCR_BYTES} are read")
    banks = decode(data, Limits(max_bytes=MAX_PCR_BYTES))
    if not isinstance(banks, Mapping):
        raise MalformedEvidenceError("the values of registers are a map of banks")
    values = {_bank(name).name: _registers(_bank(name), held) for name, held in banks.items()}
    if encode_pcr_values(values) != data:
        raise MalformedEvidenceError("the values of registers are not in deterministic encoding")
    return values


def require_quoted(values: PcrValues, attest: QuoteAttest, hashed: TpmHash) -> None:
    """Return when ``values`` are those that the quote was made of, under the hash that it was signed with.

    Raises:
        EvidenceMismatchError: A register is missing or was not quoted, or the digest is another one.

    TPM 2.0 Part 3, section 18.4; Part 2, section 10.12.1.
    """
    quoted = {(one.bank.name, index) for one in attest.selections for index in one.indices}
    given = {(bank, index) for bank, registers in values.items() for index in registers}
    if given != quoted:
        raise EvidenceMismatchError("the registers whose values are given are not those that were quoted")
    joined = b"".join(values[one.bank.name][index] for one in attest.selections for index in one.indices)
    if hashed.digest(joined) != attest.pcr_digest:
        raise EvidenceMismatchError("the quote is of other values of the registers")


def pcr_measurements(values: PcrValues) -> Mapping[str, bytes]:
    """The values by name: ``pcr7`` in the bank of SHA-256, ``sha384:pcr7`` in another."""
    return {
        f"pcr{index}" if bank == _UNPREFIXED else f"{bank}:pcr{index}": value
        for bank, registers in values.items()
        for index, value in registers.items()
    }


def _encodable(registers: Mapping[int, bytes]) -> CborValue:
    return {index: value for index, value in registers.items()}  # noqa: C416 - the keys of a map are invariant


def _bank(name: int | str) -> TpmHash:
    bank = _BANKS.get(name) if isinstance(name, str) else None
    if bank is None:
        raise MalformedEvidenceError("a bank of registers of a hash that is not verified here")
    return bank


def _registers(bank: TpmHash, held: CborValue) -> dict[int, bytes]:
    if not isinstance(held, Mapping) or not held:
        raise MalformedEvidenceError("a bank is a map of one register or more")
    registers = {
        index: value
        for index, value in held.items()
        if isinstance(index, int) and index in _REGISTERS and isinstance(value, bytes) and len(value) == bank.size
    }
    if len(registers) != len(held):
        raise MalformedEvidenceError(f"a register of the bank {bank.name} holds {bank.size} bytes")
    return registers
