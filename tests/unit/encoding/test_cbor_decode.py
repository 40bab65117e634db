import math
import struct

import cbor2  # noqa: TID251 - the encoder of another author makes the inputs
import pytest

from counterfoil.encoding.cbor import Limits, Tagged, decode
from counterfoil.encoding.cbor_values import DEFAULT_MAX_DEPTH, DEFAULT_MAX_ITEMS, DEFAULT_MAX_MAP
from counterfoil.errors import (
    CborLimitError,
    DuplicateKeyError,
    ForbiddenTagError,
    MalformedCborError,
    MalformedError,
    TooLargeError,
    TrailingBytesError,
)

ROOM = Limits(max_bytes=1 << 20)
EPOCH = frozenset({1})

# RFC 8949, appendix A.
EXAMPLES = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1_000_000),
    ("1b000000e8d4a51000", 10**12),
    ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)),
    ("20", -1),
    ("3903e7", -1000),
    ("f93c00", 1.0),
    ("fa47c35000", 100000.0),
    ("fb3ff199999999999a", 1.1),
    ("f97c00", math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("6449455446", "IETF"),
    ("62c3bc", "\u00fc"),
    ("64f0908591", "\U00010151"),
    ("80", ()),
    ("8301820203820405", (1, (2, 3), (4, 5))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": (2, 3)}),
    ("1800", 0),  # not the shortest head, and read all the same
]


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_reads_the_examples_of_the_rfc(encoded: str, value: object) -> None:
    found = decode(bytes.fromhex(encoded), ROOM)
    assert found == value
    assert type(found) is type(value)


def test_reads_nan_as_a_value() -> None:
    found = decode(bytes.fromhex("a101f97e00"), ROOM)
    assert isinstance(found, dict)
    assert math.isnan(found[1])


@pytest.mark.parametrize("width", [24, 255, 256])
def test_reads_strings_at_the_edges_of_their_heads(width: int) -> None:
    assert decode(cbor2.dumps(b"x" * width), ROOM) == b"x" * width
    assert decode(cbor2.dumps("x" * width), ROOM) == "x" * width


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "18",
        "19ff",
        "1affffff",
        "1bffffffffffffff",
        "41",
        "5801",
        "5bffffffffffffffff",
        "7bffffffffffffffff",
        "6261",
        "81",
        "8201",
        "a1",
        "a101",
        "a20102",
        "a1f4",
        "1c",
        "1d",
        "1e",
        "5c",
        "fc",
        "fd",
        "fe",
        "ff",  # break without a start
        "1f",
        "5f4100ff",
        "7f6161ff",
        "9f01ff",
        "9fff",
        "bf0102ff",
        "df",
        "a1019f01ff",
        "f7",  # undefined
        "82f701",
        "a101f7",
        "e0",
        "f0",
        "f3",
        "f800",
        "f814",
        "f820",
        "f8ff",
        "61ff",
        "62c328",
        "63eda080",  # a surrogate
        "62c080",  # an overlong NUL
        "a161ff01",
        "a10161ff",
        "8161ff",
    ],
)
def test_refuses_what_is_not_cbor_of_this_log(encoded: str) -> None:
    with pytest.raises(MalformedCborError):
        decode(bytes.fromhex(encoded), ROOM)


@pytest.mark.parametrize(
    "key",
    [
        "40",
        "4101",
        "f4",
        "f5",
        "f6",
        "f7",
        "f90000",
        "f93c00",
        "f97e00",
        "fb3ff0000000000000",
        "80",
        "8101",
        "a0",
        "e0",
    ],
)
def test_refuses_a_map_key_that_is_no_label(key: str) -> None:
    for encoded in (f"a1{key}00", f"a20102{key}00", f"81a1{key}00", f"a101a1{key}00"):
        with pytest.raises(MalformedCborError):
            decode(bytes.fromhex(encoded), ROOM)


def test_refuses_true_as_a_key_though_python_takes_it_for_one() -> None:
    for encoded in ("a20102f503", "a2f5030102", "a20102f93c0003"):
        with pytest.raises(MalformedCborError):
            decode(bytes.fromhex(encoded), ROOM)


@pytest.mark.parametrize(
    "encoded",
    [
        "a201020103",
        "a20102180103",  # the same integer in a longer spelling
        "a2010219000103",
        "a220012002",
        "a2616101616102",
        "a261610178016102",
        "81a201020103",
        "a101a201020103",
        "a10181a201020103",
        "a3010203040105",
    ],
)
def test_refuses_a_key_twice(encoded: str) -> None:
    with pytest.raises(DuplicateKeyError):
        decode(bytes.fromhex(encoded), ROOM)


def test_an_integer_and_its_decimal_text_are_two_keys() -> None:
    assert decode(bytes.fromhex("a20102613103"), ROOM) == {1: 2, "1": 3}


@pytest.mark.parametrize("tail", ["00", "f6", "ff", "a0", "0000000000"])
def test_refuses_bytes_after_the_item(tail: str) -> None:
    for head in ("00", "a10102", "8101", "4101"):
        with pytest.raises(TrailingBytesError):
            decode(bytes.fromhex(head + tail), ROOM)


def test_refuses_more_bytes_than_the_limit_before_reading_any() -> None:
    assert decode(b"\x43abc", Limits(max_bytes=4)) == b"abc"
    with pytest.raises(TooLargeError):
        decode(b"\xff" * 5, Limits(max_bytes=4))
    with pytest.raises(TooLargeError):
        decode(b"\x00", Limits(max_bytes=0))


def nested(head: str, depth: int) -> bytes:
    return bytes.fromhex(head) * depth + b"\x01"


@pytest.mark.parametrize("head", ["81", "a101", "d2"])
def test_depth_is_bounded_for_arrays_maps_and_tags(head: str) -> None:
    tags = frozenset({18})
    for most in (1, DEFAULT_MAX_DEPTH, 40):
        limits = Limits(max_bytes=1 << 20, max_depth=most)
        decode(nested(head, most), limits, allow_tags=tags)
        for depth in (most + 1, 5_000, 100_000):
            with pytest.raises(CborLimitError):
                decode(nested(head, depth), limits, allow_tags=tags)


def test_width_of_a_map_is_bounded() -> None:
    assert decode(cbor2.dumps({n: n for n in range(DEFAULT_MAX_MAP)}), ROOM) == {n: n for n in range(DEFAULT_MAX_MAP)}
    for width in (DEFAULT_MAX_MAP + 1, 10_000):
        for value in (
            {n: n for n in range(width)},
            {str(n): n for n in range(width)},
            {1: {n: n for n in range(width)}},
        ):
            with pytest.raises(CborLimitError):
                decode(cbor2.dumps(value), ROOM)


def test_the_number_of_items_is_bounded_wherever_they_stand() -> None:
    decode(cbor2.dumps([0] * (DEFAULT_MAX_ITEMS - 1)), ROOM)
    with pytest.raises(CborLimitError):
        decode(cbor2.dumps([0] * DEFAULT_MAX_ITEMS), ROOM)
    wide = dict.fromkeys(range(200), 0)
    assert isinstance(decode(cbor2.dumps([wide] * 10), ROOM), tuple)
    with pytest.raises(CborLimitError):
        decode(cbor2.dumps([wide] * 11), ROOM)


def test_tags_count_as_items() -> None:
    limits = Limits(max_bytes=100, max_items=3)
    tags = frozenset({18})
    decode(bytes.fromhex("81d201"), limits, allow_tags=tags)
    with pytest.raises(CborLimitError):
        decode(bytes.fromhex("81d2d201"), limits, allow_tags=tags)


@pytest.mark.parametrize("head", ["9bffffffffffffffff", "bbffffffffffffffff", "9b7fffffffffffffff", "ba00100000"])
def test_a_claimed_length_costs_nothing(head: str) -> None:
    with pytest.raises(CborLimitError):
        decode(bytes.fromhex(head), ROOM)


def colliding_pairs(count: int) -> list[tuple[int, int]]:
    """Pairs of integers that hash alike as Python tuples: in a map they cost the square of their number."""
    prime_1, prime_2, prime_5, word = 11400714785074694791, 14029467366897019727, 2870177450012600261, 1 << 64
    found: list[tuple[int, int]] = []
    first = 0
    while len(found) < count:
        first += 1
        lane = (prime_5 + first * prime_2) % word
        lane = ((lane << 31) | (lane >> 33)) * prime_1 % word
        second = (0x1234567890ABCDEF - lane) * pow(prime_2, -1, word) % word
        second -= word if second >= word // 2 else 0
        if abs(second) < (1 << 61) - 2 and second != -1:
            found.append((first, second))
    return found


def test_keys_chosen_to_collide_are_refused_before_they_are_hashed() -> None:
    pairs = colliding_pairs(200)
    assert len({hash(pair) for pair in pairs}) == 1
    body = b"".join(cbor2.dumps(list(pair)) + b"\x01" for pair in pairs)
    with pytest.raises(MalformedCborError):
        decode(b"\xb8\xc8" + body, ROOM)


BODIES = ("00", "20", "40", "4101", "6161", "80", "8101", "820102", "a0", "a10102", "f6", "f93c00")


def tag_head(number: int) -> bytes:
    for size, head in ((1, 0xD8), (2, 0xD9), (4, 0xDA), (8, 0xDB)):
        if number < 1 << (8 * size):
            return bytes([head]) + number.to_bytes(size, "big")
    raise AssertionError(number)


def test_no_tag_at_all_becomes_an_object() -> None:
    numbers = (*range(2048), 43_000, 52, 54, 55_799, *range(65_530, 65_540), 2**32 - 1, 2**32, 2**64 - 1)
    for number in numbers:
        for body in BODIES:
            with pytest.raises(ForbiddenTagError):
                decode(tag_head(number) + bytes.fromhex(body), ROOM)


def test_every_short_tag_is_refused_wherever_it_stands() -> None:
    for number in range(65_536):
        with pytest.raises(ForbiddenTagError):
            decode(b"\xa1\x01\x81" + tag_head(number) + b"\x01", ROOM)
    for number in range(24):
        with pytest.raises(ForbiddenTagError):
            decode(bytes([0xC0 + number, 0x01]), ROOM)


def test_a_tag_as_a_map_key_is_malformed_even_where_the_tag_is_allowed() -> None:
    with pytest.raises(MalformedCborError):
        decode(bytes.fromhex("a1c10100"), ROOM, allow_tags=EPOCH)


@pytest.mark.parametrize("number", [0, 2, 3, 17, 19, 24, 28, 29, 55_799])
def test_allowing_one_tag_allows_no_other(number: int) -> None:
    for body in BODIES:
        with pytest.raises(ForbiddenTagError):
            decode(tag_head(number) + bytes.fromhex(body), ROOM, allow_tags=frozenset({1, 18}))


@pytest.mark.parametrize(("body", "value"), [("1a67000000", 0x67000000), ("3903e7", -1000), ("f93e00", 1.5), ("00", 0)])
def test_an_allowed_date_stays_a_tagged_number(body: str, value: float) -> None:
    assert decode(b"\xc1" + bytes.fromhex(body), ROOM, allow_tags=EPOCH) == Tagged(1, value)
    assert decode(b"\xa1\x06\xc1" + bytes.fromhex(body), ROOM, allow_tags=EPOCH) == {6: Tagged(1, value)}


@pytest.mark.parametrize(
    "body", ["f97e00", "f97c00", "f9fc00", "fb7ff0000000000000", "f5", "f6", "40", "6161", "80", "8101", "a0", "c101"]
)
def test_a_date_is_an_integer_or_a_finite_float(body: str) -> None:
    for before in (b"\xc1", b"\xa1\x06\xc1", b"\x81\xc1"):
        with pytest.raises(MalformedCborError):
            decode(before + bytes.fromhex(body), ROOM, allow_tags=EPOCH)


def test_the_content_of_an_allowed_tag_is_plain() -> None:
    found = decode(bytes.fromhex("d28443a10126a10182a101024101f64102"), ROOM, allow_tags=frozenset({18}))
    assert found == Tagged(18, (b"\xa1\x01\x26", {1: ({1: 2}, b"\x01")}, None, b"\x02"))
    assert isinstance(found, Tagged)
    assert isinstance(found.value, tuple)
    assert type(found.value[1]) is dict


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_every_truncation_is_refused(encoded: str, value: object) -> None:
    whole = cbor2.dumps({1: [value, b"bytes", "text"], "label": {2: value}})
    for length in range(len(whole)):
        with pytest.raises(MalformedError):
            decode(whole[:length], ROOM)


def test_a_double_is_read_bit_for_bit() -> None:
    assert decode(b"\xfb" + struct.pack(">d", 0.1), ROOM) == 0.1
