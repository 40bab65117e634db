"""Public keys as JWK."""

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc.jwk import JWKRegistry

from counterfoil.cose.cose_key import cose_key_map
from counterfoil.cose.jwk import jwk_thumbprint, public_key_of_jwk
from counterfoil.cose.keys import PublicKey, public_key_of
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedBase64Error, MalformedKeyError
from tests.certificates import new_key, rsa_key

_NAMES = {2: {-2: "x", -3: "y"}, 1: {-2: "x"}, 3: {-1: "n", -2: "e"}}
_KINDS = {2: "EC", 1: "OKP", 3: "RSA"}


def jwk(key: PublicKey) -> dict[str, JsonValue]:
    members: Mapping[int | str, Any] = cose_key_map(key)
    kty = members[1]
    found: dict[str, JsonValue] = {"kty": _KINDS[kty]}
    if key.curve is not None:
        found["crv"] = key.curve
    return found | {name: encode_base64url(members[label]) for label, name in _NAMES[kty].items()}


KEYS = [
    public_key_of(material)
    for material in (
        *(new_key(curve).public_key() for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())),
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key(),
        rsa_key().public_key(),
    )
]
P256, OKP, RSA = jwk(KEYS[0]), jwk(KEYS[3]), jwk(KEYS[4])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.curve))
def test_every_kind_comes_back(key: PublicKey) -> None:
    assert public_key_of_jwk(jwk(key)) == key
    assert public_key_of_jwk({**jwk(key), "kid": "k", "use": "sig", "alg": "whatever"}) == key


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {**P256, "kty": "ec"},
        {**P256, "kty": "OKP"},
        {**P256, "crv": "secp256k1"},
        {**P256, "crv": "Ed25519"},
        {**P256, "crv": "P-384"},
        {**P256, "x": 1},
        {**P256, "x": P256["y"]},
        {**P256, "x": ""},
        {name: value for name, value in P256.items() if name != "y"},
        {**P256, "d": "AA"},
        {**OKP, "crv": "X25519"},
        {**OKP, "crv": "P-256"},
        {**OKP, "x": "AA"},
        {**OKP, "d": "AA"},
        {**RSA, "d": "AA"},
        {**RSA, "n": ""},
        {"kty": "RSA", "n": RSA["n"]},
        {"kty": "oct", "k": "AA"},
    ],
)
def test_what_is_none(value: JsonValue) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_of_jwk(value)


@pytest.mark.parametrize("x", ["AA==", "A", "+/+/", " "])
def test_members_are_in_base64url(x: str) -> None:
    for value in ({**P256, "x": x}, {**OKP, "x": x}, {**RSA, "e": x}):
        with pytest.raises(MalformedBase64Error):
            public_key_of_jwk(value)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.curve))
def test_thumbprints_are_those_of_another_implementation(key: PublicKey) -> None:
    value: Any = jwk(key)
    assert encode_base64url(jwk_thumbprint(key)) == JWKRegistry.import_key(value).thumbprint()
