"""Encodings against another author's code, and every parser against whatever comes."""

import base64
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import cbor2  # noqa: TID251 - the other author
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.cose_key import encode_cose_key, parse_cose_key
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.cose.public_key import parse_public_key_der, parse_public_key_pem, public_key_der, public_key_pem
from counterfoil.cose.sign1 import parse_sign1, sign_sign1, verify_sign1
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.cbor import Limits, decode, encode
from counterfoil.encoding.jcs import encode_json, parse_canonical_json, parse_json
from counterfoil.errors import CounterfoilError
from tests.unit.cose.signers import public_key, signer

ROOM = Limits(max_bytes=1 << 16)
FEW = settings(max_examples=60, deadline=None)

integers = st.integers(-(2**64), 2**64 - 1)
labels = st.integers(-400, 70_000) | st.text(max_size=5)
scalars = st.none() | st.booleans() | integers | st.text(max_size=20) | st.binary(max_size=40)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(labels, inner, max_size=4),
    max_leaves=20,
)
names = st.text(max_size=5)
json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
)
json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)


@FEW
@given(values)
def test_what_is_written_is_read_back_by_us_and_by_others(value: Any) -> None:
    written = encode(value)
    assert decode(written, ROOM) == value
    assert encode(decode(written, ROOM)) == written
    assert encode(frozen(cbor2.loads(written))) == written


def frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return {key: frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


@FEW
@given(st.dictionaries(labels, st.none(), max_size=30))
def test_keys_stand_in_bytewise_order(value: Any) -> None:
    found = decode(encode(value), ROOM)
    assert isinstance(found, dict)
    keys = [encode(key) for key in found]
    assert keys == sorted(keys)


@FEW
@given(values)
def test_what_another_encoder_writes_is_read(value: Any) -> None:
    assert decode(cbor2.dumps(value), ROOM) == value


@FEW
@given(st.binary(max_size=60))
def test_what_is_read_from_noise_is_read_the_same_by_others(data: bytes) -> None:
    try:
        found = decode(data, ROOM)
    except CounterfoilError:
        return
    assert same(found, frozen(cbor2.loads(data)))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return (type(other) is float and struct.pack(">d", one) == struct.pack(">d", other)) or math.isnan(one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return type(one) is type(other) and bool(one == other)


@FEW
@given(st.binary(max_size=100))
def test_base64url_is_the_librarys_without_padding(data: bytes) -> None:
    text = encode_base64url(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode_base64url(text) == data


@FEW
@given(st.text(max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64url(text)
    except CounterfoilError:
        return
    assert encode_base64url(data) == text


@FEW
@given(json_values)
def test_canonical_json_is_json_and_is_read_back(value: Any) -> None:
    written = encode_json(value)
    assert json.loads(written, parse_int=float) == value
    assert encode_json(json.loads(json.dumps(value))) == written


@FEW
@given(json_values)
def test_canonical_json_without_large_floats_is_accepted_as_such(value: Any) -> None:
    written = encode_json(value)
    try:
        found = parse_canonical_json(written, max_bytes=1 << 16)
    except CounterfoilError:
        # A float beyond 2^53 with no fraction is written as an integer that I-JSON does not admit.
        assert any(len(digits) > 15 for digits in written.decode().replace(",", " ").split())
        return
    assert found == value


MESSAGE = sign_sign1(signer("ES256"), {4: b"kid", 15: {1: "i", 2: "s"}}, b"payload", unprotected={33: b"x"})
SEEDS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "cbor": (lambda data: decode(data, ROOM, allow_tags=frozenset({1, 18})), MESSAGE),
    "json": (lambda data: parse_json(data, max_bytes=1 << 16), b'{"a":[1,2.5,"\\u00fc",null],"b":{"c":true}}'),
    "canonical json": (lambda data: parse_canonical_json(data, max_bytes=1 << 16), b'{"a":[1,2.5,null]}'),
    "base64url": (lambda data: decode_base64url(data.decode("latin-1")), b"Zm9vYmE"),
    "sign1": (lambda data: parse_sign1(data, max_bytes=1 << 16), MESSAGE),
    "cose key": (parse_cose_key, encode_cose_key(public_key("P-256"), kid=b"k", alg=-7)),
    "rsa cose key": (parse_cose_key, encode_cose_key(public_key("RSA"))),
    "okp cose key": (parse_cose_key, encode_cose_key(public_key("Ed25519"))),
    "pem": (parse_public_key_pem, public_key_pem(public_key("P-256")).encode()),
    "der": (parse_public_key_der, public_key_der(public_key("Ed25519"))),
    "certificate": (certificate_key, public_key_der(public_key("P-256"))),
    "private key": (parse_private_key_pem, b"-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"),
}


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=80), data=st.data())
def test_garbage_raises_our_own_errors_alone(name: str, noise: bytes, data: st.DataObject) -> None:
    parse, seed = SEEDS[name]
    at = data.draw(st.integers(0, len(seed) - 1))
    for candidate in (noise, seed[:at], seed[:at] + noise + seed[at:], seed[:at] + noise[:1] + seed[at + 1 :]):
        try:
            parse(candidate)
        except CounterfoilError:
            continue


@FEW
@given(st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_no_changed_byte_of_the_signed_parts_verifies(at: int, change: int) -> None:
    spoiled = MESSAGE[:at] + bytes([MESSAGE[at] ^ change]) + MESSAGE[at + 1 :]
    try:
        message = parse_sign1(spoiled, max_bytes=1 << 16)
        verify_sign1(message, public_key("P-256"))
    except CounterfoilError:
        return
    original = parse_sign1(MESSAGE, max_bytes=1 << 16)
    assert message.unprotected != original.unprotected
    assert (message.protected_bytes, message.payload, message.signature) == (
        original.protected_bytes,
        original.payload,
        original.signature,
    )
