"""Blocks of text for paper: headings, paragraphs, bullets and rows of a name and a value."""

from collections.abc import Iterable, Iterator
from typing import Final

from counterfoil.case.views.exhibit import Row
from counterfoil.case.views.pdf_layout import Line, Run, wrap
from counterfoil.case.views.pdf_paper import BOLD, MARGIN, PAGE_WIDTH, REGULAR
from counterfoil.encoding.printable import printable

SMALL: Final = 7.0
SMALL_LEADING: Final = 8.5
_TEXT: Final = 8.5
_LEADING: Final = 10.8
_NAMES_WIDTH: Final = 128.0
_BULLET_WIDTH: Final = 10.0
_WIDTH: Final = PAGE_WIDTH - 2 * MARGIN
_FOLLOWED: Final = 5 * _LEADING
"""A heading at the foot of a page would be read as belonging to nothing."""


def latin(text: str) -> str:
    """The text in printing characters of Latin-1; every other one is spelled out as in a Python string."""
    return printable(text).encode("latin-1", "backslashreplace").decode("latin-1")


def heading(text: str, size: float, *, level: int) -> Iterator[Line]:
    """A heading that stands in the outline too."""
    room = 2.2 * size
    for number, piece in enumerate(wrap(text, _WIDTH, BOLD, size)):
        height, mark = (room, (text, level)) if number == 0 else (1.3 * size, None)
        yield Line(height, (Run(MARGIN, piece, size, bold=True),), _FOLLOWED, bookmark=mark)
    yield Line(_LEADING / 2, ())


def entry_heading(label: str, event: str) -> Iterator[Line]:
    """A ruled heading of a label and what follows it; the label and a beginning of the rest are in the outline."""
    size = 10.0
    whole = latin(f"{label}   {event}")
    yield Line(_LEADING / 2, (), _FOLLOWED)
    for number, piece in enumerate(wrap(whole, _WIDTH, BOLD, size)):
        first = number == 0
        mark = (whole[:60], 1) if first else None
        yield Line(1.5 * size, (Run(MARGIN, piece, size, bold=True),), _FOLLOWED, ruled=first, bookmark=mark)


def paragraph(text: str) -> Iterator[Line]:
    """A paragraph over the whole width."""
    for piece in wrap(latin(text), _WIDTH, REGULAR, _TEXT):
        yield Line(_LEADING, (Run(MARGIN, piece, _TEXT),))
    yield Line(_LEADING / 2, ())


def bullets(sentences: Iterable[str]) -> Iterator[Line]:
    """Sentences as a list."""
    for sentence in sentences:
        for number, piece in enumerate(wrap(latin(sentence), _WIDTH - _BULLET_WIDTH, REGULAR, _TEXT)):
            dot = () if number else (Run(MARGIN, "-", _TEXT),)
            yield Line(_LEADING, (*dot, Run(MARGIN + _BULLET_WIDTH, piece, _TEXT)))


def rows(pairs: Iterable[Row]) -> Iterator[Line]:
    """Names on the left and values beside them. Only names of our own may stand on the left."""
    for name, value in pairs:
        names = wrap(latin(name), _NAMES_WIDTH - _BULLET_WIDTH, REGULAR, _TEXT)
        values = wrap(latin(value), _WIDTH - _NAMES_WIDTH, REGULAR, _TEXT)
        for number in range(max(len(names), len(values))):
            left = (Run(MARGIN, names[number], _TEXT),) if number < len(names) else ()
            right = (Run(MARGIN + _NAMES_WIDTH, values[number], _TEXT),) if number < len(values) else ()
            yield Line(_LEADING, (*left, *right))


def small(text: str, *, most: int, rest: str) -> list[Line]:
    """Small print over the whole width: all of the text, or ``most`` lines of it and then ``rest``."""
    pieces = wrap(latin(text), _WIDTH, REGULAR, SMALL)
    shown = pieces if len(pieces) <= most else [*pieces[:most], rest]
    return [Line(SMALL_LEADING, (Run(MARGIN, piece, SMALL),)) for piece in shown]
