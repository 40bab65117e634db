from typing import Any

import pytest

from counterfoil.encoding.jcs import MAX_JSON_DEPTH, JsonValue, encode_json, parse_canonical_json, parse_json
from counterfoil.errors import DuplicateKeyError, MalformedError, MalformedJsonError, TooLargeError

ROOM = 1 << 20

# RFC 8785, section 3.2.2.
SAMPLE = rb"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
SAMPLE_CANONICAL = (
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
).encode()


def test_the_sample_of_the_rfc() -> None:
    assert encode_json(parse_json(SAMPLE, max_bytes=ROOM)) == SAMPLE_CANONICAL
    assert parse_canonical_json(SAMPLE_CANONICAL, max_bytes=ROOM) == parse_json(SAMPLE, max_bytes=ROOM)


def test_names_are_sorted_by_utf_16_units() -> None:
    # RFC 8785, section 3.2.3: the emoji's surrogates come before U+FB33.
    value: JsonValue = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    written = encode_json(value).decode()
    assert [written.index(f":{n}") for n in (2, 4, 6, 7, 1, 5, 3)] == sorted(
        written.index(f":{n}") for n in range(1, 8)
    )


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b"true",
        b"0",
        b"-1",
        b"9007199254740991",
        b"-9007199254740991",
        b'""',
        b"[]",
        b"{}",
        b"1.5",
        b' {"a" : 1} ',
        b'"\\ud83d\\ude00"',
        b'"\xf0\x9f\x98\x80"',
        b"1e4",
        b'"\\u0000"',
    ],
)
def test_reads_i_json(text: bytes) -> None:
    parse_json(text, max_bytes=ROOM)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b"'a'",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x10",
        b"nul",
        b"1 2",
        b'{"a":1}{"b":2}',
        b"[1]x",
        b"/**/1",
        b'"\n"',
        b'"\t"',
        b'"\\x41"',
        b'"\x00"',
        b"\xef\xbb\xbf{}",  # a byte order mark
        b"\xff\xfe{\x00}\x00",
        b"{\x00}\x00",
        b'"\xff"',
        b'"\xc3("',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a":NaN}',
        b"1e400",
        b"-1e400",
        b"9007199254740992",
        b"-9007199254740992",
        b"[18446744073709551616]",
        b"9" * 5000,
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ude00\\ud83d"',
        b'["\\ud800"]',
        b'{"\\ud800":1}',
        b'{"a":{"b":["\\udfff"]}}',
    ],
)
def test_refuses_what_is_not_i_json(text: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        parse_json(text, max_bytes=ROOM)


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"a":1,"b":2,"a":3}]', b'{"x":{"a":null,"a":null}}', b'{"":1,"":2}'],
)
def test_refuses_a_name_twice(text: bytes) -> None:
    with pytest.raises(DuplicateKeyError):
        parse_json(text, max_bytes=ROOM)


def test_refuses_more_bytes_than_the_limit() -> None:
    assert parse_json(b"[1]", max_bytes=3) == [1]
    with pytest.raises(TooLargeError):
        parse_json(b"[12]", max_bytes=3)
    with pytest.raises(TooLargeError):
        parse_canonical_json(b"[12]", max_bytes=3)


@pytest.mark.parametrize(("before", "after"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(before: bytes, after: bytes) -> None:
    inner = MAX_JSON_DEPTH - 1
    parse_json(before * inner + b"{}" + after * inner, max_bytes=ROOM)
    for depth in (MAX_JSON_DEPTH, 5_000, 100_000):
        with pytest.raises(MalformedJsonError):
            parse_json(before * depth + b"[]" + after * depth, max_bytes=ROOM)
        with pytest.raises(MalformedError):
            parse_json(before * depth, max_bytes=ROOM)


@pytest.mark.parametrize(
    "text",
    [
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"b":1,"a":2}',
        b"1.0",
        b"1e2",
        b"-0",
        b"-0.0",
        b'"\\u0041"',
        b'"\\/"',
        b"0.10",
        b'"\\u000A"',
        b"1E5",
        b'{"\\u0061":1}',
        b"1e+22 ",
    ],
)
def test_canonical_means_these_very_bytes(text: bytes) -> None:
    parse_json(text, max_bytes=ROOM)
    with pytest.raises(MalformedJsonError):
        parse_canonical_json(text, max_bytes=ROOM)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {None: 1},
        b"x",
        object(),
        {1, 2},
        deep(50_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refuses_to_write_what_has_no_canonical_form(value: Any) -> None:
    for wrapped in (value, [value], {"a": value}):
        with pytest.raises(MalformedJsonError):
            encode_json(wrapped)
