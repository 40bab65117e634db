import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519

from counterfoil.cose.algorithms import Algorithm, Family, algorithm_named
from counterfoil.cose.private_keys import LocalSigner, default_algorithm, parse_private_key_pem
from counterfoil.cose.public_key import CURVES, public_key_pem
from counterfoil.errors import AlgorithmKeyMismatchError, MalformedKeyError
from tests.unit.cose.signers import ALL, KINDS, SEED, kind_for, private_material, public_key, signer
from tests.vectors_dir import VECTORS

if TYPE_CHECKING:
    from counterfoil.cose.signer import Signer

RFC6979 = json.loads((VECTORS / "rfc_signatures.json").read_bytes())["rfc6979_sample"]


def pem_of(material: Any, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    found: bytes = material.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return found


@pytest.mark.parametrize("name", RFC6979)
def test_signs_as_rfc_6979_says(name: str) -> None:
    algorithm = algorithm_named(name)
    curve = next(curve.library for curve in CURVES if curve.name == algorithm.curve)
    signed = LocalSigner(ec.derive_private_key(int(RFC6979[name]["d"], 16), curve), algorithm)
    assert signed.sign(b"sample").hex() == RFC6979[name]["signature"]


def as_port(signed: "Signer") -> "Signer":
    """The type checker holds LocalSigner to the port here."""
    return signed


@pytest.mark.parametrize("algorithm", ALL, ids=lambda row: row.name)
def test_signs_in_the_algorithms_size(algorithm: Algorithm) -> None:
    signed = as_port(signer(algorithm.name))
    assert signed.algorithm is algorithm
    assert signed.public_key == public_key(kind_for(algorithm))
    assert len(signed.sign(b"x")) == (algorithm.signature_size or 256)


@pytest.mark.parametrize("name", [row.name for row in ALL if row.family in {Family.ECDSA, Family.EDDSA}])
def test_signs_the_same_bytes_the_same_way_twice(name: str) -> None:
    assert signer(name).sign(b"x") == signer(name).sign(b"x")


DEFAULTS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "RSA": "PS256"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_has_a_default_algorithm(kind: str) -> None:
    assert default_algorithm(public_key(kind)).name == DEFAULTS.get(kind, kind)
    parsed = parse_private_key_pem(pem_of(private_material(kind)))
    assert parsed.public_key == public_key(kind)
    assert parsed.algorithm.name == DEFAULTS.get(kind, kind)


def test_another_algorithm_may_be_chosen_where_it_fits() -> None:
    assert (
        parse_private_key_pem(pem_of(private_material("P-256")), algorithm=algorithm_named("ESP256")).algorithm.code
        == -9
    )
    with pytest.raises(AlgorithmKeyMismatchError):
        parse_private_key_pem(pem_of(private_material("P-256")), algorithm=algorithm_named("ES384"))


def test_reads_the_older_ec_form() -> None:
    material: Any = private_material("P-256")
    older = material.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert parse_private_key_pem(older).public_key == public_key("P-256")


UNKNOWN = {
    "secp256k1": ec.derive_private_key(7, ec.SECP256K1()),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "X25519": x25519.X25519PrivateKey.from_private_bytes(SEED),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_refuses_keys_of_unknown_kinds(name: str) -> None:
    with pytest.raises(MalformedKeyError):
        parse_private_key_pem(pem_of(UNKNOWN[name]))


def test_refuses_an_rsa_key_that_is_too_short() -> None:
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024)  # noqa: S505 - to be refused
    with pytest.raises(AlgorithmKeyMismatchError):
        parse_private_key_pem(pem_of(short))


def test_refuses_what_is_no_private_key() -> None:
    pem = pem_of(private_material("P-256"))
    for wrong in (
        b"",
        b"garbage",
        pem[:-60],
        public_key_pem(public_key("P-256")).encode(),
        pem.replace(b"PRIVATE", b"SECRET"),
    ):
        with pytest.raises(MalformedKeyError):
            parse_private_key_pem(wrong)


def test_refuses_an_encrypted_key_and_shows_nothing_of_it() -> None:
    pem = pem_of(private_material("P-256"), b"password")
    with pytest.raises(MalformedKeyError) as caught:
        parse_private_key_pem(pem)
    assert pem.splitlines()[1].decode() not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_signer_shows_its_thumbprint_and_no_secret() -> None:
    shown = repr(signer("EdDSA"))
    assert public_key("Ed25519").thumbprint.hex() in shown
    assert SEED.hex() not in shown
    assert not hasattr(signer("EdDSA"), "__dict__")
