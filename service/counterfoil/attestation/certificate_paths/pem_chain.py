"""A chain of certificates in PEM, as vendors put it into evidence and collateral: one grammar, and nothing between."""

from base64 import b64decode, b64encode
from typing import Final

from counterfoil.errors import MalformedCertificateError

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----\n"
_END: Final = b"-----END CERTIFICATE-----"
_MAX_LINE: Final = 78
"""Lines of 64 are the rule (RFC 7468, section 2); vendors write up to 76, and two characters may fill up the last."""


def parse_pem_chain(data: bytes, *, at_most: int) -> tuple[bytes, ...]:
    """The certificates in DER that the blocks of ``data`` hold, in their order; a NUL may end it.

    Raises:
        MalformedCertificateError: Anything else stands there, or there are none or more than ``at_most``.

    RFC 7468, section 5.
    """
    text, found = data.removesuffix(b"\x00").replace(b"\r\n", b"\n"), list[bytes]()
    while text:
        block, end, text = text.partition(_END)
        if not block.startswith(_BEGIN) or not end or len(found) == at_most:
            raise MalformedCertificateError(f"not a chain of 1 to {at_most} certificates in PEM")
        found.append(_decoded(block.removeprefix(_BEGIN)))
        text = text.lstrip(b"\n")
    if not found:
        raise MalformedCertificateError("no certificate in PEM")
    return tuple(found)


def _decoded(block: bytes) -> bytes:
    *lines, last = block.split(b"\n")
    if last or not lines or not all(1 <= len(line) <= _MAX_LINE for line in lines):
        raise MalformedCertificateError("a certificate in PEM is not in lines")
    text = b"".join(lines)
    try:
        der = b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedCertificateError("a certificate in PEM is not in base64") from error
    if b64encode(der) != text:
        raise MalformedCertificateError("a certificate in PEM is not in the one spelling of its base64")
    return der
