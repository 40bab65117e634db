"""The algorithms of a TPM that are verified here, by their numbers (TPM 2.0 Part 2, section 6.3)."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives import hashes

from counterfoil.cose.verify_signature import HASHES
from counterfoil.errors import EvidenceVersionError

ALG_NULL: Final = 0x0010


@dataclass(frozen=True, slots=True)
class TpmHash:
    """A hash: its number, its name as that of a bank of PCRs, and the size of its digests in bytes."""

    number: int
    name: str
    size: int
    library: hashes.HashAlgorithm

    def digest(self, data: bytes) -> bytes:
        """The digest of ``data``."""
        return hashlib.new(self.name, data).digest()


class TpmScheme(IntEnum):
    """How an attestation key signs."""

    RSASSA = 0x0014
    RSAPSS = 0x0016
    ECDSA = 0x0018


TPM_HASHES: Final = {
    row.number: row
    for row in (
        TpmHash(0x000B, "sha256", 32, HASHES["SHA-256"]),
        TpmHash(0x000C, "sha384", 48, HASHES["SHA-384"]),
        TpmHash(0x000D, "sha512", 64, HASHES["SHA-512"]),
    )
}
"""SHA-1 is not among them: of a bank or a signature of it nothing is believed."""

_SCHEMES: Final = {scheme.value: scheme for scheme in TpmScheme}


def tpm_hash(number: int) -> TpmHash:
    """The hash of that number.

    Raises:
        EvidenceVersionError: It is not SHA-256, SHA-384 or SHA-512.
    """
    found = TPM_HASHES.get(number)
    if found is None:
        raise EvidenceVersionError(f"hash algorithm {number:#06x} of a TPM is not verified here")
    return found


def tpm_scheme(number: int) -> TpmScheme:
    """The signature scheme of that number.

    Raises:
        EvidenceVersionError: It is not RSASSA, RSAPSS or ECDSA.
    """
    found = _SCHEMES.get(number)
    if found is None:
        raise EvidenceVersionError(f"signature scheme {number:#06x} of a TPM is not verified here")
    return found
