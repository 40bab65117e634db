"""A chain of certificates in PEM, as vendors put it into evidence and collateral: one grammar, and nothing between."""

import re
from base64 import b64decode, b64encode
from typing import Final

from counterfoil.errors import MalformedCertificateError

_BLOCK: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/]{1,76}={0,2}\r?\n)+)-----END CERTIFICATE-----(?:\r?\n)*"
)
"""RFC 7468, section 5, with lines of up to 76 characters. The newlines after the last block may be absent."""


def parse_pem_chain(data: bytes, *, at_most: int) -> tuple[bytes, ...]:
    """The certificates in DER that the blocks of ``data`` hold, in their order; a NUL may end it.

    Raises:
        MalformedCertificateError: Anything else stands there, or there are none or more than ``at_most``.

    RFC 7468, section 5.
    """
    text, found, at = data.removesuffix(b"\x00"), list[bytes](), 0
    while at < len(text):
        block = _BLOCK.match(text, at)
        if block is None or len(found) == at_most:
            raise MalformedCertificateError(f"not a chain of 1 to {at_most} certificates in PEM")
        found.append(_decoded(b"".join(block[1].split())))
        at = block.end()
    if not found:
        raise MalformedCertificateError("no certificate in PEM")
    return tuple(found)


def _decoded(text: bytes) -> bytes:
    try:
        der = b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedCertificateError("a certificate in PEM is not in base64") from error
    if b64encode(der) != text:
        raise MalformedCertificateError("a certificate in PEM is not in the one spelling of its base64")
    return der
