"""The claims of a token, read by name and by type (RFC 7519, section 4; RFC 9711, section 4)."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedBase64Error, MalformedEvidenceError


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """A JSON object of claims. A claim that is absent, or null, is None; one of another type is an error."""

    members: Mapping[str, JsonValue]

    def text(self, name: str) -> str | None:
        """The claim as text.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.members.get(name)
        if found is None or isinstance(found, str):
            return found
        raise MalformedEvidenceError(f"claim {name} is not text")

    def flag(self, name: str) -> bool | None:
        """The claim as a truth value.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.members.get(name)
        if found is None or isinstance(found, bool):
            return found
        raise MalformedEvidenceError(f"claim {name} is neither true nor false")

    def integer(self, name: str) -> int | None:
        """The claim as an integer.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.members.get(name)
        if found is None or (isinstance(found, int) and not isinstance(found, bool)):
            return found
        raise MalformedEvidenceError(f"claim {name} is not an integer")

    def texts(self, name: str) -> tuple[str, ...]:
        """The claim as texts in their order: of an array of texts all, of one text that alone, of none nothing.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.members.get(name)
        listed = found if isinstance(found, list) else [] if found is None else [found]
        texts = tuple(item for item in listed if isinstance(item, str))
        if len(texts) != len(listed):
            raise MalformedEvidenceError(f"claim {name} is neither text nor an array of texts")
        return texts

    def nested(self, name: str) -> "TokenClaims | None":
        """The claim as an object of claims.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.members.get(name)
        if found is None:
            return None
        if isinstance(found, Mapping):
            return TokenClaims(found)
        raise MalformedEvidenceError(f"claim {name} is not an object")

    def hexadecimal(self, name: str, size: int | None = None) -> bytes | None:
        """The bytes that the claim spells in hexadecimal digits of either case, ``size`` of them where it is given.

        Raises:
            MalformedEvidenceError: It is something else.
        """
        found = self.text(name)
        if found is None:
            return None
        try:
            data = binascii.unhexlify(found)
        except ValueError as error:
            raise MalformedEvidenceError(f"claim {name} is not in hexadecimal digits") from error
        if size is not None and len(data) != size:
            raise MalformedEvidenceError(f"claim {name} has {len(data)} bytes where {size} are due")
        return data

    def base64(self, name: str) -> bytes | None:
        """The bytes that the claim spells in base64, of either alphabet, padded or not, in its canonical spelling.

        Raises:
            MalformedBase64Error: It is text, but not that.
            MalformedEvidenceError: It is no text.
        """
        found = self.text(name)
        if found is None:
            return None
        if "+" in found or "/" in found:
            return parse_base64(found)
        bare = found.rstrip("=")
        if found not in {bare, bare + "=" * (-len(bare) % 4)}:
            raise MalformedBase64Error(f"the padding of claim {name} is not that of base64")
        return decode_base64url(bare)


def parse_base64(text: str) -> bytes:
    """The bytes that ``text`` is the one padded base64 spelling of (RFC 4648, section 4).

    Raises:
        MalformedBase64Error: It is none.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedBase64Error("not in base64") from error
    if b64encode(data).decode("ascii") != text:
        raise MalformedBase64Error("bits beyond the last byte are not zero")
    return data
