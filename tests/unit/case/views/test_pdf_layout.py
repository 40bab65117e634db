import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.case.views.pdf_layout import Line, paginate, wrap

SIZE = 10.0
WIDTHS = dict.fromkeys(map(chr, range(256)), 500) | {" ": 250, "W": 1000}


def _width(text: str) -> float:
    return sum(WIDTHS[character] for character in text) * SIZE / 1000


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("abcd", ["abcd"]),
        ("ab cd ef", ["ab cd ", "ef"]),
        ("abcdefghij", ["abcde", "fghij"]),
        ("a bcdefgh", ["a ", "bcdef", "gh"]),
        (" aaaaW", [" ", "aaaa", "W"]),
        ("          " * 2, [" " * 10, " " * 10]),
    ],
)
def test_lines_end_behind_a_space_or_where_they_are_full(text: str, pieces: list[str]) -> None:
    assert wrap(text, 25, WIDTHS, SIZE) == pieces


@settings(deadline=None)
@given(st.text("ab W", max_size=80), st.integers(10, 100))
def test_the_pieces_are_the_text_and_none_is_too_wide(text: str, room: int) -> None:
    pieces = wrap(text, room, WIDTHS, SIZE)
    assert "".join(pieces) == text
    assert all(_width(piece) <= room for piece in pieces)


def test_a_character_wider_than_the_room_stands_alone() -> None:
    assert wrap("WaW", 4, WIDTHS, SIZE) == ["W", "a", "W"]


def test_a_page_takes_what_it_has_room_for() -> None:
    lines = [Line(10, ()) for _ in range(7)]
    assert [len(page) for page in paginate(lines, 30)] == [3, 3, 1]


def test_a_heading_goes_with_what_it_heads() -> None:
    lines = [Line(10, ()), Line(10, (), follow=15), Line(10, ())]
    assert [len(page) for page in paginate(lines, 30)] == [1, 2]


def test_what_is_higher_than_a_page_stands_on_its_own() -> None:
    assert [len(page) for page in paginate([Line(90, ()), Line(90, (), follow=90), Line(5, ())], 30)] == [1, 1, 1]


def test_nothing_is_one_page() -> None:
    assert paginate([], 30) == [[]]
