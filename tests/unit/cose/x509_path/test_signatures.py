"""Which signatures of a CA count."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from counterfoil.cose.public_key import public_key_of
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.signatures import (
    MAX_SIGNATURE_CHECKS,
    SignatureChecks,
    certified_key,
    verify_signed,
)
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import MalformedCertificateError, PathInvalidError
from tests.certificates import (
    AT,
    ECDSA_WITH_SHA256,
    Entity,
    PrivateKey,
    edited,
    issued,
    new_key,
    root,
    rsa_key,
    signed_der,
)

PURPOSE = PathPurpose(crl_may_be_missing=True)
DATA = b"to be signed"
OID_RSA = "06092a864886f70d0101"


def identifier(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal)


ECDSA_OTHERS = {
    "SHA-1": identifier("300906072a8648ce3d0401"),
    "SHA-224": identifier("300a06082a8648ce3d040301"),
    "with NULL": identifier("300c06082a8648ce3d0403020500"),
    "SHA3-256": identifier("300b060960864801650304030a"),
}
RSA_OTHERS = {
    "MD5": identifier(f"300d{OID_RSA}040500"),
    "SHA-1": identifier(f"300d{OID_RSA}050500"),
    "SHA-224": identifier(f"300d{OID_RSA}0e0500"),
    "without NULL": identifier(f"300b{OID_RSA}0b"),
    "PSS with the defaults, SHA-1": identifier(f"300d{OID_RSA}0a3000"),
}


@pytest.mark.parametrize("name", ECDSA_OTHERS)
def test_refuses_another_algorithm_of_ecdsa(name: str) -> None:
    top = root()
    assert isinstance(top.key, ec.EllipticCurvePrivateKey)
    certificate = issued(top, "leaf").certificate
    tbs = edited(certificate, ECDSA_WITH_SHA256, ECDSA_OTHERS[name])
    hashed: hashes.HashAlgorithm = hashes.SHA1() if name == "SHA-1" else hashes.SHA256()  # noqa: S303 - what is refused
    der = signed_der(tbs, ECDSA_OTHERS[name], top.key.sign(tbs, ec.ECDSA(hashed)))
    expected = MalformedCertificateError if name == "with NULL" else PathInvalidError
    with pytest.raises(expected, match=r"algorithm that is not admitted|not an X.509"):
        validate_path([der], [top.der], AT, purpose=PURPOSE)


@pytest.mark.parametrize("name", RSA_OTHERS)
def test_refuses_another_algorithm_of_rsa(name: str) -> None:
    top = root("root", key=rsa_key())
    assert isinstance(top.key, rsa.RSAPrivateKey)
    certificate = issued(top, "leaf").certificate
    tbs = edited(certificate, identifier(f"300d{OID_RSA}0b0500"), RSA_OTHERS[name])
    weak: dict[str, hashes.HashAlgorithm] = {"SHA-1": hashes.SHA1(), "MD5": hashes.MD5()}  # noqa: S303 - what is refused
    der = signed_der(tbs, RSA_OTHERS[name], top.key.sign(tbs, padding.PKCS1v15(), weak.get(name, hashes.SHA256())))
    with pytest.raises(PathInvalidError, match="algorithm that is not admitted"):
        validate_path([der], [top.der], AT, purpose=PURPOSE)


def test_refuses_a_certificate_that_names_two_algorithms() -> None:
    top = root()
    certificate = issued(top, "leaf").certificate
    with_sha384 = ECDSA_WITH_SHA256[:-1] + b"\x03"
    der = signed_der(certificate.tbs_certificate_bytes, with_sha384, certificate.signature)
    with pytest.raises(MalformedCertificateError):
        validate_path([der], [top.der], AT, purpose=PURPOSE)


PSS_SHA384 = identifier(
    f"3041{OID_RSA}0a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108"
    "300d06096086480165030402020500a203020130"
)
PSS_EXPLICIT = identifier("3046") + PSS_SHA384[2:13] + b"\x30\x39" + PSS_SHA384[15:] + identifier("a303020101")


def test_pss_counts_with_its_trailer_written_down_as_in_the_chains_of_amd() -> None:
    key, padded = rsa_key(), padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    signature = key.sign(DATA, padded, hashes.SHA384())
    for algorithm in (PSS_SHA384, PSS_EXPLICIT):
        verify_signed(algorithm, signature, DATA, public_key_of(key.public_key()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a203020130", "a203020120"),
        ("a303020101", "a303020102"),
        ("300d06096086480165030402020500a203", "300d06096086480165030402010500a203"),
        ("a00f300d0609608648016503040202", "a00f300d0609608648016503040204"),
    ],
    ids=["salt", "trailer", "hash of the mask", "hash"],
)
def test_refuses_other_parameters_of_pss(old: str, new: str) -> None:
    key, padded = rsa_key(), padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    signature = key.sign(DATA, padded, hashes.SHA384())
    assert PSS_EXPLICIT.count(identifier(old)) == 1
    other = PSS_EXPLICIT.replace(identifier(old), identifier(new))
    with pytest.raises(PathInvalidError, match="not admitted"):
        verify_signed(other, signature, DATA, public_key_of(key.public_key()))


def test_refuses_a_salt_that_is_not_the_one_that_the_algorithm_names() -> None:
    key = rsa_key()
    signature = key.sign(DATA, padding.PSS(padding.MGF1(hashes.SHA384()), 20), hashes.SHA384())
    with pytest.raises(PathInvalidError, match="not one of"):
        verify_signed(PSS_SHA384, signature, DATA, public_key_of(key.public_key()))


def test_refuses_an_algorithm_with_a_key_of_another_kind() -> None:
    keys: tuple[PrivateKey, ...] = (new_key(), rsa_key(), ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    fits = {
        0: (ECDSA_WITH_SHA256,),
        1: (PSS_SHA384, identifier(f"300d{OID_RSA}0b0500")),
        2: (identifier("300506032b6570"),),
    }
    for place, algorithms in fits.items():
        for other, key in enumerate(keys):
            for algorithm in algorithms:
                with pytest.raises(PathInvalidError, match="not one of" if other == place else "does not go with"):
                    verify_signed(algorithm, b"\x00" * 64, DATA, public_key_of(key.public_key()))


@pytest.mark.parametrize("bits", [1024, 2047, 8193])
def test_refuses_rsa_of_a_size_outside_what_is_admitted(bits: int) -> None:
    material = rsa.RSAPublicNumbers(65_537, (1 << bits - 1) | 1).public_key()
    with pytest.raises(PathInvalidError, match=f"{bits} bits"):
        certified_key(
            material.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )


def test_refuses_a_signature_that_is_none() -> None:
    top = root()
    leaf = issued(top, "leaf")
    tbs = leaf.certificate.tbs_certificate_bytes
    for signature in (b"", b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", leaf.certificate.signature + b"\x00"):
        with pytest.raises(PathInvalidError, match="not one of"):
            validate_path([signed_der(tbs, ECDSA_WITH_SHA256, signature)], [top.der], AT, purpose=PURPOSE)


def test_another_key_did_not_sign() -> None:
    top = root()
    forged = issued(Entity(new_key(), top.certificate), "leaf")
    with pytest.raises(PathInvalidError, match="not one of"):
        validate_path([forged.der], [top.der], AT, purpose=PURPOSE)


def test_checks_run_out() -> None:
    checks = SignatureChecks()
    for _ in range(MAX_SIGNATURE_CHECKS):
        checks.spend()
    with pytest.raises(PathInvalidError, match="signature checks"):
        checks.spend()
