"""What a log says about keys after its beginning: revocations of issuers' keys, and what becomes of receipt keys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from counterfoil.cose.keys import PublicKey, parse_public_key_pem, public_key_pem
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.cose.signer import Signer
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_canonical_json
from counterfoil.errors import MalformedNoticeError
from counterfoil.statement.identity import LogIdentity

REVOCATION_CONTENT_TYPE: Final = "application/vnd.counterfoil.key-revocation+json"
RECEIPT_KEY_CONTENT_TYPE: Final = "application/vnd.counterfoil.receipt-key+json"
MAX_NOTICE_BYTES: Final = 64 * 1024
MAX_REASON_CHARACTERS: Final = 1000
_FORMAT: Final = 1
_THUMBPRINT_BYTES: Final = 32
_MAX_ENTRY: Final = 2**53 - 1
_POSSESSION: Final = b"counterfoil/receipt-key/v1"


@dataclass(frozen=True, slots=True)
class Revocation:
    """An issuer's key is not to be believed in entries after ``last_valid_entry``, and registers nothing any more.

    The key is given by its RFC 9679 thumbprint; ``last_valid_entry`` is -1 where no entry of it stays valid.
    """

    thumbprint: bytes
    last_valid_entry: int
    reason: str

    def encode(self) -> bytes:
        """The payload of a revocation, in RFC 8785 form."""
        return encode_json(
            {
                "format": _FORMAT,
                "kid": encode_base64url(self.thumbprint),
                "lastValidEntry": self.last_valid_entry,
                "reason": self.reason,
            },
        )


class ReceiptKeyAct(StrEnum):
    """What becomes of a receipt key: it comes into use, goes out of use, or is not to be believed any more."""

    ANNOUNCE = "announce"
    RETIRE = "retire"
    COMPROMISE = "compromise"


@dataclass(frozen=True, slots=True)
class ReceiptKeyNotice:
    """What becomes of the receipt key of that thumbprint.

    ``key`` and ``possession``, a signature by it, stand in an announcement and nowhere else.
    """

    act: ReceiptKeyAct
    thumbprint: bytes
    key: PublicKey | None = None
    possession: bytes = b""

    def encode(self) -> bytes:
        """The payload of the notice, in RFC 8785 form."""
        members: dict[str, JsonValue] = {
            "format": _FORMAT,
            "act": self.act.value,
            "kid": encode_base64url(self.thumbprint),
        }
        if self.key is not None:
            members["publicKey"] = public_key_pem(self.key)
            members["possession"] = encode_base64url(self.possession)
        return encode_json(members)


def announce_receipt_key(signer: Signer, identity: LogIdentity) -> ReceiptKeyNotice:
    """The announcement of a signer's key as a receipt key of a log, with the proof that somebody holds it."""
    key = signer.public_key
    possession = signer.sign(_possession_input(identity, key))
    return ReceiptKeyNotice(ReceiptKeyAct.ANNOUNCE, key.thumbprint, key, possession)


def verify_possession(notice: ReceiptKeyNotice, identity: LogIdentity) -> PublicKey:
    """The key that a notice announces, once its own signature shows that somebody holds it.

    Raises:
        MalformedNoticeError: The notice announces no key.
        UnverifiedError: The signature does not hold.
    """
    if notice.key is None:
        raise MalformedNoticeError("the notice announces no key")
    data = _possession_input(identity, notice.key)
    verify_signature(default_algorithm(notice.key), notice.key, notice.possession, data)
    return notice.key


def parse_revocation(payload: bytes) -> Revocation:
    """Read the payload of a revocation.

    Raises:
        MalformedError: It is not one in the one encoding this log writes.
    """
    match parse_canonical_json(payload, max_bytes=MAX_NOTICE_BYTES):
        case {"format": 1, "kid": str(kid), "lastValidEntry": int(last), "reason": str(reason)} if (
            -1 <= last <= _MAX_ENTRY and len(reason) <= MAX_REASON_CHARACTERS
        ):
            revocation = Revocation(_thumbprint(kid), int(last), reason)
        case _:
            raise MalformedNoticeError("the payload is not a revocation of format 1")
    if revocation.encode() != payload:
        raise MalformedNoticeError("the revocation holds something that is not known")
    return revocation


def parse_receipt_key_notice(payload: bytes) -> ReceiptKeyNotice:
    """Read the payload of a notice about a receipt key; no signature is checked here.

    Raises:
        MalformedError: It is not one in the one encoding this log writes.
        AlgorithmUnsupportedError: It announces a key that this installation cannot compute with.
    """
    value = parse_canonical_json(payload, max_bytes=MAX_NOTICE_BYTES)
    match value:
        case {"format": 1, "act": ("announce" | "retire" | "compromise") as act, "kid": str(kid)}:
            notice = _notice(ReceiptKeyAct(act), _thumbprint(kid), value)
        case _:
            raise MalformedNoticeError("the payload is not a notice about a receipt key of format 1")
    if notice.encode() != payload:
        raise MalformedNoticeError("the notice holds something that is not known")
    return notice


def _notice(act: ReceiptKeyAct, thumbprint: bytes, value: JsonValue) -> ReceiptKeyNotice:
    match act, value:
        case ReceiptKeyAct.ANNOUNCE, {"publicKey": str(pem), "possession": str(possession)}:
            key = parse_public_key_pem(pem)
            if key.thumbprint != thumbprint:
                raise MalformedNoticeError("the notice's kid is not the thumbprint of its key")
            return ReceiptKeyNotice(act, thumbprint, key, decode_base64url(possession))
        case ((ReceiptKeyAct.RETIRE | ReceiptKeyAct.COMPROMISE), {}):
            return ReceiptKeyNotice(act, thumbprint)
        case _:
            raise MalformedNoticeError("an announcement has a key with its signature")


def _thumbprint(text: str) -> bytes:
    thumbprint = decode_base64url(text)
    if len(thumbprint) != _THUMBPRINT_BYTES:
        raise MalformedNoticeError("the kid is not the thumbprint of a key")
    return thumbprint


def _possession_input(identity: LogIdentity, key: PublicKey) -> bytes:
    return b"\0".join((_POSSESSION, identity.origin.encode(), key.thumbprint))
