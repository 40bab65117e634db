"""Of what kind a key says it is, before any library loads it.

Loading some kinds of keys costs a library seconds of arithmetic, a Diffie-Hellman group of 32,768 bits among them.
Nothing that this log uses is of such a kind, so they are refused by their name alone (RFC 5280, section 4.1.2.7).
"""

from typing import Final

from counterfoil.errors import MalformedKeyError

ADMITTED: Final = frozenset(
    {
        "1.2.840.113549.1.1.1",  # rsaEncryption, RFC 3279
        "1.2.840.10045.2.1",  # id-ecPublicKey, RFC 5480
        "1.3.101.112",  # id-Ed25519, RFC 8410
        "2.16.840.1.101.3.4.3.17",  # id-ml-dsa-44, RFC 9881
        "2.16.840.1.101.3.4.3.18",  # id-ml-dsa-65
        "2.16.840.1.101.3.4.3.19",  # id-ml-dsa-87
    },
)

_SEQUENCE: Final = 0x30
_OBJECT_IDENTIFIER: Final = 0x06
_LONG_FORM: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_ARC: Final = 40
_MAX_ROOT: Final = 2


def require_admitted_kind(name: str) -> None:
    """Refuse a key algorithm that no statement of this log is signed with, by its object identifier.

    Raises:
        MalformedKeyError: it is none of those.
    """
    if name not in ADMITTED:
        raise MalformedKeyError("a key of a kind that this log does not know")


def key_algorithm(der: bytes) -> str:
    """Return the object identifier of the algorithm that a SubjectPublicKeyInfo names.

    Raises:
        MalformedKeyError: not a SubjectPublicKeyInfo in DER.

    RFC 5280, section 4.1.2.7.
    """
    encoded = _content(_content(_content(der, _SEQUENCE), _SEQUENCE), _OBJECT_IDENTIFIER)
    arcs, value = [], 0
    for byte in encoded:
        value = value << 7 | byte & 0x7F
        if not byte & _LONG_FORM:
            arcs.append(value)
            value = 0
    if not arcs:
        raise MalformedKeyError("not a SubjectPublicKeyInfo")
    root = min(arcs[0] // _ARC, _MAX_ROOT)
    return ".".join(map(str, (root, arcs[0] - _ARC * root, *arcs[1:])))


def _content(data: bytes, tag: int) -> bytes:
    try:
        length, at = data[1], 2
        if length & _LONG_FORM:
            size = length - _LONG_FORM
            length, at = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
            if not 1 <= size <= _MAX_LENGTH_BYTES:
                raise MalformedKeyError("not a SubjectPublicKeyInfo")
        if data[0] != tag or len(data) < at + length:
            raise MalformedKeyError("not a SubjectPublicKeyInfo")
    except IndexError as exc:
        raise MalformedKeyError("not a SubjectPublicKeyInfo") from exc
    return data[at : at + length]
