"""Text as people can see it: whatever moves a cursor, turns a line around or does not show is spelled out."""

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks by their category, which Python therefore calls printable, and which no reader sees."""


def printable(text: str) -> str:
    r"""The text with everything that could move a cursor, turn a line around or hide something spelled out.

    What is spelled out looks as in a Python string: ``\n``, ``\u202e``, ``\ud800``. A backslash stays as it is, so
    that the result is for reading and not for getting the text back. Total: any text has one.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = text if text.isprintable() else "".join(map(_spelled, text))
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], shown)


def _spelled(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
