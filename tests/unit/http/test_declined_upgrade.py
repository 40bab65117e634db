"""Heads in any pieces: what the parser gets is the same, and nothing but an Upgrade field's name changes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.http.declined_upgrade import DecliningHead

HEAD = b"POST / HTTP/1.1\r\nupGrade: h2c\r\nX-Upgrade: 1\r\nA: upgrade: b\r\nUpgrade:x\r\n\r\n"
BODY = b"a\r\nUpgrade: b\r\n\r\nUpgrade: c\r\n"
DECLINED = HEAD.replace(b"upGrade:", b"x-declined-upgrade:").replace(b"\r\nUpgrade:", b"\r\nx-declined-upgrade:")


def passed_on(pieces: list[bytes]) -> bytes:
    declining, passed = DecliningHead(), b""
    for piece in pieces:
        # The protocol stops asking when the parser has seen the head's end.
        in_head = b"\r\n\r\n" not in passed
        passed += declining.take(piece, begins=not passed) if in_head else piece
    return passed


@given(st.sets(st.integers(1, len(HEAD + BODY) - 1)))
def test_the_pieces_make_no_difference(cuts: set[int]) -> None:
    data = HEAD + BODY
    assert passed_on([data[a:b] for a, b in pairwise([0, *sorted(cuts), len(data)])]) == DECLINED + BODY


@pytest.mark.parametrize("cut", range(1, len(HEAD)))
def test_no_cut_of_the_head_makes_a_difference(cut: int) -> None:
    assert passed_on([HEAD[:cut], HEAD[cut:]]) == DECLINED


@pytest.mark.parametrize("tail", [b"\r", b"\r\n", b"\r\n\r", b"\r\nUpgrad"])
def test_what_is_undecided_waits_and_is_not_lost(tail: bytes) -> None:
    declining = DecliningHead()
    assert declining.take(b"GET / HTTP/1.1" + tail, begins=True) == b"GET / HTTP/1.1"
    assert declining.take(b"x", begins=False) == tail + b"x"
