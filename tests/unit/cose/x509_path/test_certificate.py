"""Certificates that cannot be read, or not without a doubt."""

import pytest
from cryptography import x509

from counterfoil.cose.x509_path.certificate import MAX_CERTIFICATE_BYTES, parse_certificate
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import (
    MalformedCertificateError,
    MalformedError,
    PathInvalidError,
    TooLargeError,
    UnverifiedError,
)
from tests.certificates import (
    AT,
    CA_USAGE,
    ECDSA_WITH_SHA256,
    NOT_AFTER,
    NOT_BEFORE,
    Says,
    crl,
    edited,
    issued,
    resigned,
    root,
    tlv,
)


def test_the_bytes_that_are_compared_are_those_that_stand_in_it() -> None:
    top = root()
    leaf = issued(top, "leaf")
    read, above = parse_certificate(leaf.der), parse_certificate(top.der)
    assert read.issuer == above.subject == top.certificate.subject.public_bytes()
    assert read.subject == leaf.certificate.subject.public_bytes()
    assert read.tbs == leaf.certificate.tbs_certificate_bytes
    assert (read.not_before, read.not_after, read.serial) == (NOT_BEFORE, NOT_AFTER, leaf.certificate.serial_number)
    assert above.is_self_issued
    assert not read.is_self_issued


def test_extensions_that_are_not_known_are_kept_as_they_stand() -> None:
    extensions = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"2.999.{n}"), bytes((n,))), False) for n in (1, 2)]
    read = parse_certificate(issued(root(), "leaf", Says(extensions=extensions)).der)
    assert read.unrecognised == {"2.999.1": b"\x01", "2.999.2": b"\x02"}
    assert read.fulcio_issuer is None


def test_a_certificate_is_read_once_and_an_error_each_time() -> None:
    der = root().der
    assert parse_certificate(der) is parse_certificate(bytes(bytearray(der)))
    for _ in range(2):
        with pytest.raises(MalformedCertificateError):
            parse_certificate(der[:-1])


def test_refuses_an_extension_that_is_there_twice() -> None:
    top = root()
    extensions = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"2.999.{n}"), b"\x05\x00"), False) for n in (1, 2)]
    two = issued(top, "leaf", Says(extensions=extensions)).certificate
    der = resigned(edited(two, bytes.fromhex("0603883702"), bytes.fromhex("0603883701")), top.key)
    with pytest.raises(MalformedCertificateError, match="twice"):
        parse_certificate(der)


@pytest.mark.parametrize(
    "bounds", ["800101", "810105", "800100", "8001008101ff"], ids=["minimum", "maximum", "0", "both"]
)
def test_refuses_name_constraints_with_a_minimum_or_a_maximum(bounds: str) -> None:
    base = tlv(0x82, b"agent.example")
    for tag in (0xA0, 0xA1):
        value = tlv(0x30, tlv(tag, tlv(0x30, base + bytes.fromhex(bounds))))
        unread = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), value)
        der = root("root", Says(ca=True, usage=CA_USAGE, extensions=[(unread, True)])).der
        with pytest.raises((PathInvalidError, MalformedCertificateError)):
            parse_certificate(der)
    plain = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), tlv(0x30, tlv(0xA0, tlv(0x30, base))))
    read = parse_certificate(root("root", Says(ca=True, usage=CA_USAGE, extensions=[(plain, True)])).der)
    assert read.name_constraints == x509.NameConstraints([x509.DNSName("agent.example")], None)


@pytest.mark.parametrize("tag", [0xA3, 0xA5], ids=["x400Address", "ediPartyName"])
def test_refuses_names_of_forms_that_the_library_does_not_read(tag: int) -> None:
    name = tlv(tag, tlv(0x80, b"x"))
    for oid, value in (("2.5.29.17", tlv(0x30, name)), ("2.5.29.30", tlv(0x30, tlv(0xA1, tlv(0x30, name))))):
        unread = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        with pytest.raises((PathInvalidError, MalformedCertificateError)):
            parse_certificate(root("root", Says(ca=True, usage=CA_USAGE, extensions=[(unread, True)])).der)


@pytest.mark.parametrize("oid", ["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.30", "2.5.29.17", "2.5.29.35"])
def test_refuses_an_extension_that_is_not_what_it_says(oid: str) -> None:
    garbage = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x02\x01")
    der = root("root", Says(ca=None, usage=None, extensions=[(garbage, False)])).der
    with pytest.raises(MalformedCertificateError):
        parse_certificate(der)


def test_refuses_one_byte_too_many() -> None:
    for size, error in ((MAX_CERTIFICATE_BYTES, MalformedCertificateError), (MAX_CERTIFICATE_BYTES + 1, TooLargeError)):
        with pytest.raises(error):
            parse_certificate(b"\x30" * size)


SERIAL_WARNING = "ignore:Parsed a serial number"
"""The library warns of serial numbers that are not positive, and is going to refuse them."""


@pytest.mark.filterwarnings(SERIAL_WARNING)
def test_a_serial_number_of_zero_is_admitted_since_the_chips_of_amd_have_no_other() -> None:
    top = root()
    leaf = issued(top, "leaf").certificate
    serial = leaf.serial_number
    size = (serial.bit_length() + 8) // 8
    old = bytes((0x02, size)) + serial.to_bytes(size, "big") + ECDSA_WITH_SHA256
    der = resigned(edited(leaf, old, b"\x02\x01\x00" + ECDSA_WITH_SHA256), top.key)
    assert parse_certificate(der).serial == 0
    validate_path([der], [top.der], AT, purpose=PathPurpose(crl_may_be_missing=True))
    revoked = crl(top, {serial: AT - 1})
    assert validate_path([der], [top.der], AT, purpose=PathPurpose(), crls=[revoked]).without_crl == ()


@pytest.mark.filterwarnings(SERIAL_WARNING)
def test_a_spoiled_byte_never_raises_a_foreign_error() -> None:
    top = root()
    names = x509.SubjectAlternativeName([x509.DNSName("agent.example"), x509.RFC822Name("a@agent.example")])
    constraints = x509.NameConstraints([x509.DNSName("agent.example")], None)
    der = issued(top, "leaf", Says(extensions=[(names, False), (constraints, True)])).der
    for at in range(len(der)):
        for mask in (0x01, 0x11, 0x80):
            spoiled = bytearray(der)
            spoiled[at] ^= mask
            try:
                validate_path([bytes(spoiled)], [top.der], AT, purpose=PathPurpose(crl_may_be_missing=True))
            except (MalformedError, UnverifiedError):
                continue
            pytest.fail(f"byte {at} may be anything")
