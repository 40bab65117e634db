"""The public area of a key in a TPM, TPMT_PUBLIC, and whether the key signs evidence alone (TPM 2.0 Part 2, 12.2)."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from counterfoil.attestation.tpm.algorithms import ALG_NULL, TpmHash, TpmScheme, tpm_hash, tpm_scheme
from counterfoil.attestation.tpm.reader import TpmReader
from counterfoil.attestation.tpm.signature import MAX_TPM_RSA_BITS
from counterfoil.cose.public_key import CURVES, Curve, PublicKey, public_key_of
from counterfoil.errors import (
    EvidenceKeyError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
    MalformedKeyError,
)

FIXED_TPM: Final = 1 << 1
FIXED_PARENT: Final = 1 << 4
SENSITIVE_DATA_ORIGIN: Final = 1 << 5
RESTRICTED: Final = 1 << 16
DECRYPT: Final = 1 << 17
SIGN: Final = 1 << 18
"""TPMA_OBJECT (TPM 2.0 Part 2, section 8.3)."""

_REQUIRED: Final = {
    FIXED_TPM: "fixedTPM",
    FIXED_PARENT: "fixedParent",
    SENSITIVE_DATA_ORIGIN: "sensitiveDataOrigin",
    RESTRICTED: "restricted",
    SIGN: "sign",
}
_RSA: Final = 0x0001
_ECC: Final = 0x0023
_DEFAULT_EXPONENT: Final = 65_537
_CURVES: Final = dict(zip((0x0003, 0x0004, 0x0005), CURVES, strict=True))
"""TPM_ECC_NIST_P256, P384 and P521 (TPM 2.0 Part 2, section 6.4)."""

MAX_PUBLIC_BYTES: Final = 1024
"""Of an RSA key of 4,096 bits with a policy it takes 600."""

_MAX_POLICY_BYTES: Final = 64
_MAX_COORDINATE_BYTES: Final = 66


@dataclass(frozen=True, slots=True)
class TpmPublic:
    """A signing key as its TPM describes it. ``encoded`` is the TPMT_PUBLIC, of which the key's name is a digest."""

    encoded: bytes
    name_hash: TpmHash
    attributes: int
    scheme: TpmScheme
    hashed: TpmHash
    key: PublicKey

    @property
    def name(self) -> bytes:
        """The key's name (TPM 2.0 Part 1, section 16)."""
        return self.name_hash.number.to_bytes(2, "big") + self.name_hash.digest(self.encoded)


def parse_tpm_public(data: bytes) -> TpmPublic:
    """Read a TPMT_PUBLIC, or a TPM2B_PUBLIC, of a signing key with a scheme of its own.

    Raises:
        EvidenceTooLargeError: It is longer than any public area.
        MalformedEvidenceError: It is not one structure, or holds no sound key.
        EvidenceVersionError: A key of another kind, curve, scheme or hash than are verified here, or for encryption.

    TPM 2.0 Part 2, sections 12.2.4 and 12.2.5.
    """
    if len(data) > MAX_PUBLIC_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of a public area where {MAX_PUBLIC_BYTES} are read")
    # The kind of a key that stands first in an area, read as a size, is that of no area.
    encoded = data[2:] if int.from_bytes(data[:2], "big") == len(data) - 2 else data
    reader = TpmReader(encoded, "TPMT_PUBLIC")
    kind, name_hash, attributes = reader.integer(2), tpm_hash(reader.integer(2)), reader.integer(4)
    if kind not in {_RSA, _ECC}:
        raise EvidenceVersionError(f"a key of type {kind:#06x} in a TPM is not verified here")
    reader.sized(_MAX_POLICY_BYTES)
    if reader.integer(2) != ALG_NULL:
        raise EvidenceVersionError("a key that encrypts is no attestation key")
    scheme, hashed = tpm_scheme(reader.integer(2)), tpm_hash(reader.integer(2))
    if (scheme is TpmScheme.ECDSA) is not (kind == _ECC):
        raise MalformedEvidenceError("a TPMT_PUBLIC whose scheme is not one of the kind of its key")
    key = _rsa(reader) if kind == _RSA else _ecc(reader)
    reader.finish()
    return TpmPublic(encoded, name_hash, attributes, scheme, hashed, key)


def require_attestation_key(public: TpmPublic) -> None:
    """Return when a key signs only what its TPM made, and has been nowhere else.

    Raises:
        EvidenceKeyError: It lacks one of the attributes that say so.

    TPM 2.0 Part 2, section 8.3.3; Part 1, section 25.2.
    """
    for bit, name in _REQUIRED.items():
        if not public.attributes & bit:
            raise EvidenceKeyError(f"the attestation key is without the attribute {name}")
    if public.attributes & DECRYPT:
        raise EvidenceKeyError("the attestation key is one that also decrypts")


def _rsa(reader: TpmReader) -> PublicKey:
    bits, exponent = reader.integer(2), reader.integer(4) or _DEFAULT_EXPONENT
    modulus = reader.sized(MAX_TPM_RSA_BITS // 8)
    number = int.from_bytes(modulus, "big")
    if number.bit_length() != bits or len(modulus) * 8 != bits:
        raise MalformedEvidenceError("a TPMT_PUBLIC whose modulus is not of its size")
    try:
        return public_key_of(rsa.RSAPublicNumbers(exponent, number).public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedEvidenceError("a TPMT_PUBLIC that holds no RSA key") from error


def _ecc(reader: TpmReader) -> PublicKey:
    curve = _curve(reader.integer(2))
    if reader.integer(2) != ALG_NULL:
        raise EvidenceVersionError("an attestation key with a scheme for deriving keys")
    x, y = reader.sized(_MAX_COORDINATE_BYTES), reader.sized(_MAX_COORDINATE_BYTES)
    if max(len(x), len(y)) > curve.coordinate_size:
        raise MalformedEvidenceError("a TPMT_PUBLIC whose point is longer than its curve's")
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve.library)
    try:
        return public_key_of(point.public_key())
    except (ValueError, UnsupportedAlgorithm, MalformedKeyError) as error:
        raise MalformedEvidenceError("a TPMT_PUBLIC that holds no point of its curve") from error


def _curve(number: int) -> Curve:
    curve = _CURVES.get(number)
    if curve is None:
        raise EvidenceVersionError(f"curve {number:#06x} of a TPM is not verified here")
    return curve
