"""Signatures of TPMs."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.tpm.signature import parse_tpm_signature, verify_tpm_signature
from counterfoil.cose.public_key import public_key_of
from counterfoil.errors import (
    CounterfoilError,
    EvidenceKeyError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedEvidenceError,
)
from tests.certificates import new_key, rsa_key
from tests.tpm_quotes import (
    ECDSA,
    RSAPSS,
    RSASSA,
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    SoftKey,
    ecc_key,
    rsa_ak,
    sized,
    u,
)

DATA = b"what is signed"
HASHED = (SHA256, SHA384, SHA512)
KEYS = [
    *(ecc_key(curve, hashed) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()) for hashed in HASHED),
    *(rsa_ak(scheme, hashed) for scheme in (RSASSA, RSAPSS) for hashed in HASHED),
    rsa_ak(bits=3072),
]
ECC, RSA = KEYS[0], rsa_ak()


def verify(key: SoftKey, signature: bytes, data: bytes = DATA) -> None:
    verify_tpm_signature(parse_tpm_signature(signature), key.key, data)


@pytest.mark.parametrize("key", KEYS)
def test_a_signature_of_each_scheme_and_hash_holds_for_its_data_alone(key: SoftKey) -> None:
    signature = key.sign(DATA)
    verify(key, signature)
    with pytest.raises(EvidenceSignatureError):
        verify(key, signature, DATA + b"\x00")
    with pytest.raises(EvidenceSignatureError):
        verify(key, signature[:-1] + bytes((signature[-1] ^ 1,)))


@pytest.mark.parametrize("salt", [0, 20, 32, 222])
def test_a_tpm_may_choose_its_salt(salt: int) -> None:
    key = rsa_ak(RSAPSS)
    verify(key, key.sign(DATA, salt=salt))


@pytest.mark.parametrize("other", [ecc_key(), ecc_key(ec.SECP384R1())])
def test_a_signature_of_another_key_is_none(other: SoftKey) -> None:
    with pytest.raises(EvidenceSignatureError):
        verify(ECC, other.sign(DATA))


@pytest.mark.parametrize(
    ("key", "signature"), [(RSA, ECC.sign(DATA)), (ECC, RSA.sign(DATA)), (ECC, rsa_ak(RSAPSS).sign(DATA))]
)
def test_a_scheme_of_another_kind_of_key_does_not_belong_to_it(key: SoftKey, signature: bytes) -> None:
    with pytest.raises(EvidenceMismatchError):
        verify(key, signature)


def test_a_key_that_no_tpm_has_signs_nothing() -> None:
    key = public_key_of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    with pytest.raises(EvidenceMismatchError):
        verify_tpm_signature(parse_tpm_signature(ECC.sign(DATA)), key, DATA)


def test_an_rsa_key_is_of_the_sizes_that_tpms_have() -> None:
    short = SoftKey(rsa_key(1024), RSASSA)
    with pytest.raises(EvidenceKeyError):
        verify(short, short.sign(DATA))


def test_the_padding_is_the_one_that_is_named() -> None:
    pkcs1, pss = rsa_ak(RSASSA).sign(DATA), rsa_ak(RSAPSS).sign(DATA)
    for signature in (u(RSAPSS, 2) + pkcs1[2:], u(RSASSA, 2) + pss[2:]):
        with pytest.raises(EvidenceSignatureError):
            verify(RSA, signature)


def test_the_hash_is_the_one_that_is_named() -> None:
    for key in (ECC, RSA):
        signature = key.sign(DATA)
        with pytest.raises(EvidenceSignatureError):
            verify(key, signature[:2] + u(SHA384, 2) + signature[4:])


@pytest.mark.parametrize("key", [ECC, RSA])
def test_sha1_is_refused(key: SoftKey) -> None:
    signature = key.sign(DATA)
    with pytest.raises(EvidenceVersionError):
        parse_tpm_signature(signature[:2] + u(SHA1, 2) + signature[4:])


def test_even_a_genuine_signature_with_sha1_is_refused() -> None:
    signed = rsa_key().sign(DATA, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - a signature that is refused
    with pytest.raises(EvidenceVersionError):
        parse_tpm_signature(u(RSASSA, 2) + u(SHA1, 2) + sized(signed))


@pytest.mark.parametrize("scheme", [0, 0x0005, 0x0010, 0x001A, 0x001B, 0x001C, 0xFFFF])
def test_another_scheme_is_not_verified(scheme: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_tpm_signature(u(scheme, 2) + ECC.sign(DATA)[2:])


R, S = decode_dss_signature(new_key().sign(DATA, ec.ECDSA(hashes.SHA256())))
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (b"", b""),
        (bytes(32), bytes(32)),
        (b"\x01", bytes(32)),
        (u(ORDER, 32), b"\x01"),
        (u(R, 32), u(S + ORDER, 33)),
        (u(2**520, 66), u(1, 66)),
    ],
)
def test_numbers_out_of_range_are_no_signature(r: bytes, s: bytes) -> None:
    with pytest.raises(EvidenceSignatureError):
        verify(ECC, u(ECDSA, 2) + u(SHA256, 2) + sized(r) + sized(s))


_NUMBER = RSA.sign(DATA)[6:]


@pytest.mark.parametrize("number", [_NUMBER[1:], b"\x00" + _NUMBER, _NUMBER + b"\x00", b""])
def test_an_rsa_signature_is_as_long_as_its_key(number: bytes) -> None:
    with pytest.raises(EvidenceSignatureError):
        verify(RSA, RSA.sign(DATA)[:4] + sized(number))


@pytest.mark.parametrize("key", [RSA, rsa_ak(RSAPSS)])
def test_an_rsa_signature_with_a_zero_in_front_has_that_zero(key: SoftKey) -> None:
    data, signature = next(
        (data, signature)
        for data in (bytes((first, second)) for first in range(64) for second in range(64))
        if not (signature := key.sign(data))[6]
    )
    verify(key, signature, data)
    with pytest.raises(EvidenceSignatureError, match="bytes are no signature"):
        verify(key, signature[:4] + sized(signature[7:]), data)


@pytest.mark.parametrize("key", [ECC, RSA])
def test_another_length_is_malformed(key: SoftKey) -> None:
    signature = key.sign(DATA)
    for size in (*range(8), len(signature) // 2, len(signature) - 1):
        with pytest.raises(MalformedEvidenceError):
            parse_tpm_signature(signature[:size])
    with pytest.raises(MalformedEvidenceError):
        parse_tpm_signature(signature + b"\x00")


@pytest.mark.parametrize("size", [67, 513, 0xFFFF])
def test_longer_numbers_are_not_read(size: int) -> None:
    scheme = ECDSA if size == 67 else RSASSA
    with pytest.raises(MalformedEvidenceError):
        parse_tpm_signature(u(scheme, 2) + u(SHA256, 2) + sized(bytes(size)) + sized(b"\x01"))


@given(st.binary(max_size=90) | st.binary(max_size=90).map(lambda tail: ECC.sign(DATA)[:4] + tail))
@settings(deadline=None, max_examples=150)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(CounterfoilError):
        verify(ECC, data)
