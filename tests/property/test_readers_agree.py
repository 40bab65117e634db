"""With its shortcuts and without them the reader of statements gives the same statement or the same error."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose import headers, sign1
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.encoding.cbor import CborValue, Limits, decode
from counterfoil.encoding.cbor_plain import read_plain_map
from counterfoil.errors import CounterfoilError, MalformedError
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import sign_statement
from tests.fuzz import noise
from tests.fuzz.seeds import Material, fixed_signer, make_material
from tests.property.test_encoding import same

MANY = settings(max_examples=400, deadline=None)
ROOM = 1 << 20
seeds = st.integers(0, 2**64 - 1)


@cache
def material() -> Material:
    return make_material()


@contextmanager
def general_readers() -> Iterator[None]:
    """Everything is read as whatever may come is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sign1, "split_plain_envelope", nothing_plain)
        patch.setattr(headers, "read_plain_map", nothing_plain)
        yield


def nothing_plain(_data: bytes) -> None:
    return None


def statement_of(data: bytes) -> object:
    """The statement that is read, down to the kinds of its values; or the error, by class, code and text."""
    try:
        return repr(parse_signed_statement(data))
    except CounterfoilError as error:
        return type(error), error.code, str(error)


def message_of(data: bytes) -> object:
    """The same of a message that need not be a statement."""
    try:
        return repr(parse_sign1(data, max_bytes=ROOM))
    except CounterfoilError as error:
        return type(error), error.code, str(error)


def agree(data: bytes) -> None:
    found = statement_of(data), message_of(data)
    with general_readers():
        assert found == (statement_of(data), message_of(data))


@MANY
@given(seeds)
def test_on_whatever_the_fuzzer_makes(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - repeatable is what it must be
    agree(noise.make_input(rng, material().seeds, material().messages))


@MANY
@given(seeds)
def test_on_messages_with_headers_that_mean_something(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - the same noise each time
    agree(noise.message(rng))
    agree(noise.rewrapped(rng, material().messages))


@given(st.binary(max_size=200))
def test_on_noise(data: bytes) -> None:
    agree(data)
    agree(b"\xd2\x84" + data)


def test_on_everything_real() -> None:
    for data in material().seeds:
        agree(data)


def test_the_shortcut_reads_what_agents_send() -> None:
    """Or the tests above would compare the general reader with itself."""
    for data in (sign_statement(fixed_signer("agent"), b"1"), material().statement, material().receipt):
        assert read_plain_map(parse_sign1(data, max_bytes=ROOM).protected_bytes) is not None


# Maps by themselves, where a test reaches further than through a whole message.


def general_map(data: bytes) -> CborValue:
    try:
        return decode(data, Limits(len(data)))
    except MalformedError:
        return None


def maps_agree(data: bytes) -> None:
    """What the quick reader returns the general one returns; the quick one may leave anything to it."""
    found = read_plain_map(data)
    if found is not None:
        general = general_map(data)
        assert isinstance(general, dict)
        assert list(found) == list(general)
        assert same(found, general)


@MANY
@given(seeds)
def test_maps(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - the same noise each time
    for made in (noise.mapping(rng), noise.header(rng), noise.item(rng)):
        maps_agree(made)
        maps_agree(made[: rng.randrange(len(made) + 1)])
        maps_agree(noise.mutation(rng, [made, *material().seeds]))


@given(st.binary(max_size=40), st.integers(0xA0, 0xBF))
def test_noise_that_begins_like_a_map(data: bytes, first: int) -> None:
    maps_agree(data)
    maps_agree(bytes([first]) + data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0\x00",  # a byte follows
        b"\xa1\x01",  # no value
        b"\xa1\x01\x42x",  # a string that is cut off
        b"\xa1\x01\x5a\x7f",  # a head that is cut off
        b"\xa1\x01\x5b" + b"\xff" * 8,  # a length beyond every memory
        b"\xa2\x01\x01\x01\x02",  # a key twice
        b"\xa2\x01\x01\x18\x01\x02",  # a key twice in two spellings
        b"\xa2\x61a\x01\x78\x01a\x02",
        b"\xa1\x40\x01",  # keys that are no labels
        b"\xa1\xf4\x01",
        b"\xa1\xf6\x01",
        b"\xa1\x80\x01",
        b"\xa1\xa0\x01",
        b"\xa1\xfb" + bytes(8) + b"\x01",
        b"\xa1\x01\x61\xff",  # text that is no UTF-8
        b"\xa1\x01\x63\xed\xa0\x80",  # half a surrogate pair
        b"\xa1\x61\xff\x01",
        b"\xa1\x01\xf7",  # undefined
        b"\xa1\x01\xf8\x14",  # false in two bytes
        b"\xa1\x01\x1c",  # reserved heads
        b"\xa1\x01\x5f\x41x\xff",  # indefinite lengths
        b"\xbf\x01\x01\xff",
        b"\xa1\x01\xc1\x01",  # tags
        b"\xa1\x01\xc0",  # tags on what would be a map in their place
        b"\xa1\x01\xc1\x01\x02",
        b"\xa1\x01\xd8\x01\x01",
        b"\x81\x01",  # no maps
        b"\x40",
        b"\xd2\xa0",
    ],
)
def test_what_the_quick_reader_never_takes(data: bytes) -> None:
    assert read_plain_map(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xa1\x01\xa1\x01\xa1\x01\x01",  # deeper
        b"\xa1\x01\x81\x81\x81\x01",
        b"\xb8\x18" + b"".join(bytes([at, 0]) for at in range(24)),  # wider
        b"\xb8\x01\x01\x02",  # a longer head than need be
        b"\xa1\x01\xf9\x3c\x00",  # a float
    ],
)
def test_what_the_quick_reader_leaves_to_the_general_one(data: bytes) -> None:
    assert read_plain_map(data) is None
    assert isinstance(general_map(data), dict)


def test_the_largest_map_that_is_plain_is_within_every_limit() -> None:
    inner = b"\xb7" + b"".join(bytes([at, 0]) for at in range(23))
    data = b"\xb7" + b"".join(bytes([at]) + inner for at in range(23))
    found = read_plain_map(data)
    assert found == general_map(data) == {at: dict.fromkeys(range(23), 0) for at in range(23)}


def test_each_kind_of_value() -> None:
    data = b"\xab\x00\x00\x01\x17\x02\x18\x18\x03\x20\x04\x38\xff\x05\x1b" + b"\xff" * 8
    data += b"\x06\x3b" + b"\xff" * 8 + b"\x07\x42ab\x08\x62\xc3\xa9\x09\x83\xf4\xf5\xf6\x61k\x80"
    found = read_plain_map(data)
    assert found == {
        0: 0, 1: 23, 2: 24, 3: -1, 4: -256, 5: 2**64 - 1, 6: -(2**64), 7: b"ab", 8: "\u00e9", 9: (False, True, None),
        "k": (),
    }  # fmt: skip
    maps_agree(data)
