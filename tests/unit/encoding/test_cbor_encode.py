from typing import Any

import cbor2  # noqa: TID251 - the decoder of another author reads what is written
import pytest

from counterfoil.encoding.cbor import CborValue, Limits, Tagged, decode, encode

WRITTEN: list[tuple[CborValue, str]] = [
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (255, "18ff"),
    (256, "190100"),
    (65_535, "19ffff"),
    (65_536, "1a00010000"),
    (2**32 - 1, "1affffffff"),
    (2**32, "1b0000000100000000"),
    (2**64 - 1, "1bffffffffffffffff"),
    (-1, "20"),
    (-24, "37"),
    (-25, "3818"),
    (-257, "390100"),
    (-(2**64), "3bffffffffffffffff"),
    (b"", "40"),
    (b"\x01", "4101"),
    ("", "60"),
    ("\u6c34", "63e6b0b4"),
    (None, "f6"),
    (False, "f4"),
    (True, "f5"),
    ((), "80"),
    ([1, [2]], "82018102"),
    ({}, "a0"),
    (Tagged(18, (b"", {}, None, b"\x01")), "d28440a0f64101"),
    (Tagged(55_799, 1), "d9d9f701"),
]


@pytest.mark.parametrize(("value", "encoded"), WRITTEN)
def test_writes_the_shortest_form(value: CborValue, encoded: str) -> None:
    assert encode(value).hex() == encoded


def test_keys_stand_in_the_order_of_their_bytes_not_of_their_length() -> None:
    # RFC 8949, section 4.2.1, gives this very list, but for keys that are no labels.
    value: CborValue = {"aa": 7, "z": 6, -1: 3, 100: 2, 10: 1, "": 5, 1000: 4, -25: 8}
    assert (
        encode(value).hex()
        == "a8" + "0a01" + "186402" + "1903e804" + "2003" + "381808" + "6005" + "617a06" + "62616107"
    )


def test_length_first_order_would_differ() -> None:
    value: CborValue = {-1: 1, 1000: 2}
    assert encode(value).hex() == "a21903e8022001"
    assert cbor2.dumps(value, canonical=True).hex() != encode(value).hex()


def test_order_of_insertion_does_not_show() -> None:
    assert encode({1: {4: 1, "b": 2, -3: 3}, -2: 0}) == encode({-2: 0, 1: {-3: 3, "b": 2, 4: 1}})


NEVER_WRITTEN: list[Any] = [
    1.0,
    float("nan"),
    object(),
    cbor2.undefined,
    cbor2.CBORSimpleValue(5),
    cbor2.CBORTag(1, 2),
    {1, 2},
    bytearray(b"x"),
    memoryview(b"x"),
    2**64,
    -(2**64) - 1,
    "\ud800",
    {"\ud800": 1},
    {b"x": 1},
    {None: 1},
    {True: 1},
    {1.0: 1},
    {(1,): 1},
    {2**64: 1},
    Tagged(-1, 0),
    Tagged(2**64, 0),
    range(3),
]


@pytest.mark.parametrize("value", NEVER_WRITTEN, ids=range(len(NEVER_WRITTEN)))
def test_refuses_what_is_never_written(value: Any) -> None:
    wrapped: Any
    for wrapped in (value, [value], (value,), {1: value}, Tagged(18, value)):
        with pytest.raises(TypeError):
            encode(wrapped)


def test_true_as_a_key_is_refused_after_one_was_written() -> None:
    assert encode({1: 0}) == b"\xa1\x01\x00"
    wrong: Any = {True: 0}
    with pytest.raises(TypeError):
        encode(wrong)


@pytest.mark.parametrize("length", [23, 24, 255, 256, 65_535, 65_536])
def test_another_decoder_reads_long_strings_and_arrays(length: int) -> None:
    values: list[CborValue] = [b"x" * length, "x" * length, [0] * length]
    for value in values:
        assert cbor2.loads(encode(value)) == value


def test_what_is_written_is_read_back() -> None:
    value: CborValue = {1: -7, 15: {1: "https://a", 2: "b", 6: 17}, "x": (None, True, b"y", ({"z": ()},))}
    assert decode(encode(value), Limits(1000)) == value
