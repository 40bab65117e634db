import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from counterfoil.cose.algorithms import Algorithm, algorithm_named
from counterfoil.cose.public_key import CURVES, public_key_of
from counterfoil.cose.verify_signature import ecdsa_order, normalise_signature, verify_signature
from counterfoil.errors import SignatureInvalidError
from tests.unit.cose.signers import ALL, ECDSA_NAMES, kind_for, private_material, public_key, signer, twin_signature
from tests.vectors_dir import VECTORS

RFC = json.loads((VECTORS / "rfc_signatures.json").read_bytes())
DATA = b"what was signed"


@pytest.mark.parametrize("algorithm", ALL, ids=lambda row: row.name)
def test_takes_its_own_signature_and_no_neighbour_of_it(algorithm: Algorithm) -> None:
    signed = signer(algorithm.name)
    signature = signed.sign(DATA)
    verify_signature(algorithm, signed.public_key, signature, DATA)
    spoiled = [b"", signature[:-1], signature + b"\x00", b"\x00" + signature, signature[1:], bytes(len(signature))]
    spoiled += [
        signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :] for at in range(0, len(signature), 13)
    ]
    for wrong in spoiled:
        with pytest.raises(SignatureInvalidError):
            verify_signature(algorithm, signed.public_key, wrong, DATA)
    for wrong in (b"", DATA + b"\x00", DATA[:-1]):
        with pytest.raises(SignatureInvalidError):
            verify_signature(algorithm, signed.public_key, signature, wrong)


def test_refuses_the_signature_of_another_key() -> None:
    other = public_key_of(ec.derive_private_key(3, ec.SECP256R1()).public_key())
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm_named("ES256"), other, signer("ES256").sign(DATA), DATA)


@pytest.mark.parametrize("name", ["ES256", "ES384", "ES512"])
def test_verifies_the_signatures_of_rfc_6979(name: str) -> None:
    algorithm = algorithm_named(name)
    vector = RFC["rfc6979_sample"][name]
    curve = next(curve.library for curve in CURVES if curve.name == algorithm.curve)
    key = public_key_of(ec.derive_private_key(int(vector["d"], 16), curve).public_key())
    verify_signature(algorithm, key, bytes.fromhex(vector["signature"]), b"sample")
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm, key, bytes.fromhex(vector["signature"]), b"test")


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_verifies_the_signature_of_rfc_8032(name: str) -> None:
    vector = {label: bytes.fromhex(value) for label, value in RFC["rfc8032_7_1_test_2"].items()}
    key = public_key_of(ed25519.Ed25519PublicKey.from_public_bytes(vector["x"]))
    verify_signature(algorithm_named(name), key, vector["signature"], vector["data"])
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm_named(name), key, vector["signature"], vector["data"] + b"\x72")


def test_refuses_an_ed25519_s_that_was_raised_by_the_group_order() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature = signer("EdDSA").sign(DATA)
    s = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(SignatureInvalidError):
        verify_signature(
            algorithm_named("EdDSA"), public_key("Ed25519"), signature[:32] + s.to_bytes(32, "little"), DATA
        )


@pytest.mark.parametrize("name", ECDSA_NAMES)
def test_the_orders_are_the_librarys(name: str) -> None:
    algorithm = algorithm_named(name)
    assert ecdsa_order(algorithm) == next(c.library.group_order for c in CURVES if c.name == algorithm.curve)


@pytest.mark.parametrize("name", ECDSA_NAMES)
def test_both_twins_verify_and_normalise_to_the_same_bytes(name: str) -> None:
    algorithm, signed = algorithm_named(name), signer(name)
    for data in (b"", b"a", DATA):
        one = signed.sign(data)
        other = twin_signature(ecdsa_order(algorithm), one)
        assert one != other
        verify_signature(algorithm, signed.public_key, one, data)
        verify_signature(algorithm, signed.public_key, other, data)
        normal = normalise_signature(algorithm, one)
        assert normal == normalise_signature(algorithm, other)
        assert normal in {one, other}
        assert normal == normalise_signature(algorithm, normal)
        assert int.from_bytes(normal[len(normal) // 2 :], "big") * 2 < ecdsa_order(algorithm)


@pytest.mark.parametrize("name", [row.name for row in ALL if row.name not in ECDSA_NAMES])
def test_other_signatures_have_no_twin(name: str) -> None:
    signature = signer(name).sign(DATA)
    assert normalise_signature(algorithm_named(name), signature) == signature


@pytest.mark.parametrize("name", ECDSA_NAMES)
def test_refuses_r_and_s_out_of_range(name: str) -> None:
    algorithm = algorithm_named(name)
    half = (algorithm.signature_size or 0) // 2
    order = ecdsa_order(algorithm)
    good = signer(name).sign(DATA)
    top = (1 << 8 * half) - 1
    for wrong in (0, order, order + 1, top):
        for signature in (wrong.to_bytes(half, "big") + good[half:], good[:half] + wrong.to_bytes(half, "big")):
            with pytest.raises(SignatureInvalidError):
                verify_signature(algorithm, public_key(kind_for(algorithm)), signature, DATA)
            with pytest.raises(SignatureInvalidError):
                normalise_signature(algorithm, signature)
    for size in (0, 1, 2 * half - 1, 2 * half + 1, 2 * half + 2):
        with pytest.raises(SignatureInvalidError):
            normalise_signature(algorithm, bytes([1]) * size)


def test_refuses_ecdsa_in_der() -> None:
    material = private_material("P-256")
    assert isinstance(material, ec.EllipticCurvePrivateKey)
    der = material.sign(DATA, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm_named("ES256"), public_key("P-256"), der, DATA)


def rsa_signature(
    pad: padding.PSS | padding.PKCS1v15, hashed: hashes.SHA256 | hashes.SHA384, data: bytes = DATA
) -> bytes:
    material = private_material("RSA")
    assert isinstance(material, rsa.RSAPrivateKey)
    return material.sign(data, pad, hashed)


def test_takes_pss_with_this_salt_and_this_mask_alone() -> None:
    ps256, key = algorithm_named("PS256"), public_key("RSA")
    mask = padding.MGF1(hashes.SHA256())
    verify_signature(ps256, key, rsa_signature(padding.PSS(mask, 32), hashes.SHA256()), DATA)
    wrong = [
        rsa_signature(padding.PSS(mask, 0), hashes.SHA256()),
        rsa_signature(padding.PSS(mask, 31), hashes.SHA256()),
        rsa_signature(padding.PSS(mask, 33), hashes.SHA256()),
        rsa_signature(padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256()),  # noqa: S303 - to be refused
        rsa_signature(padding.PSS(padding.MGF1(hashes.SHA384()), 32), hashes.SHA256()),
        rsa_signature(padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
        rsa_signature(padding.PKCS1v15(), hashes.SHA256()),
    ]
    for signature in wrong:
        with pytest.raises(SignatureInvalidError):
            verify_signature(ps256, key, signature, DATA)


def test_an_error_names_the_key_and_shows_neither_data_nor_signature() -> None:
    key = public_key("P-256")
    signature = signer("ES256").sign(DATA)
    with pytest.raises(SignatureInvalidError) as caught:
        verify_signature(algorithm_named("ES256"), key, signature, b"secret")
    assert key.thumbprint.hex() in str(caught.value)
    assert signature.hex() not in str(caught.value)
    assert "secret" not in str(caught.value)
