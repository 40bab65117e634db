import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.encoding.printable import printable

INVISIBLE = {
    "Cc": "\x00\n\r\t\x1b\x7f\x85",
    "Cf": "\u200b\u200d\u202e\u2066\u2069\ufeff\xad",
    "Zl and Zp": "\u2028\u2029",
    "Zs": "\xa0\u3000",
    "Cs": "\ud800\udfff",
    "Mn": "\ufe0f\u034f\U000e0100",
    "Lo": "\u3164\u115f\uffa0",
    "So": "\u2800",
}


@pytest.mark.parametrize("character", list("".join(INVISIBLE.values())), ids=ascii)
def test_what_nobody_sees_is_spelled_out(character: str) -> None:
    assert printable(f"a{character}b") == f"a{ascii(character)[1:-1]}b"


@pytest.mark.parametrize(
    "text", ["", "plain text", "Zürich <&> \\", "中文", "עברית", "\U0001f600", "e\u0301"], ids=ascii
)
def test_what_is_seen_stays(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters(), max_size=40))
def test_of_any_text_only_what_prints_is_left(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
    shown.encode()
