from typing import Any

import pytest

from counterfoil.cose.headers import parse_protected_header, require_sound_headers, require_tags_on_receipts_alone
from counterfoil.encoding.cbor import Tagged, encode
from counterfoil.errors import (
    CborLimitError,
    DuplicateKeyError,
    ForbiddenTagError,
    MalformedCborError,
    MalformedError,
    MalformedHeaderError,
    TrailingBytesError,
)

DATE = Tagged(1, 1_800_000_000)


def test_the_empty_string_and_the_empty_map_are_the_empty_header() -> None:
    assert parse_protected_header(b"") == {}
    assert parse_protected_header(b"\xa0") == {}


def test_integer_and_text_labels_are_read() -> None:
    header: Any = {1: -7, -70_000: b"x", "svc": {"nested": (b"y", {"deep": 1})}, 15: {1: "i", 2: "s", "svn": 0}}
    assert parse_protected_header(encode(header)) == header


@pytest.mark.parametrize("value", [1, "x", b"x", None, True, (), (1,), [{1: -7}]])
def test_refuses_what_is_no_map(value: Any) -> None:
    with pytest.raises(MalformedHeaderError):
        parse_protected_header(encode(value))


def test_dates_may_be_tagged_in_exp_nbf_and_iat() -> None:
    header: Any = {1: -7, 15: {1: "i", 4: DATE, 5: DATE, 6: DATE}}
    assert parse_protected_header(encode(header)) == header
    assert parse_protected_header(bytes.fromhex("a10fa106c1f93e00")) == {15: {6: Tagged(1, 1.5)}}


MISPLACED: list[Any] = [
    DATE,
    (DATE,),
    {6: DATE},
    {1: DATE},
    {4: DATE},
    {15: DATE},
    {15: (DATE,)},
    {15: {1: DATE}},
    {15: {2: DATE}},
    {15: {3: DATE}},
    {15: {7: DATE}},
    {15: {8: DATE}},
    {15: {"iat": DATE}},
    {15: {6: (DATE,)}},
    {15: {6: {6: DATE}}},
    {15: {8: {6: DATE}}},
    {15: {6: DATE}, 16: DATE},
    {"x": {6: DATE}},
    {16: {15: {6: DATE}}},
    {15: {6: DATE, 2: DATE}},
]


@pytest.mark.parametrize("header", MISPLACED, ids=repr)
def test_a_date_tag_stands_nowhere_else(header: Any) -> None:
    with pytest.raises(ForbiddenTagError):
        parse_protected_header(encode(header))


@pytest.mark.parametrize("number", [0, 2, 3, 16, 17, 18, 24, 30, 55_799])
def test_no_other_tag_stands_on_a_date(number: int) -> None:
    for value in (1, "2026-01-01T00:00:00Z", b"\x01"):
        with pytest.raises(ForbiddenTagError):
            parse_protected_header(encode({15: {6: Tagged(number, value)}}))


def test_a_date_tag_in_a_date_tag_is_malformed() -> None:
    with pytest.raises(MalformedCborError):
        parse_protected_header(encode({15: {6: Tagged(1, DATE)}}))


@pytest.mark.parametrize(
    ("encoded", "error"),
    [
        (b"\xa2\x01\x26\x01\x26", DuplicateKeyError),
        (b"\xa1\x01\x26\x00", TrailingBytesError),
        (b"\xa0\xa0", TrailingBytesError),
        (b"\xbf\x01\x26\xff", MalformedCborError),
        (b"\xa1\x01", MalformedCborError),
        (b"\xa1\x41\x01\x26", MalformedCborError),
        (b"\xa1\xf5\x26", MalformedCborError),
        (encode({n: n for n in range(257)}), CborLimitError),
        (encode({15: {n: n for n in range(10_000)}}), CborLimitError),
        (b"\xa1\x01" * 17 + b"\x00", CborLimitError),
    ],
)
def test_the_header_is_read_as_strictly_as_the_message(encoded: bytes, error: type[MalformedError]) -> None:
    with pytest.raises(error):
        parse_protected_header(encoded)


SOUND: list[tuple[Any, Any]] = [
    ({}, {}),
    ({1: -7}, {4: b"kid"}),
    ({1: "ES256"}, {}),
    ({1: -7, 3: 0}, {}),
    ({1: -7, 3: "text/plain", 4: b""}, {33: b"x"}),
    ({1: -7, 2: (1,)}, {}),
    ({1: -7, 2: (395, "x"), 395: 1, "x": None}, {}),
]


@pytest.mark.parametrize(("protected", "unprotected"), SOUND, ids=repr)
def test_takes_sound_headers(protected: Any, unprotected: Any) -> None:
    require_sound_headers(protected, unprotected)


UNSOUND: list[tuple[Any, Any]] = [
    ({4: b"kid"}, {4: b"kid"}),
    ({"x": 1}, {"x": 1}),
    ({1: -7, 394: ()}, {394: ()}),
    ({}, {1: -7}),
    ({1: -7}, {1: -7}),
    ({4: b"k"}, {2: (4,)}),
    ({1: -7, 2: (1,)}, {2: (1,)}),
    ({1: True}, {}),
    ({1: None}, {}),
    ({1: b"\x26"}, {}),
    ({1: -7.0}, {}),
    ({1: (-7,)}, {}),
    ({2: ()}, {}),
    ({2: 1, 1: -7}, {}),
    ({2: "1", 1: -7}, {}),
    ({2: b"\x01", 1: -7}, {}),
    ({2: None}, {}),
    ({2: {}}, {}),
    ({2: (True,), 1: -7}, {}),
    ({2: (1.0,), 1: -7}, {}),
    ({2: (None,), 1: -7}, {}),
    ({2: (b"x",), 1: -7}, {}),
    ({2: ((1,),), 1: -7}, {}),
    ({2: ({},), 1: -7}, {}),
    ({2: (395,), 1: -7}, {}),
    ({2: (1, 395), 1: -7}, {}),
    ({2: ("x",), 1: -7}, {}),
    ({2: (4,), 1: -7}, {4: b"unprotected"}),
    ({4: "kid"}, {}),
    ({4: 11}, {}),
    ({4: None}, {}),
    ({}, {4: "kid"}),
    ({}, {4: (b"kid",)}),
    ({3: b"text/plain"}, {}),
    ({3: -1}, {}),
    ({3: None}, {}),
    ({3: True}, {}),
    ({3: 0.0}, {}),
    ({}, {3: ()}),
]


@pytest.mark.parametrize(("protected", "unprotected"), UNSOUND, ids=repr)
def test_refuses_unsound_headers(protected: Any, unprotected: Any) -> None:
    with pytest.raises(MalformedHeaderError):
        require_sound_headers(protected, unprotected)


def test_receipts_may_stand_without_their_byte_string() -> None:
    receipt = Tagged(18, (b"", {396: {-1: (b"proof",)}}, None, b"signature"))
    require_tags_on_receipts_alone({394: (receipt, b"receipt", receipt), 33: b"x"})


RECEIPT = Tagged(18, (b"", {}, None, b"s"))
TAGGED: list[Any] = [
    {394: RECEIPT},
    {394: ((RECEIPT,),)},
    {394: (Tagged(18, (b"", {1: RECEIPT}, None, b"s")),)},
    {394: (Tagged(18, RECEIPT),)},
    {394: {1: RECEIPT}},
    {395: (RECEIPT,)},
    {"394": (RECEIPT,)},
    {4: RECEIPT},
    {"x": {1: (RECEIPT,)}},
]


@pytest.mark.parametrize("unprotected", TAGGED, ids=repr)
def test_no_other_tag_stands_in_the_unprotected_header(unprotected: Any) -> None:
    with pytest.raises(ForbiddenTagError):
        require_tags_on_receipts_alone(unprotected)
