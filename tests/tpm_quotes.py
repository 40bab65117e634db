"""Quotes as a TPM makes them, by a TPM of a few lines, so that every field can be what a test wants."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.pcrs import PcrValues, encode_pcr_values
from counterfoil.cose.public_key import PublicKey, public_key_of
from tests.certificates import new_key, rsa_key

RSASSA, RSAPSS, ECDSA, NULL = 0x0014, 0x0016, 0x0018, 0x0010
SHA1, SHA256, SHA384, SHA512 = 0x0004, 0x000B, 0x000C, 0x000D
SIGNING = 0x00050072
"""fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign: as tpm2_createak makes it."""

QUOTE, CERTIFY = 0x8018, 0x8017
BANKS = {"sha1": SHA1, "sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
_LIBRARY = {SHA1: hashes.SHA1(), SHA256: hashes.SHA256(), SHA384: hashes.SHA384(), SHA512: hashes.SHA512()}  # noqa: S303 - a quote that is refused
_NAMES = {number: name for name, number in BANKS.items()}
_CURVES = {"secp256r1": 3, "secp384r1": 4, "secp521r1": 5}

TpmKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def sized(data: bytes) -> bytes:
    return u(len(data), 2) + data


def selection(bank: str, indices: Sequence[int], size: int = 3) -> bytes:
    bits = sum(1 << index for index in indices)
    return u(BANKS[bank], 2) + u(size, 1) + bits.to_bytes(size, "little")


def register(bank: str, index: int) -> bytes:
    """What a register holds unless a test says otherwise."""
    return hashlib.new(bank, f"register {index}".encode()).digest()


def registers(*indices: int, bank: str = "sha256") -> PcrValues:
    return {bank: {index: register(bank, index) for index in indices}}


@dataclass(frozen=True, slots=True)
class Attest:
    """A TPMS_ATTEST. What is None is computed from the values."""

    values: PcrValues = field(default_factory=lambda: registers(0, 7))
    extra_data: bytes = b"challenge"
    magic: int = 0xFF544347
    kind: int = QUOTE
    signer: bytes = u(SHA256, 2) + bytes(32)
    clock: int = 1234
    reset_count: int = 5
    restart_count: int = 6
    safe: int = 1
    firmware: int = 0x2020031200120003
    count: int | None = None
    selections: bytes | None = None
    digest: bytes | None = None
    tail: bytes = b""

    def encode(self, hashed: int = SHA256) -> bytes:
        joined = b"".join(held[index] for held in self.values.values() for index in sorted(held))
        digest = self.digest if self.digest is not None else hashlib.new(_NAMES[hashed], joined).digest()
        chosen = [selection(bank, sorted(held)) for bank, held in self.values.items()]
        selections = self.selections if self.selections is not None else b"".join(chosen)
        count = self.count if self.count is not None else len(chosen)
        head = u(self.magic, 4) + u(self.kind, 2) + sized(self.signer) + sized(self.extra_data)
        clock = u(self.clock, 8) + u(self.reset_count, 4) + u(self.restart_count, 4) + u(self.safe, 1)
        return head + clock + u(self.firmware, 8) + u(count, 4) + selections + sized(digest) + self.tail


@dataclass(frozen=True, slots=True)
class SoftKey:
    """An attestation key and what its public area says of it."""

    private: TpmKey
    scheme: int
    hashed: int = SHA256
    attributes: int = SIGNING
    name_hash: int = SHA256

    @property
    def key(self) -> PublicKey:
        return public_key_of(self.private.public_key())

    @property
    def public(self) -> bytes:
        """The TPMT_PUBLIC."""
        rsa_or_ecc = 0x0001 if isinstance(self.private, rsa.RSAPrivateKey) else 0x0023
        head = u(rsa_or_ecc, 2) + u(self.name_hash, 2) + u(self.attributes, 4) + sized(b"")
        return head + u(NULL, 2) + u(self.scheme, 2) + u(self.hashed, 2) + self.unique

    @property
    def unique(self) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            bits, modulus = self.private.key_size, self.private.public_key().public_numbers().n
            return u(bits, 2) + u(0, 4) + sized(u(modulus, (bits + 7) // 8))
        numbers, size = self.private.public_key().public_numbers(), (self.private.curve.key_size + 7) // 8
        curve = _CURVES[self.private.curve.name]
        return u(curve, 2) + u(NULL, 2) + sized(u(numbers.x, size)) + sized(u(numbers.y, size))

    def sign(self, data: bytes, *, salt: int | None = None) -> bytes:
        """The TPMT_SIGNATURE over ``data``."""
        hashed, head = _LIBRARY[self.hashed], u(self.scheme, 2) + u(self.hashed, 2)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            size = (self.private.curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashed)))
            return head + sized(u(r, size)) + sized(u(s, size))
        pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size if salt is None else salt)
        return head + sized(self.private.sign(data, padding.PKCS1v15() if self.scheme == RSASSA else pss, hashed))


def ecc_key(curve: ec.EllipticCurve | None = None, hashed: int = SHA256) -> SoftKey:
    return SoftKey(new_key(curve), ECDSA, hashed)


def rsa_ak(scheme: int = RSASSA, hashed: int = SHA256, bits: int = 2048) -> SoftKey:
    return SoftKey(rsa_key(bits), scheme, hashed)


def quote(key: SoftKey, attest: Attest | None = None, /, **parts: bytes | None) -> Evidence:
    """Evidence of a TPM; ``parts`` replace those that are made, and None leaves one out."""
    said = attest or Attest()
    encoded = said.encode(key.hashed)
    made: dict[str, bytes | None] = {
        "attest": encoded,
        "signature": key.sign(encoded),
        "pcrs": encode_pcr_values(said.values),
        "public": key.public,
    }
    return Evidence(Platform.TPM2, {name: part for name, part in (made | parts).items() if part is not None})


def with_parts(evidence: Evidence, parts: Mapping[str, bytes]) -> Evidence:
    return replace(evidence, parts={**evidence.parts, **parts})
