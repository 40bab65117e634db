"""Compact JWS: one spelling, the platform's algorithms, one key, and nothing that a header asks for."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.token.token import (
    MAX_HEADER_BYTES,
    MAX_TOKEN_BYTES,
    claimed_issuer,
    fits_token,
    parse_token,
    verify_token,
)
from counterfoil.cose.public_key import public_key_der, public_key_of
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import (
    CounterfoilError,
    DuplicateKeyError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedBase64Error,
    MalformedEvidenceError,
    MalformedJsonError,
)
from tests.attestation_tokens import jwk, signed, signed_bytes
from tests.certificates import new_key, rsa_key

ALGORITHMS = frozenset({"RS256", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
P256, P384, P521, RSA = new_key(), new_key(ec.SECP384R1()), new_key(ec.SECP521R1()), rsa_key()
KEYS: dict[str, Any] = {"ES256": P256, "ES384": P384, "ES512": P521} | dict.fromkeys(
    ("RS256", "PS256", "PS384", "PS512"), RSA
)
CLAIMS = {"iss": "https://issuer.example", "a": 1}
TOKEN = signed(CLAIMS, {"alg": "ES256"}, P256)


def verified(raw: bytes, key: Any = P256, algorithms: frozenset[str] = ALGORITHMS) -> dict[str, Any]:
    return dict(verify_token(parse_token(raw, algorithms), public_key_of(key.public_key())).members)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_token_under_each_algorithm_verifies_with_its_key_alone(algorithm: str) -> None:
    raw = signed(CLAIMS, {"alg": algorithm, "kid": "k", "typ": "JWT"}, KEYS[algorithm])
    assert verified(raw, KEYS[algorithm]) == CLAIMS
    assert claimed_issuer(parse_token(raw, ALGORITHMS)) == CLAIMS["iss"]
    other = rsa_key(2048, 1) if algorithm[0] in "RP" else new_key(KEYS[algorithm].curve)
    with pytest.raises(EvidenceSignatureError):
        verified(raw, other)
    with pytest.raises(EvidenceVersionError):
        verified(raw, KEYS[algorithm], ALGORITHMS - {algorithm})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384", "None", "rs256", "EdDSA", "ES256K", ""])
def test_an_algorithm_that_no_platform_uses_is_refused(algorithm: str) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(signed(CLAIMS, {"alg": algorithm}, P256))


def test_an_unsigned_token_is_refused() -> None:
    head, payload, _ = signed(CLAIMS, {"alg": "none"}, P256).split(b".")
    with pytest.raises(MalformedEvidenceError):
        verified(head + b"." + payload + b".")


def test_a_public_key_is_no_shared_secret() -> None:
    signing = b".".join(encode_base64url(part).encode() for part in (b'{"alg":"HS256"}', b"{}"))
    mac = hmac.HMAC(public_key_der(public_key_of(RSA.public_key())), hashes.SHA256())
    mac.update(signing)
    with pytest.raises(EvidenceVersionError):
        verified(signing + b"." + encode_base64url(mac.finalize()).encode(), RSA)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("ES256", P384), ("ES384", P256), ("ES256", RSA), ("RS256", P256), ("PS384", P384), ("ES512", P256)],
)
def test_an_algorithm_goes_with_one_kind_of_key(algorithm: str, key: Any) -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(signed(CLAIMS, {"alg": algorithm}, key), key)


def test_a_short_rsa_key_and_one_of_another_kind_fit_no_token() -> None:
    for algorithm in ("RS256", "PS256"):
        token = parse_token(signed(CLAIMS, {"alg": algorithm}, RSA), ALGORITHMS)
        assert fits_token(token, public_key_of(RSA.public_key()))
        assert not fits_token(token, public_key_of(rsa_key(1024).public_key()))
        okp = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
        assert not fits_token(token, public_key_of(okp))


def test_pss_is_not_taken_for_pkcs1_nor_the_reverse() -> None:
    for said, used in (("RS256", "PS256"), ("PS256", "RS256"), ("PS384", "PS256")):
        raw = signed_bytes(b"{}", json.dumps({"alg": said}).encode(), used, RSA)
        with pytest.raises(EvidenceSignatureError):
            verified(raw, RSA)


@pytest.mark.parametrize("size", [0, 255, 257])
def test_an_rsa_signature_is_as_long_as_its_key(size: int) -> None:
    head, payload, _ = signed(CLAIMS, {"alg": "RS256"}, RSA).split(b".")
    with pytest.raises((EvidenceSignatureError, MalformedEvidenceError)):
        verified(b".".join((head, payload, encode_base64url(b"\x01" * size).encode())), RSA)


def test_an_rsa_signature_does_not_lose_its_leading_zeros() -> None:
    tokens = (signed({"n": number}, {"alg": "RS256"}, RSA) for number in range(10_000))
    raw = next(raw for raw in tokens if parse_token(raw, ALGORITHMS).signature[0] == 0)
    head, payload, _ = raw.split(b".")
    short = encode_base64url(parse_token(raw, ALGORITHMS).signature[1:]).encode()
    assert verified(raw, RSA).keys() == {"n"}
    with pytest.raises(EvidenceSignatureError):
        verified(b".".join((head, payload, short)), RSA)


def test_one_certificate_is_an_array_of_one() -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_token(signed({}, {"alg": "ES256", "x5c": "AAAA"}, P256), ALGORITHMS)
    assert parse_token(signed({}, {"alg": "ES256", "x5c": ["AAAA"]}, P256), ALGORITHMS).chain == (bytes(3),)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": None},
        {"b64": True},
        {"b64": False},
        {"zip": "DEF"},
    ],
)
def test_an_extension_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(signed(CLAIMS, {"alg": "ES256", **header}, P256))


def test_keys_that_a_header_names_are_passed_over() -> None:
    thief = new_key()
    urls = {"jku": "https://thief.example/keys", "x5u": "https://thief.example/chain"}
    with pytest.raises(EvidenceSignatureError):
        verified(signed(CLAIMS, {"alg": "ES256", "jwk": jwk(thief), **urls}, thief))
    assert verified(signed(CLAIMS, {"alg": "ES256", "jwk": jwk(thief), **urls}, P256)) == CLAIMS


HEAD, PAYLOAD, SIGNATURE = TOKEN.split(b".")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"..",
        b"a.b",
        HEAD + b"." + PAYLOAD,
        HEAD + b".." + SIGNATURE,
        b"." + PAYLOAD + b"." + SIGNATURE,
        TOKEN + b".",
        TOKEN + b"." + SIGNATURE,
        TOKEN + b"=",
        TOKEN + b"==",
        TOKEN + b"\n",
        b" " + TOKEN,
        HEAD + b"=." + PAYLOAD + b"." + SIGNATURE,
        HEAD + b"." + PAYLOAD[:4] + b"\n" + PAYLOAD[4:] + b"." + SIGNATURE,
        HEAD + b"." + PAYLOAD + b".+" + SIGNATURE[1:],
        HEAD + b"." + PAYLOAD + b"./" + SIGNATURE[1:],
        HEAD + b"." + PAYLOAD + b"." + SIGNATURE[:-1],
        b"\xff" + TOKEN,
    ],
)
def test_a_token_has_one_spelling(raw: bytes) -> None:
    with pytest.raises((MalformedBase64Error, MalformedEvidenceError)):
        verified(raw)


def test_bits_beyond_the_last_byte_are_zero() -> None:
    assert len(SIGNATURE) % 4 == 2
    place = ALPHABET.index(SIGNATURE[-1])
    for bits in range(1, 16):
        with pytest.raises(MalformedBase64Error):
            verified(TOKEN[:-1] + ALPHABET[place | bits : (place | bits) + 1])


@pytest.mark.parametrize(
    "signature", [SIGNATURE + b"AA", SIGNATURE[:-2], b"A" * len(SIGNATURE)], ids=["longer", "shorter", "zeros"]
)
def test_a_signature_of_another_length_or_of_zeros_is_none(signature: bytes) -> None:
    with pytest.raises((EvidenceSignatureError, MalformedBase64Error)):
        verified(HEAD + b"." + PAYLOAD + b"." + signature)


@pytest.mark.parametrize(
    ("payload", "header", "error"),
    [
        (b'{"a":1,"a":1}', b'{"alg":"ES256"}', DuplicateKeyError),
        (b'{"a":{"b":1,"b":2}}', b'{"alg":"ES256"}', DuplicateKeyError),
        (b"{}", b'{"alg":"ES256","alg":"ES256"}', DuplicateKeyError),
        (b"{}", b'{"alg":"none","alg":"ES256"}', DuplicateKeyError),
        (b"[]", b'{"alg":"ES256"}', MalformedEvidenceError),
        (b'"text"', b'{"alg":"ES256"}', MalformedEvidenceError),
        (b"{", b'{"alg":"ES256"}', MalformedJsonError),
        (b'{"a":NaN}', b'{"alg":"ES256"}', MalformedJsonError),
        (b'\xef\xbb\xbf{"a":1}', b'{"alg":"ES256"}', MalformedJsonError),
        (b'{"a":"\\ud800"}', b'{"alg":"ES256"}', MalformedJsonError),
        (b"{}", b"[]", MalformedEvidenceError),
        (b"{}", b"{}", MalformedEvidenceError),
        (b"{}", b'{"alg":1}', MalformedEvidenceError),
        (b"{}", b'{"alg":null}', MalformedEvidenceError),
        (b"{}", b'{"alg":["ES256"]}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","kid":1}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","x5c":"AAAA"}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","x5c":[]}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","x5c":null}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","x5c":[1]}', MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","x5c":["AA"]}', MalformedBase64Error),
        (b"{}", b'{"alg":"ES256","x5c":["AB=="]}', MalformedBase64Error),
        (b"{}", b'{"alg":"ES256","x5c":["AA==\\n"]}', MalformedBase64Error),
        (b"{}", b'{"alg":"ES256","x5c":["_w=="]}', MalformedBase64Error),
        (b"{}", '{"alg":"ES256","x5c":["ÄÄ=="]}'.encode(), MalformedBase64Error),
        (b"{}", json.dumps({"alg": "ES256", "x5c": ["AA=="] * 11}).encode(), MalformedEvidenceError),
        (b"{}", b'{"alg":"ES256","typ":1}', MalformedEvidenceError),
    ],
)
def test_what_is_no_token_is_refused(payload: bytes, header: bytes, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(signed_bytes(payload, header, "ES256", P256))


def test_a_token_is_bounded_before_it_is_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_token(b"a" * (MAX_TOKEN_BYTES + 1), ALGORITHMS)
    with pytest.raises(EvidenceTooLargeError):
        parse_token(b"a" * (MAX_HEADER_BYTES + 1) + b".a.a", ALGORITHMS)
    header = {"alg": "ES256", "pad": "x" * 17_000}
    assert len(verified(signed({"a": "x" * 29_000}, header, P256))["a"]) == 29_000


@given(st.binary(max_size=64) | st.text(alphabet="eyJ.AQ_-={}", max_size=64).map(str.encode))
@settings(deadline=None, max_examples=100)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(CounterfoilError):
        verified(data)


@given(st.integers(min_value=0, max_value=len(TOKEN) - 1), st.integers(min_value=1, max_value=255))
@settings(deadline=None, max_examples=150)
def test_one_byte_that_differs_is_refused(place: int, flip: int) -> None:
    changed = bytearray(TOKEN)
    changed[place] ^= flip
    with pytest.raises(CounterfoilError):
        verified(bytes(changed))
