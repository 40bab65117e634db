"""Public areas of keys in TPMs."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.tpm.public_area import MAX_PUBLIC_BYTES, parse_tpm_public, require_attestation_key
from counterfoil.errors import (
    CounterfoilError,
    EvidenceKeyError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
)
from tests.tpm_quotes import (
    ECDSA,
    NULL,
    RSAPSS,
    RSASSA,
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    SIGNING,
    SoftKey,
    ecc_key,
    rsa_ak,
    sized,
    u,
)

KEYS = [
    ecc_key(),
    ecc_key(ec.SECP384R1(), SHA384),
    ecc_key(ec.SECP521R1(), SHA512),
    rsa_ak(),
    rsa_ak(RSAPSS, SHA384, 3072),
]
ECC, RSA = KEYS[0], KEYS[3]
MADE_BY_A_TPM = (
    "0023000b00050072000000100018000b0003001000200b67d5decaed62c885b276db511c5560c922b6acfc190d059a485bf3db6372f5"
    "00200bd48b3da48810"
    "4355b86916055aedba87003d2e7c1629035892e1c4f93f430b"
)
ITS_NAME = "000bd3708979a10b5604432a57545ab1ec1da8ea7cd6c3fecf1baa03ccf4b474991b"


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_each_kind_is_read_with_its_size_in_front_or_without(key: SoftKey) -> None:
    for data in (key.public, sized(key.public)):
        public = parse_tpm_public(data)
        assert public.key == key.key
        assert public.encoded == key.public
        assert (public.scheme, public.hashed.number, public.attributes) == (key.scheme, key.hashed, SIGNING)
        assert public.name == u(SHA256, 2) + hashlib.sha256(key.public).digest()
        require_attestation_key(public)


def test_a_key_that_a_tpm_made_has_the_name_that_the_tpm_gave_it() -> None:
    public = parse_tpm_public(bytes.fromhex(MADE_BY_A_TPM))
    assert public.name.hex() == ITS_NAME
    require_attestation_key(public)


@pytest.mark.parametrize("bit", [1, 4, 5, 16, 18])
def test_each_attribute_is_asked_for(bit: int) -> None:
    with pytest.raises(EvidenceKeyError):
        require_attestation_key(parse_tpm_public(replace(ECC, attributes=SIGNING & ~(1 << bit)).public))


@pytest.mark.parametrize("bit", [2, 6, 7, 10, 19])
def test_other_attributes_do_not_matter(bit: int) -> None:
    require_attestation_key(parse_tpm_public(replace(ECC, attributes=SIGNING ^ 1 << bit).public))


def test_a_key_that_decrypts_too_is_none() -> None:
    with pytest.raises(EvidenceKeyError):
        require_attestation_key(parse_tpm_public(replace(RSA, attributes=SIGNING | 1 << 17).public))


def edited(key: SoftKey, old: bytes, new: bytes) -> bytes:
    """A public area with one stretch, which stands in it once, replaced."""
    assert key.public.count(old) == 1
    return key.public.replace(old, new)


_ECC_SCHEME, _RSA_SCHEME = u(NULL, 2) + u(ECDSA, 2) + u(SHA256, 2), u(NULL, 2) + u(RSASSA, 2) + u(SHA256, 2)


@pytest.mark.parametrize(
    "data",
    [
        u(0x0008, 2) + ECC.public[2:],
        u(0x0025, 2) + ECC.public[2:],
        replace(ECC, name_hash=SHA1).public,
        replace(ECC, hashed=SHA1).public,
        replace(ECC, scheme=0x001A).public,
        replace(ECC, scheme=NULL).public,
        edited(ECC, _ECC_SCHEME, u(6, 2) + u(128, 2) + u(0x43, 2) + u(ECDSA, 2) + u(SHA256, 2)),
        edited(ECC, _ECC_SCHEME, u(6, 2) + u(ECDSA, 2) + u(SHA256, 2)),
        edited(RSA, _RSA_SCHEME, u(6, 2) + u(RSASSA, 2) + u(SHA256, 2)),
        edited(ECC, u(3, 2) + u(NULL, 2), u(2, 2) + u(NULL, 2)),
        edited(ECC, u(3, 2) + u(NULL, 2), u(0x10, 2) + u(NULL, 2)),
        edited(ECC, u(3, 2) + u(NULL, 2), u(3, 2) + u(0x20, 2) + u(SHA256, 2)),
    ],
)
def test_kinds_of_keys_that_are_not_verified(data: bytes) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_tpm_public(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ECC.public + b"\x00",
        replace(ECC, scheme=RSASSA).public,
        replace(RSA, scheme=ECDSA).public,
        ECC.public[:-1] + bytes((ECC.public[-1] ^ 1,)),
        ECC.public[:-68] + sized(bytes(32)) + sized(bytes(32)),
        ECC.public[:-68] + sized(b"\x00" + ECC.public[-66:-34]) + ECC.public[-34:],
        ECC.public[:-68] + sized(bytes(67)) + ECC.public[-34:],
        edited(RSA, u(2048, 2) + bytes(4), u(2047, 2) + bytes(4)),
        edited(RSA, u(2048, 2) + bytes(4), u(2048, 2) + u(2, 4)),
        RSA.public[:-258] + sized(b"\x00" + RSA.public[-256:]),
        RSA.public[:-258] + sized(bytes(256)),
        RSA.public[:-258] + sized(u(int.from_bytes(RSA.public[-256:], "big") >> 1 | 1, 256)),
        RSA.public[:-258] + sized(bytes(513)),
    ],
)
def test_what_is_no_public_area_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_tpm_public(data)


@pytest.mark.parametrize("key", [ECC, RSA])
def test_an_area_that_ends_early_is_refused(key: SoftKey) -> None:
    for size in range(0, len(key.public), 1 if key is ECC else 16):
        for data in (key.public[:size], sized(key.public[:size])):
            with pytest.raises((MalformedEvidenceError, EvidenceVersionError)):
                parse_tpm_public(data)


@pytest.mark.parametrize(
    "data", [sized(ECC.public) + b"\x00", u(len(ECC.public) + 1, 2) + ECC.public, sized(sized(ECC.public))]
)
def test_a_size_in_front_is_the_one_of_the_area(data: bytes) -> None:
    with pytest.raises((MalformedEvidenceError, EvidenceVersionError)):
        parse_tpm_public(data)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_tpm_public(bytes(MAX_PUBLIC_BYTES + 1))


@given(st.binary(max_size=100) | st.binary(max_size=90).map(lambda tail: ECC.public[:14] + tail))
@settings(deadline=None, max_examples=150)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(CounterfoilError):
        parse_tpm_public(data)
