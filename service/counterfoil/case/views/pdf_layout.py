"""Lines of text and the pages that they fill, before anything is drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Widths = Mapping[str, int]
"""The width of each character of a font, in thousandths of its size."""


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one font that begins ``x`` points from the left edge of the paper."""

    x: float
    text: str
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Runs on one baseline, ``height`` points below the one before.

    At least ``follow`` points are left below it on its page. ``bookmark`` is its name and level in the outline.
    """

    height: float
    runs: tuple[Run, ...]
    follow: float = 0
    ruled: bool = False
    bookmark: tuple[str, int] | None = None


def wrap(text: str, room: float, widths: Widths, size: float) -> list[str]:
    """The text in pieces that are no wider than ``room`` points, cut behind a space or, without one, anywhere.

    Together the pieces are the text, to the character. A character that is wider than the room stands alone. ``widths``
    has to know every character.
    """
    most = room * 1000 / size
    pieces: list[str] = []
    start, used, space = 0, 0, -1
    for place, character in enumerate(text):
        width = widths[character]
        while used + width > most and place > start:
            end = space + 1 if space >= start else place
            pieces.append(text[start:end])
            start, used = end, sum(widths[kept] for kept in text[end:place])
        used += width
        if character == " ":
            space = place
    return [*pieces, text[start:]]


def paginate(lines: Iterable[Line], room: float) -> list[list[Line]]:
    """The lines on pages of that height in points, at least one page and one line on each."""
    pages: list[list[Line]] = [[]]
    used = 0.0
    for line in lines:
        if pages[-1] and used + line.height + line.follow > room:
            pages.append([])
            used = 0.0
        pages[-1].append(line)
        used += line.height
    return pages
