"""A TPM's signature, TPMT_SIGNATURE, and whether it is one (TPM 2.0 Part 2, section 11.3; Part 1, annexes B and C)."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from counterfoil.attestation.tpm.algorithms import TpmHash, TpmScheme, tpm_hash, tpm_scheme
from counterfoil.attestation.tpm.reader import TpmReader
from counterfoil.cose.fit import MIN_RSA_BITS
from counterfoil.cose.public_key import PublicKey
from counterfoil.errors import EvidenceKeyError, EvidenceMismatchError, EvidenceSignatureError

MAX_TPM_RSA_BITS: Final = 4096
"""MAX_RSA_KEY_BITS of the TPMs there are; most have 2,048."""

_MAX_SCALAR_BYTES: Final = 66


@dataclass(frozen=True, slots=True)
class TpmSignature:
    """A signature: one number of RSA, or two of ECDSA, each in big-endian bytes."""

    scheme: TpmScheme
    hashed: TpmHash
    numbers: tuple[bytes, ...]


def parse_tpm_signature(data: bytes) -> TpmSignature:
    """Read a TPMT_SIGNATURE.

    Raises:
        MalformedEvidenceError: It is not one structure.
        EvidenceVersionError: Its scheme or its hash is not verified here; SHA-1 is not.

    TPM 2.0 Part 2, section 11.3.4.
    """
    reader = TpmReader(data, "TPMT_SIGNATURE")
    scheme, hashed = tpm_scheme(reader.integer(2)), tpm_hash(reader.integer(2))
    if scheme is TpmScheme.ECDSA:
        numbers: tuple[bytes, ...] = (reader.sized(_MAX_SCALAR_BYTES), reader.sized(_MAX_SCALAR_BYTES))
    else:
        numbers = (reader.sized(MAX_TPM_RSA_BITS // 8),)
    reader.finish()
    return TpmSignature(scheme, hashed, numbers)


def verify_tpm_signature(signature: TpmSignature, key: PublicKey, data: bytes) -> None:
    """Return when ``signature`` is one of ``key`` over ``data``.

    Raises:
        EvidenceKeyError: An RSA key of another size than TPMs have.
        EvidenceMismatchError: The scheme does not go with the key.
        EvidenceSignatureError: It is none.

    TPM 2.0 Part 1, annexes B.6, B.7 and C.4.2.
    """
    material, hashed = key.material, signature.hashed.library
    try:
        match material, signature.scheme:
            case rsa.RSAPublicKey(), TpmScheme.RSASSA:
                material.verify(_of_size(signature, material), data, padding.PKCS1v15(), hashed)
            case rsa.RSAPublicKey(), TpmScheme.RSAPSS:
                # TPMs differ in the salt: some write the longest that fits, others one as long as the digest.
                pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=padding.PSS.AUTO)
                material.verify(_of_size(signature, material), data, pss, hashed)
            case ec.EllipticCurvePublicKey(), TpmScheme.ECDSA:
                r, s = (int.from_bytes(number, "big") for number in signature.numbers)
                material.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashed))
            case _:
                raise EvidenceMismatchError(f"a signature of {signature.scheme.name} and a key of another kind")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise EvidenceSignatureError(f"not a signature of the attestation key {key.thumbprint.hex()}") from error


def _of_size(signature: TpmSignature, material: rsa.RSAPublicKey) -> bytes:
    if not MIN_RSA_BITS <= material.key_size <= MAX_TPM_RSA_BITS:
        raise EvidenceKeyError(f"an RSA key of {material.key_size} bits is no attestation key")
    (number,) = signature.numbers
    if len(number) != (material.key_size + 7) // 8:
        raise EvidenceSignatureError(f"{len(number)} bytes are no signature of an RSA key of {material.key_size} bits")
    return number
