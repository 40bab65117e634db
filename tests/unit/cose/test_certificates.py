import datetime as dt
import hashlib
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.cose import labels
from counterfoil.cose.certificates import certificate_digest, certificate_key, load_certificate
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.errors import (
    AlgorithmUnsupportedError,
    MalformedCertificateError,
    MalformedError,
    MalformedKeyError,
    UnverifiedError,
)
from tests.unit.cose.signers import KINDS, public_key, unknown_materials

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agent")])
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def certificate_for(material: Any) -> bytes:
    built = x509.CertificateBuilder(NAME, NAME, material, 1, START, START + dt.timedelta(days=1))
    return built.sign(ec.derive_private_key(9, ec.SECP256R1()), hashes.SHA256()).public_bytes(
        serialization.Encoding.DER
    )


@lru_cache
def certificate() -> bytes:
    return certificate_for(public_key("P-256").material)


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_is_the_certified_one(kind: str) -> None:
    assert certificate_key(certificate_for(public_key(kind).material)) == public_key(kind)


@pytest.mark.parametrize("name", ["secp256k1", "P-224", "Ed448", "X25519", "DSA"])
def test_refuses_a_key_of_an_unknown_kind(name: str) -> None:
    with pytest.raises(MalformedKeyError):
        certificate_key(certificate_for(unknown_materials()[name]))


def test_refuses_what_is_no_certificate() -> None:
    der = certificate()
    pem = x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
    for wrong in (b"", b"\x30\x00", b"garbage", der[:-1], der + b"\x00", der[1:], pem, der + der):
        with pytest.raises(MalformedCertificateError):
            certificate_key(wrong)


def test_refuses_a_version_that_does_not_exist() -> None:
    version_3 = bytes.fromhex("a003020102")
    assert version_3 in certificate()
    for version in ("03", "7f"):
        with pytest.raises(MalformedCertificateError):
            certificate_key(certificate().replace(version_3, bytes.fromhex("a0030201" + version)))


def test_a_spoiled_byte_never_raises_a_foreign_error() -> None:
    der = certificate()
    for at in range(len(der)):
        spoiled = bytearray(der)
        spoiled[at] ^= 0x11
        try:
            certificate_key(bytes(spoiled))
        except (MalformedError, UnverifiedError):
            continue


@pytest.mark.parametrize(
    ("alg", "name"), [(labels.SHA256, "sha256"), (labels.SHA384, "sha384"), (labels.SHA512, "sha512")]
)
def test_the_digest_is_over_the_whole_certificate(alg: int, name: str) -> None:
    assert certificate_digest(certificate(), alg) == hashlib.new(name, certificate()).digest()


@pytest.mark.parametrize("alg", [0, 16, -14, -15, -17, -18, -7, -45])
def test_refuses_another_hash(alg: int) -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        certificate_digest(certificate(), alg)


ZERO_SERIAL = bytes.fromhex("a003020102020100")


def serial_zero(number: int = 0) -> bytes:
    """The certificate with another serial number, of one byte as well; its signature does not hold."""
    before = bytes.fromhex("a003020102020101")
    assert certificate().count(before) == 1
    return certificate().replace(before, before[:-1] + bytes((number,)))


def test_the_serial_number_zero_is_read_without_a_warning() -> None:
    # Warnings are errors here: the library warns of it, and is going to refuse it.
    assert load_certificate(serial_zero()).subject == load_certificate(certificate()).subject
    assert certificate_key(serial_zero()) == certificate_key(certificate())
    # Once it does, no certificate of AMD may be read past this function any more.
    with pytest.warns(UserWarning, match="serial number"):
        x509.load_der_x509_certificate(serial_zero())


def test_nothing_else_of_a_certificate_is_read_otherwise() -> None:
    for number in (1, 2, 127):
        der = serial_zero(number)
        assert load_certificate(der).public_bytes(serialization.Encoding.DER) == der
    changed = load_certificate(serial_zero()).public_bytes(serialization.Encoding.DER)
    assert changed == certificate()
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), ZERO_SERIAL)
    builder = x509.CertificateBuilder(NAME, NAME, public_key("P-256").material, 1, START, START + dt.timedelta(days=1))
    built = builder.add_extension(other, critical=False).sign(ec.derive_private_key(9, ec.SECP256R1()), hashes.SHA256())
    assert load_certificate(built.public_bytes(serialization.Encoding.DER)) == built


def test_what_only_looks_like_it_is_no_certificate() -> None:
    for wrong in (ZERO_SERIAL, b"\x30\x08" + ZERO_SERIAL, bytes(8) + ZERO_SERIAL, ZERO_SERIAL * 3):
        with pytest.raises(MalformedCertificateError):
            certificate_key(wrong)


@pytest.mark.parametrize("number", [0x80, 0xFF])
def test_a_negative_serial_number_is_refused_without_a_warning(number: int) -> None:
    with pytest.raises(MalformedCertificateError):
        certificate_key(serial_zero(number))
    with pytest.raises(MalformedCertificateError):
        parse_certificate(serial_zero(number))


@pytest.mark.parametrize("size", range(40))
def test_the_beginning_of_a_certificate_is_none(size: int) -> None:
    with pytest.raises(MalformedCertificateError):
        certificate_key(certificate()[:size])
