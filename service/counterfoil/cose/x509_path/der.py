"""The outline of DER: where each element begins and ends, so that its bytes can be compared as they stand (X.690)."""

from typing import Final, NamedTuple

from counterfoil.errors import MalformedCertificateError

_HIGH_TAG: Final = 0x1F
_LONG_FORM: Final = 0x80


class Element(NamedTuple):
    """One element of DER: its tag, all of its bytes, and what it holds."""

    tag: int
    encoded: bytes
    content: bytes

    def elements(self) -> tuple["Element", ...]:
        """The elements that this one holds.

        Raises:
            MalformedCertificateError: what it holds is no sequence of elements.
        """
        return elements(self.content)


def elements(data: bytes) -> tuple[Element, ...]:
    """Split ``data`` into its elements, without looking into them.

    Raises:
        MalformedCertificateError: a tag of more than one byte, a length that is not the shortest, or too few bytes.

    X.690, sections 8.1 and 10.1.
    """
    found, at = [], 0
    while at < len(data):
        element = _element(data, at)
        found.append(element)
        at += len(element.encoded)
    return tuple(found)


def one_element(data: bytes) -> Element:
    """Return the one element that ``data`` is.

    Raises:
        MalformedCertificateError: none, more than one, or no DER.
    """
    found = elements(data)
    if len(found) != 1:
        raise MalformedCertificateError("not one element of DER")
    return found[0]


def _element(data: bytes, at: int) -> Element:
    start = at + 2
    if start > len(data) or data[at] & _HIGH_TAG == _HIGH_TAG:
        raise MalformedCertificateError("not an element of DER")
    length = data[at + 1]
    if length & _LONG_FORM:
        size = length - _LONG_FORM
        encoded = data[start : start + size]
        start, length = start + size, int.from_bytes(encoded, "big")
        shortest = max(1, (length.bit_length() + 7) // 8)
        if size != shortest or length < _LONG_FORM:
            raise MalformedCertificateError("a length that DER does not write so")
    end = start + length
    if end > len(data):
        raise MalformedCertificateError("an element of DER that ends early")
    return Element(data[at], data[at:end], data[start:end])
