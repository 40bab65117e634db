"""did:key: the key that it is, and what is none."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.jwk import public_key_of_jwk
from counterfoil.cose.keys import public_key_of
from counterfoil.errors import MalformedDidError, MalformedKeyError
from counterfoil.statement.did_key import method_of_did_key, parse_did_key, parse_multikey
from tests.dids import BASE58, did_key_of, multibase

P256 = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
P256_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI",
    "y": "hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU",
}
"""An example of the did:key method, as identifier and as JWK."""

ED25519 = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
RFC8032_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""RFC 8032, section 7.1, test 1."""

OTHER_CURVES = {
    "P-384": "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9",
    "P-521": "did:key:z2J9gaYxrKVpdoG9A4gRnmpnRCcxU6agDtFVVBVdn1JedouoZN7SzcyREXXzWgt3gGiwpoHq7K68X4m32D8HgzG8wv3sY5j7",
}
SECRETS = st.integers(1, 2**250)


def test_known_answers() -> None:
    assert parse_did_key(P256) == public_key_of_jwk(P256_JWK)
    assert parse_did_key(ED25519) == public_key_of(ed25519.Ed25519PublicKey.from_public_bytes(RFC8032_KEY))
    for curve, did in OTHER_CURVES.items():
        assert parse_did_key(did).curve == curve
        assert did_key_of(parse_did_key(did)) == did
    assert method_of_did_key(P256) == f"{P256}#{P256.removeprefix('did:key:')}"


@settings(deadline=None, max_examples=20)
@given(SECRETS, st.sampled_from([ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), None]))
def test_every_key_comes_back(secret: int, curve: ec.EllipticCurve | None) -> None:
    if curve is None:
        material: object = ed25519.Ed25519PrivateKey.from_private_bytes(secret.to_bytes(32, "big")).public_key()
    else:
        material = ec.derive_private_key(secret, curve).public_key()
    key = public_key_of(material)
    assert parse_did_key(did_key_of(key)) == key


POINT = ec.derive_private_key(7, ec.SECP256R1()).public_key()
COMPRESSED = POINT.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
UNCOMPRESSED = POINT.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
NOT_ON_CURVE = next(
    bytes((2,)) + number.to_bytes(32)
    for number in range(1, 100)
    if pow(number**3 - 3 * number + 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
           (2**256 - 2**224 + 2**192 + 2**96 - 2) // 2, 2**256 - 2**224 + 2**192 + 2**96 - 1) != 1
)  # fmt: skip


def did(codec: str, content: bytes = b"") -> str:
    return f"did:key:{multibase(bytes.fromhex(codec) + content)}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did:key:",
        "did:key:z",
        "did:web:agent.example",
        ED25519.upper(),
        ED25519.replace("did:key:z", "did:key:"),
        ED25519.replace("did:key:z", "did:key:u"),
        f"{ED25519}#{ED25519}",
        f"{ED25519} ",
        f"{ED25519}\n",
        ED25519[:-1],
        f"{ED25519}1",
        ED25519.replace("z6Mk", "z16Mk"),
        ED25519.replace("6Mk", "6M0"),
        ED25519.replace("6Mk", "6MO"),
        ED25519.replace("6Mk", "6Ml"),
        did("ed01", RFC8032_KEY + bytes(1)),
        did("ec01", RFC8032_KEY),
        did("e701", COMPRESSED),
        did("8024", UNCOMPRESSED),
        did("8024", bytes((4,)) + COMPRESSED[1:]),
        did("8124", COMPRESSED),
        did("8024", COMPRESSED[:-1]),
        did("8024", NOT_ON_CURVE),
        did("8024", bytes((2,)) + bytes((255,)) * 32),
        did("8024"),
        did("80"),
        f"did:key:z{'2' * 128}",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(MalformedDidError):
        parse_did_key(text)


def test_a_long_one_is_not_computed_with() -> None:
    with pytest.raises(MalformedDidError, match="base58btc"):
        parse_multikey("z" + "2" * 128)


def test_a_point_that_anybody_can_sign_for_is_none() -> None:
    with pytest.raises(MalformedKeyError):
        parse_multikey(multibase(b"\xed\x01" + bytes((1,)) + bytes(31)))


@settings(deadline=None, max_examples=80)
@given(st.text(alphabet=f"z{BASE58}0OIl", max_size=70))
def test_only_our_errors_come_out(text: str) -> None:
    try:
        parse_multikey(text)
    except (MalformedDidError, MalformedKeyError):
        return
    assert text.startswith("z")
