import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from counterfoil.cose.cose_key import parse_cose_key
from counterfoil.cose.public_key import (
    KeyKind,
    parse_public_key_der,
    parse_public_key_pem,
    public_key_der,
    public_key_of,
    public_key_pem,
)
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError
from tests.unit.cose.signers import KINDS, private_material, public_key, unknown_materials
from tests.vectors_dir import VECTORS

RFC9679 = json.loads((VECTORS / "rfc_signatures.json").read_bytes())["rfc9679_6"]
UNKNOWN = unknown_materials()


def der_of(material: Any) -> bytes:
    found: bytes = material.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def pem_of(material: Any) -> bytes:
    found: bytes = material.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def test_the_thumbprint_of_the_rfc() -> None:
    key = parse_cose_key(bytes.fromhex(RFC9679["members"]))
    assert key.thumbprint.hex() == RFC9679["thumbprint"]
    assert (key.kind, key.curve) == (KeyKind.EC2, "P-256")


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_in_and_out_is_the_same_key(kind: str) -> None:
    key = public_key(kind)
    pem = public_key_pem(key)
    for again in (
        parse_public_key_pem(pem),
        parse_public_key_pem(pem.encode()),
        parse_public_key_der(public_key_der(key)),
    ):
        assert again == key
        assert hash(again) == hash(key)
        assert again.thumbprint == key.thumbprint
        assert (again.kind, again.curve) == (key.kind, key.curve)
    assert len(key.thumbprint) == hashlib.sha256().digest_size


def test_keys_of_different_kinds_differ() -> None:
    assert len({public_key(kind) for kind in KINDS}) == len(KINDS)


def test_a_key_does_not_show_its_material() -> None:
    assert "object at" not in repr(public_key("P-256"))


@pytest.mark.parametrize("name", UNKNOWN)
def test_refuses_keys_of_unknown_kinds(name: str) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_of(UNKNOWN[name])
    with pytest.raises(MalformedKeyError):
        parse_public_key_der(der_of(UNKNOWN[name]))
    with pytest.raises(MalformedKeyError):
        parse_public_key_pem(pem_of(UNKNOWN[name]))


@pytest.mark.parametrize(
    "material", [None, b"", "key", object(), private_material("P-256"), private_material("Ed25519")]
)
def test_refuses_what_is_no_public_key(material: object) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_of(material)


def private_pem() -> bytes:
    return private_material("P-256").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pkcs1(encoding: serialization.Encoding) -> bytes:
    material: Any = public_key("RSA").material
    found: bytes = material.public_bytes(encoding, serialization.PublicFormat.PKCS1)
    return found


PEM = public_key_pem(public_key("P-256")).encode()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"garbage",
        PEM[:-40],
        PEM + PEM,
        PEM.replace(b"PUBLIC KEY", b"CERTIFICATE"),
        PEM.replace(b"PUBLIC KEY", b"RSA PUBLIC KEY"),
        PEM.replace(b"MF", b"!!"),
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        private_pem(),
        PEM + private_pem(),
        pkcs1(serialization.Encoding.PEM),
        "-----BEGIN PUBLIC KEY-----\u00fc",
        "-----BEGIN PUBLIC KEY-----\ud800",
    ],
)
def test_refuses_pem_that_is_not_one_public_key(pem: bytes | str) -> None:
    with pytest.raises(MalformedKeyError):
        parse_public_key_pem(pem)


DER = public_key_der(public_key("P-256"))


@pytest.mark.parametrize(
    "der", [b"", b"\x30", DER[:-1], DER + b"\x00", DER[1:], pkcs1(serialization.Encoding.DER), PEM]
)
def test_refuses_der_that_is_not_one_public_key(der: bytes) -> None:
    with pytest.raises(MalformedKeyError):
        parse_public_key_der(der)


def test_refuses_a_point_off_its_curve() -> None:
    for at in range(len(DER) - 64, len(DER), 7):
        spoiled = bytearray(DER)
        spoiled[at] ^= 1
        with pytest.raises(MalformedKeyError):
            parse_public_key_der(bytes(spoiled))


def test_refuses_an_ed25519_point_of_small_order_in_any_clothes() -> None:
    der = public_key_der(public_key("Ed25519"))
    for point in (b"\x01" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"):
        with pytest.raises(MalformedKeyError):
            parse_public_key_der(der[:-32] + point)


def test_a_key_the_library_cannot_place_is_unsupported_or_malformed() -> None:
    unknown_oid = DER.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
    assert unknown_oid != DER
    with pytest.raises((MalformedKeyError, AlgorithmUnsupportedError)):
        parse_public_key_der(unknown_oid)
