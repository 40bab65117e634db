"""A sequence is cut where its items end, whatever they are; what cannot be cut is refused whole."""

import io

import cbor2  # noqa: TID251 - the other reader
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CborLimitError, CounterfoilError, MalformedCborError

ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=30) | st.booleans() | st.none()
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    | st.builds(cbor2.CBORTag, st.integers(4000, 5000), inner),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(ITEMS, min_size=1, max_size=8))
def test_items_come_out_as_they_went_in(items: list[object]) -> None:
    encoded = tuple(cbor2.dumps(item) for item in items)
    assert split_sequence(b"".join(encoded), 8) == encoded


@given(st.lists(ITEMS, min_size=1, max_size=4), st.integers(1, 400))
def test_a_cut_is_refused_or_falls_between_items(items: list[object], cut: int) -> None:
    encoded = [cbor2.dumps(item) for item in items]
    data = b"".join(encoded)[:-cut]
    try:
        found = split_sequence(data, 8)
    except MalformedCborError:
        return
    assert list(found) == encoded[: len(found)]
    assert b"".join(found) == data


@given(st.binary(min_size=1, max_size=40))
def test_noise_is_cut_as_another_reader_cuts_it_or_refused(data: bytes) -> None:
    try:
        found = split_sequence(data, 100)
    except CounterfoilError:
        return
    assert b"".join(found) == data
    stream = io.BytesIO(data)
    for item in found:
        start = stream.tell()
        try:
            cbor2.CBORDecoder(stream).decode()
        except Exception:  # noqa: BLE001 - it looks into items, and finds what is no concern of cutting
            return
        assert stream.tell() - start == len(item)


@pytest.mark.parametrize("data", [b"", b"\x9f\xff", b"\x5f\x41a\xff", b"\x1c", b"\xfe", b"\xff", b"\x18", b"\xd2\x84"])
def test_what_is_no_sequence(data: bytes) -> None:
    with pytest.raises(MalformedCborError):
        split_sequence(data, 8)


@pytest.mark.parametrize("data", [b"\x58\xff", b"\x5b" + b"\xff" * 8, b"\x9b" + b"\xff" * 8, b"\xbb" + b"\xff" * 8])
def test_lengths_beyond_the_data_cost_nothing(data: bytes) -> None:
    with pytest.raises(MalformedCborError):
        split_sequence(data, 8)


def test_the_number_of_items_is_bounded() -> None:
    assert len(split_sequence(b"\x00" * 8, 8)) == 8
    with pytest.raises(CborLimitError):
        split_sequence(b"\x00" * 9, 8)


@pytest.mark.parametrize("data", [b"\x81" * 5000 + b"\x00", b"\x99\x20\x00" + b"\x00" * 8192, b"\xc6" * 5000 + b"\x00"])
def test_the_parts_of_an_item_are_bounded(data: bytes) -> None:
    with pytest.raises(CborLimitError):
        split_sequence(data, 8)
