"""COSE_Sign1: read strictly, written deterministically, verified over the bytes as received (RFC 9052, section 4.2)."""

from collections.abc import Mapping
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.algorithms import Algorithm, algorithm
from counterfoil.cose.headers import (
    BASE_LABELS,
    Header,
    parse_protected_header,
    require_sound_headers,
    require_tags_on_receipts_alone,
)
from counterfoil.cose.plain_envelope import split_plain_envelope
from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.encoding.cbor import Limits, Tagged, decode, encode, encode_bytes
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    AlgorithmMissingError,
    AlgorithmUnsupportedError,
    CriticalHeaderError,
    MalformedCborError,
    MalformedParameterError,
    NotSign1Error,
    PayloadMissingError,
    TooLargeError,
)
from counterfoil.frozen import frozen

_TAG_18_HEAD: Final = 0xD2
_ELEMENTS: Final = 4
_TAG_18: Final = frozenset({labels.TAG_SIGN1})
_EMPTY_MAP: Final = b"\xa0"
_NULL: Final = b"\xf6"
_ENVELOPE_HEAD: Final = b"\xd2\x84"
"""Tag 18 on an array of four; what follows is written item by item, which takes a tenth of the general encoder."""

_SIG_STRUCTURE_HEAD: Final = b"\x84" + encode("Signature1")
_EMPTY_HEADER: Final[Header] = {}


@frozen
class Sign1:
    """A COSE_Sign1 message. ``protected_bytes``, ``payload`` and ``signature`` are as received.

    ``payload`` is None where it is detached. Nothing of it is verified yet (RFC 9052, section 4.2).
    """

    protected_bytes: bytes
    protected: Header
    unprotected: Header
    payload: bytes | None
    signature: bytes

    @property
    def algorithm_code(self) -> int | str | None:
        """The protected ``alg`` as it stands: a text string is legal there and names nothing this log knows."""
        found = self.protected.get(labels.ALG)
        return found if isinstance(found, (int, str)) else None


def parse_sign1(data: bytes, *, max_bytes: int) -> Sign1:
    """Return the COSE_Sign1 message, tagged 18, that ``data`` is.

    Raises:
        TooLargeError: more than ``max_bytes``.
        NotSign1Error: not tagged 18 in one byte, not four elements, or one of them of the wrong type or empty.
        MalformedHeaderError: as ``require_sound_headers``.
        MalformedError: not the CBOR that this log reads.

    RFC 9052, sections 2 to 4.2.
    """
    return _parse(data, max_bytes)[0]


def parse_kept_sign1(data: bytes, *, max_bytes: int) -> tuple[Sign1, bytes]:
    """Return the COSE_Sign1 message, tagged 18, that ``data`` is, and what a log keeps of it.

    The latter is what ``encode_sign1`` makes of its parts with an empty unprotected header. Errors as ``parse_sign1``.

    RFC 9052, sections 2 to 4.2.
    """
    message, is_kept = _parse(data, max_bytes)
    if is_kept:
        return message, data
    return message, encode_sign1(message.protected_bytes, _EMPTY_HEADER, message.payload, message.signature)


def encode_sign1(protected_bytes: bytes, unprotected: Header, payload: bytes | None, signature: bytes) -> bytes:
    """Return the message tagged 18, its envelope in deterministic CBOR, its parts as they are given.

    Raises:
        TypeError: the unprotected header holds what this log never writes.

    RFC 9052, section 4.2.
    """
    header = encode(unprotected) if unprotected else _EMPTY_MAP
    content = _NULL if payload is None else encode_bytes(payload)
    return b"".join((_ENVELOPE_HEAD, encode_bytes(protected_bytes), header, content, encode_bytes(signature)))


def signature_input(protected_bytes: bytes, payload: bytes, external_aad: bytes = b"") -> bytes:
    """Return the Sig_structure of the context "Signature1": the bytes that are signed (RFC 9052, section 4.4).

    A protected header that is the empty map is signed as the empty string.
    """
    body = b"" if protected_bytes == _EMPTY_MAP else protected_bytes
    return b"".join((_SIG_STRUCTURE_HEAD, encode_bytes(body), encode_bytes(external_aad), encode_bytes(payload)))


def require_critical_understood(message: Sign1, understood: frozenset[int | str]) -> None:
    """Refuse a message that makes a header parameter critical which the caller does not process.

    Raises:
        CriticalHeaderError: a label under ``crit`` is neither in ``understood`` nor one that all understand.

    RFC 9052, section 3.1.
    """
    critical = message.protected.get(labels.CRIT)
    for label in critical if isinstance(critical, tuple) else ():
        if label not in understood and label not in BASE_LABELS:
            raise CriticalHeaderError("a critical header parameter is not understood")


def require_algorithm(message: Sign1) -> Algorithm:
    """Return the algorithm that the protected header names.

    Raises:
        AlgorithmMissingError: it names none.
        AlgorithmUnsupportedError: this log does not know it.

    RFC 9052, section 3.1.
    """
    code = message.protected.get(labels.ALG)
    if isinstance(code, int):
        return algorithm(code)
    if isinstance(code, str):
        raise AlgorithmUnsupportedError("the algorithm is named by a text string that is not registered")
    raise AlgorithmMissingError("the protected header names no algorithm")


def verify_sign1(
    message: Sign1,
    key: PublicKey,
    *,
    payload: bytes | None = None,
    external_aad: bytes = b"",
    understood: frozenset[int | str] = BASE_LABELS,
) -> None:
    """Return when the message's signature is one of ``key``.

    ``payload`` is given exactly when the message's own is detached.

    Raises:
        PayloadMissingError: the payload is detached and none was given.
        MalformedParameterError: the payload is attached and one was given besides.
        AlgorithmMissingError, AlgorithmUnsupportedError: as ``require_algorithm``.
        AlgorithmKeyMismatchError: the algorithm does not fit the key.
        CriticalHeaderError: a critical header parameter is not in ``understood``.
        SignatureInvalidError: the signature does not verify.

    RFC 9052, section 4.4.
    """
    named = require_algorithm(message)
    require_critical_understood(message, understood)
    signed = signature_input(message.protected_bytes, _signed_payload(message, payload), external_aad)
    verify_signature(named, key, message.signature, signed)


def sign_sign1(
    signer: Signer,
    protected: Header,
    payload: bytes,
    *,
    unprotected: Header = _EMPTY_HEADER,
    detached: bool = False,
) -> bytes:
    """Return ``payload`` signed, with the signer's ``alg`` in the protected header.

    Raises:
        AlgorithmKeyMismatchError: ``protected`` names another algorithm than the signer's.
        MalformedHeaderError: the headers are such that ``parse_sign1`` would refuse them.
        TypeError: a header holds what this log never writes.

    RFC 9052, section 4.4.
    """
    code = signer.algorithm.code
    if protected.get(labels.ALG, code) != code:
        raise AlgorithmKeyMismatchError("the protected header names another algorithm than the signer's")
    header = {**protected, labels.ALG: code}
    require_sound_headers(header, unprotected)
    protected_bytes = encode(header)
    signature = signer.sign(signature_input(protected_bytes, payload))
    return encode_sign1(protected_bytes, unprotected, None if detached else payload, signature)


def _parse(data: bytes, max_bytes: int) -> tuple[Sign1, bool]:
    """The message, and whether it came as ``encode_sign1`` writes it with an empty unprotected header."""
    if len(data) > max_bytes:
        raise TooLargeError(f"a message of {len(data)} bytes where {max_bytes} are read")
    if not data:
        raise MalformedCborError("no bytes at all")
    if data[0] != _TAG_18_HEAD:
        raise NotSign1Error("the message is not tagged 18")
    plain = split_plain_envelope(data)
    protected_bytes, unprotected, payload, signature = plain or _split_envelope(data, max_bytes)
    protected = parse_protected_header(protected_bytes)
    if unprotected:
        require_tags_on_receipts_alone(unprotected)
    require_sound_headers(protected, unprotected)
    return Sign1(protected_bytes, protected, unprotected, payload, signature), plain is not None


def _split_envelope(data: bytes, max_bytes: int) -> tuple[bytes, Header, bytes | None, bytes]:
    envelope = decode(data, Limits(max_bytes), allow_tags=_TAG_18)
    elements = envelope.value if isinstance(envelope, Tagged) else None
    if not isinstance(elements, tuple) or len(elements) != _ELEMENTS:
        raise NotSign1Error("the message is not an array of four elements")
    protected_bytes, unprotected, payload, signature = elements
    if not isinstance(protected_bytes, bytes) or not isinstance(unprotected, Mapping):
        raise NotSign1Error("the headers are not a byte string and a map")
    if not isinstance(payload, (bytes, type(None))) or not isinstance(signature, bytes) or not signature:
        raise NotSign1Error("payload and signature are not byte strings")
    return protected_bytes, unprotected, payload, signature


def _signed_payload(message: Sign1, detached: bytes | None) -> bytes:
    if message.payload is None:
        if detached is None:
            raise PayloadMissingError("the payload is detached and was not supplied")
        return detached
    if detached is not None:
        raise MalformedParameterError("the payload is attached; another was supplied beside it")
    return message.payload
