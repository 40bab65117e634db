"""What is refused by the name of its kind, before a library spends seconds on loading it."""

import pytest

from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.public_key import parse_public_key_der, parse_public_key_pem, public_key_der
from counterfoil.cose.spki import ADMITTED, key_algorithm
from counterfoil.errors import MalformedKeyError
from counterfoil.signing.generate import generate_private_key

EC = bytes.fromhex("2a8648ce3d0201")
DIFFIE_HELLMAN = bytes.fromhex("2a8648ce3e0201")


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def certificate_of_a_diffie_hellman_key() -> bytes:
    """A certificate of no length worth mentioning; one of 32,768 bits takes a library ten seconds to load."""
    one, empty = tlv(0x02, b"\x01"), tlv(0x30)
    group = tlv(0x30, tlv(0x02, b"\x17"), tlv(0x02, b"\x02"), tlv(0x02, b"\x0b"))
    key = tlv(0x30, tlv(0x30, tlv(0x06, DIFFIE_HELLMAN), group), tlv(0x03, b"\x00", tlv(0x02, b"\x05")))
    algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))
    validity = tlv(0x30, tlv(0x17, b"260101000000Z"), tlv(0x17, b"270101000000Z"))
    tbs = tlv(0x30, tlv(0xA0, tlv(0x02, b"\x02")), one, algorithm, empty, validity, empty, key)
    return tlv(0x30, tbs, algorithm, tlv(0x03, b"\x00"))


@pytest.mark.parametrize("name", ["ES256", "ES384", "ES512", "EdDSA", "PS256", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_what_this_log_signs_with_is_admitted(name: str) -> None:
    key = generate_private_key(name).public_key
    assert key_algorithm(public_key_der(key)) in ADMITTED
    assert parse_public_key_der(public_key_der(key)) == key


def test_a_diffie_hellman_key_is_refused_by_its_name() -> None:
    der = public_key_der(generate_private_key("ES256").public_key).replace(EC, DIFFIE_HELLMAN)
    with pytest.raises(MalformedKeyError, match="kind"):
        parse_public_key_der(der)
    with pytest.raises(MalformedKeyError, match="kind"):
        certificate_key(certificate_of_a_diffie_hellman_key())


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30", b"\x30\x03\x30\x01\x06", b"\x30\x04\x30\x02\x06\x00", b"\x31\x04\x30\x02\x06\x00", b"\x30\x80\x00",
     b"\x30\x85\x01\x01\x01\x01\x01\x00", b"\x30\x7f\x30\x02\x06\x00", b"\x30\x05\x30\x03\x06\x01\x80"],
    ids=lambda der: der.hex() or "empty",
)  # fmt: skip
def test_what_is_no_subject_public_key_info(der: bytes) -> None:
    with pytest.raises(MalformedKeyError):
        key_algorithm(der)


@pytest.mark.parametrize("pem", ["", "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n",
                                 "-----BEGIN PUBLIC KEY-----\nAAAA\n"])  # fmt: skip
def test_what_is_no_pem(pem: str) -> None:
    with pytest.raises(MalformedKeyError):
        parse_public_key_pem(pem)
