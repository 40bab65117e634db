from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from counterfoil.cose.algorithms import Algorithm
from counterfoil.cose.cose_key import cose_key_map, encode_cose_key, parse_cose_key, public_key_from_map
from counterfoil.encoding.cbor import encode
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    AlgorithmUnsupportedError,
    MalformedError,
    MalformedKeyError,
    TooLargeError,
)
from tests.unit.cose.signers import ALL, KINDS, kind_for, public_key

MISSING = object()


def members(kind: str, **changes: Any) -> dict[int | str, Any]:
    """The COSE_Key of ``kind`` with members changed: m3 is label 3, n2 is label -2."""
    found: dict[int | str, Any] = dict(cose_key_map(public_key(kind)))
    for name, value in changes.items():
        label = int(name[1:]) * (-1 if name[0] == "n" else 1)
        if value is MISSING:
            del found[label]
        else:
            found[label] = value
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_back(kind: str) -> None:
    key = public_key(kind)
    assert parse_cose_key(encode_cose_key(key)) == key
    assert parse_cose_key(encode_cose_key(key, kid=b"x")) == key
    assert public_key_from_map(cose_key_map(key)) == key


@pytest.mark.parametrize("algorithm", ALL, ids=lambda row: row.name)
def test_alg_is_written_where_it_fits(algorithm: Algorithm) -> None:
    key = public_key(kind_for(algorithm))
    found = cose_key_map(key, kid=key.thumbprint, alg=algorithm.code)
    assert found[3] == algorithm.code
    assert found[2] == key.thumbprint
    assert public_key_from_map(found) == key
    other = public_key("P-384" if kind_for(algorithm) != "P-384" else "P-256")
    with pytest.raises(AlgorithmKeyMismatchError):
        encode_cose_key(other, alg=algorithm.code)


def test_an_unknown_alg_is_not_written() -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        cose_key_map(public_key("P-256"), alg=-257)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
def test_a_compressed_y_is_read_and_written_whole(kind: str) -> None:
    whole = members(kind)
    sign = bool(whole[-3][-1] & 1)
    key = public_key_from_map(members(kind, n3=sign))
    assert key == public_key(kind)
    assert cose_key_map(key)[-3] == whole[-3]
    assert public_key_from_map(members(kind, n3=not sign)) != key


def test_members_that_are_not_needed_are_passed_over() -> None:
    extra = members("P-256", m2=b"kid", m4=(2,), m5=b"iv", n70000=1)
    extra["name"] = "agent"
    assert public_key_from_map(extra) == public_key("P-256")
    assert parse_cose_key(encode(extra)) == public_key("P-256")


FLIPPED_Y = bytes([members("P-256")[-3][0] ^ 1]) + members("P-256")[-3][1:]
P_256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
EC2_WRONG: list[dict[str, Any]] = [
    {"m1": MISSING},
    {"m1": "EC2"},
    {"m1": True},
    {"m1": 0},
    {"m1": 1},
    {"m1": 3},
    {"m1": 4},
    {"m1": 5},
    {"m1": -2},
    {"m1": 2.0},
    {"n1": MISSING},
    {"n1": 2},
    {"n1": 3},
    {"n1": 6},
    {"n1": 8},  # secp256k1
    {"n1": True},
    {"n1": "P-256"},
    {"n2": MISSING},
    {"n2": b""},
    {"n2": "x" * 32},
    {"n2": bytes(31)},
    {"n2": b"\x00" + members("P-256")[-2]},
    {"n2": bytes(32)},
    {"n2": P_256.to_bytes(32, "big")},
    {"n3": MISSING},
    {"n3": None},
    {"n3": 1},
    {"n3": FLIPPED_Y},
    {"n3": members("P-256")[-3][:-1]},
    {"n3": members("P-256")[-3] + b"\x00"},
    {"n4": bytes(32)},
    {"n4": b""},
    {"n4": None},
    {"m2": "kid"},
    {"m2": 1},
    {"m2": None},
    {"m3": -35},
    {"m3": -8},
    {"m3": "ES256"},
    {"m3": None},
    {"m3": True},
    {"m4": ()},
    {"m4": (1,)},
    {"m4": (True,)},
    {"m4": (2.0,)},
    {"m4": 2},
    {"m4": ("verify",)},
]


@pytest.mark.parametrize("changes", EC2_WRONG, ids=range(len(EC2_WRONG)))
def test_refuses_what_is_no_ec2_public_key(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_from_map(members("P-256", **changes))


def test_refuses_a_compressed_x_that_no_point_has() -> None:
    refused = 0
    for x in range(1, 40):
        try:
            public_key_from_map(members("P-256", n2=x.to_bytes(32, "big"), n3=True))
        except MalformedKeyError:
            refused += 1
    assert refused > 10


OKP_WRONG: list[dict[str, Any]] = [
    {"n1": MISSING},
    {"n1": 4},  # X25519
    {"n1": 5},  # X448
    {"n1": 7},  # Ed448
    {"n1": 1},
    {"n2": MISSING},
    {"n2": bytes(32)},
    {"n2": b"\x01" + bytes(31)},
    {"n2": b"\xff" * 32},
    {"n2": bytes(31)},
    {"n2": bytes(33)},
    {"n2": True},
    {"n4": bytes(32)},
    {"m3": -7},
    {"m1": 2},
]


@pytest.mark.parametrize("changes", OKP_WRONG, ids=range(len(OKP_WRONG)))
def test_refuses_what_is_no_okp_public_key(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_from_map(members("Ed25519", **changes))


RSA_WRONG: list[dict[str, Any]] = [
    {"n1": MISSING},
    {"n1": b""},
    {"n1": b"\x00" + members("RSA")[-1]},
    {"n1": 65_537},
    {"n1": b"\x05"},
    {"n2": MISSING},
    {"n2": b""},
    {"n2": b"\x00\x01\x00\x01"},
    {"n2": b"\x01"},
    {"n2": b"\x02"},
    {"n2": b"\x01\x00\x00"},
    {"m3": -7},
    {"m1": 2},
    *({f"n{label}": b"\x01"} for label in range(3, 13)),
]


@pytest.mark.parametrize("changes", RSA_WRONG, ids=range(len(RSA_WRONG)))
def test_refuses_what_is_no_rsa_public_key(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_from_map(members("RSA", **changes))


AKP_WRONG: list[dict[str, Any]] = [
    {"m3": MISSING},
    {"m3": -49},
    {"m3": -50},
    {"m3": -7},
    {"m3": "ML-DSA-44"},
    {"n1": MISSING},
    {"n1": b""},
    {"n1": bytes(1311)},
    {"n1": bytes(1313)},
    {"n2": bytes(32)},
]


@pytest.mark.parametrize("changes", AKP_WRONG, ids=range(len(AKP_WRONG)))
def test_refuses_what_is_no_akp_public_key(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedKeyError):
        public_key_from_map(members("ML-DSA-44", **changes))


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_alg_in_a_key_is_unsupported(kind: str) -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        public_key_from_map(members(kind, m3=-999))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x80", b"\xa0", b"\xf6", encode((1, 2)), encode(b"x"), b"\xa1\x01"])
def test_refuses_what_is_no_map_of_members(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_cose_key(data)


def test_refuses_more_bytes_than_a_key_needs() -> None:
    with pytest.raises(TooLargeError):
        parse_cose_key(encode(members("P-256", m2=bytes(8192))))


def test_errors_show_no_key_material() -> None:
    secret = b"\xde\xad\xbe\xef" * 8
    with pytest.raises(MalformedKeyError) as caught:
        public_key_from_map(members("P-256", n4=secret))
    assert secret.hex() not in str(caught.value)
    assert repr(secret) not in str(caught.value)


def test_the_coordinates_are_the_librarys() -> None:
    material: Any = public_key("P-521").material
    point = material.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    found = members("P-521")
    assert point == b"\x04" + found[-2] + found[-3]
    assert len(found[-2]) == len(found[-3]) == 66
