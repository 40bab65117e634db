"""Unpadded base64url in its one canonical spelling (RFC 4648, section 5)."""

import base64
import binascii
import re
from typing import Final

from counterfoil.errors import MalformedBase64Error

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*")


def encode_base64url(data: bytes) -> str:
    """Return ``data`` as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Return the bytes that ``text`` is the canonical spelling of.

    Raises:
        MalformedBase64Error: padding, white space, another alphabet, or bits beyond the last byte that are not zero.

    RFC 4648, sections 3.5 and 5.
    """
    if _ALPHABET.fullmatch(text) is None:
        raise MalformedBase64Error("a character outside the base64url alphabet, or padding")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as exc:
        raise MalformedBase64Error("not a length that base64url can have") from exc
    if encode_base64url(data) != text:
        raise MalformedBase64Error("bits beyond the last byte are not zero")
    return data
