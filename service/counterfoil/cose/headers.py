"""The two header buckets of a COSE message, and what may stand where in them (RFC 9052, section 3)."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from counterfoil.cose import labels
from counterfoil.encoding.cbor import CborValue, Limits, Tagged, decode
from counterfoil.encoding.cbor_plain import read_plain_map
from counterfoil.errors import ForbiddenTagError, MalformedHeaderError

Header: TypeAlias = "Mapping[int | str, CborValue]"
"""One bucket: labels and their values."""

BASE_LABELS: Final[frozenset[int | str]] = frozenset({labels.ALG, labels.CRIT, labels.CONTENT_TYPE, labels.KID})
"""What every COSE implementation understands, so that naming it critical asks nothing more (RFC 9052, section 3.1)."""

_NO_TAGS: Final[frozenset[int]] = frozenset()
_EPOCH_ALONE: Final = frozenset({labels.TAG_EPOCH})
_NUMERIC_DATES: Final = frozenset({labels.CWT_EXP, labels.CWT_NBF, labels.CWT_IAT})


def parse_protected_header(encoded: bytes) -> Header:
    """Return the map that a protected header's byte string holds; the empty string is the empty map.

    Tag 1 is read on the NumericDate claims exp, nbf and iat of the CWT claims, where production tools write it.

    Raises:
        MalformedHeaderError: not a map.
        ForbiddenTagError: a tag anywhere else.
        MalformedError: not the CBOR that this log reads.

    RFC 9052, section 3; RFC 8392, section 2.
    """
    if not encoded:
        return {}
    plain = read_plain_map(encoded)
    if plain is not None:
        return plain
    limits = Limits(max_bytes=len(encoded))
    try:
        header = decode(encoded, limits, allow_tags=_NO_TAGS)
    except ForbiddenTagError:
        # Few messages carry a tag, so only those pay for looking where it stands.
        header = decode(encoded, limits, allow_tags=_EPOCH_ALONE)
        _require_tags_on_dates(header)
    if not isinstance(header, Mapping):
        raise MalformedHeaderError("the protected header is not a map")
    return header


def require_sound_headers(protected: Header, unprotected: Header) -> None:
    """Refuse header buckets that RFC 9052 does not let a receiver read.

    Raises:
        MalformedHeaderError: a label stands in both, ``alg`` or ``crit`` stands unprotected, ``crit`` is not a list
            of protected labels, or a parameter of section 3.1 is of the wrong type.

    RFC 9052, sections 3 and 3.1.
    """
    if unprotected:
        _require_apart(protected, unprotected)
    if labels.ALG in protected and not _is_label(protected[labels.ALG]):
        raise MalformedHeaderError("alg is neither an integer nor a text string")
    if labels.CRIT in protected:
        _require_sound_crit(protected)
    _require_base_types(protected)
    if unprotected:
        _require_base_types(unprotected)


def require_tags_on_receipts_alone(unprotected: Header) -> None:
    """Refuse a tag in the unprotected header, but for receipts that stand under label 394 without their byte string.

    Raises:
        ForbiddenTagError: a tag stands elsewhere.
    """
    for label, value in unprotected.items():
        if label == labels.RECEIPTS and isinstance(value, tuple):
            for receipt in value:
                _refuse_tags(receipt.value if isinstance(receipt, Tagged) else receipt)
        else:
            _refuse_tags(value)


def _require_apart(protected: Header, unprotected: Header) -> None:
    if not protected.keys().isdisjoint(unprotected):
        raise MalformedHeaderError("a label stands in both header buckets")
    for label in (labels.ALG, labels.CRIT):
        if label in unprotected:
            raise MalformedHeaderError(f"label {label} stands in the unprotected header")


def _require_sound_crit(protected: Header) -> None:
    critical = protected[labels.CRIT]
    if not isinstance(critical, (tuple, list)) or not critical:
        raise MalformedHeaderError("crit is not an array of labels")
    for label in critical:
        # bool first: True would be taken for label 1.
        if not _is_label(label) or label not in protected:
            raise MalformedHeaderError("crit names what is no label of the protected header")


def _require_base_types(bucket: Header) -> None:
    if not isinstance(bucket.get(labels.KID, b""), bytes):
        raise MalformedHeaderError("kid is not a byte string")
    content_type = bucket.get(labels.CONTENT_TYPE, 0)
    if not _is_label(content_type) or (isinstance(content_type, int) and content_type < 0):
        raise MalformedHeaderError("content type is neither a text string nor an unsigned integer")


def _is_label(value: CborValue) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _require_tags_on_dates(header: CborValue) -> None:
    for label, value in header.items() if isinstance(header, Mapping) else [(None, header)]:
        if label == labels.CWT_CLAIMS and isinstance(value, Mapping):
            for claim, content in value.items():
                if claim not in _NUMERIC_DATES or not isinstance(content, Tagged):
                    _refuse_tags(content)
        else:
            _refuse_tags(value)


def _refuse_tags(value: CborValue) -> None:
    if isinstance(value, Tagged):
        raise ForbiddenTagError(f"tag {value.number} stands where no tag is read")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_tags(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _refuse_tags(item)
