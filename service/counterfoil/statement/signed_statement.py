"""A Signed Statement as it arrives (RFC 9943, section 6)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NewType

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import Sign1, parse_kept_sign1, require_algorithm, verify_sign1
from counterfoil.cose.verify_signature import normalise_signature
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    AlgorithmMissingError,
    MalformedHeaderError,
    ReceiptAsStatementError,
    UnverifiedError,
)
from counterfoil.frozen import frozen
from counterfoil.statement.claims import Claims, parse_claims
from counterfoil.statement.hash_envelope import MAX_CONTENT_FORMAT, HashEnvelope, parse_hash_envelope

StatementHash = NewType("StatementHash", bytes)
"""SHA-256 of a statement as the log stores it: the entry id, and the entry of the Merkle tree. 32 bytes."""

DuplicateKey = NewType("DuplicateKey", bytes)
"""The statement hash as it would be with the smaller of the two ECDSA ``s`` values. 32 bytes."""

DEFAULT_MAX_STATEMENT_BYTES: Final = 1024 * 1024
"""The peers of this field stop at 1 MiB; a statement with hardware evidence takes about 20 KB."""

MAX_STATEMENT_BYTES_LIMIT: Final = 16 * 1024 * 1024
"""No policy may open the door to bodies that a worker cannot hold many of at once."""

MAX_KID_BYTES: Final = 512
"""A key identifier is a hash or a short name; a longer one is somebody's attempt to store data in it."""

UNDERSTOOD: Final[frozenset[int | str]] = frozenset(
    {
        labels.ALG,
        labels.CRIT,
        labels.CONTENT_TYPE,
        labels.KID,
        labels.CWT_CLAIMS,
        labels.TYP,
        labels.X5CHAIN,
        labels.X5T,
        labels.PAYLOAD_HASH_ALG,
        labels.PREIMAGE_CONTENT_TYPE,
        labels.PAYLOAD_LOCATION,
        labels.ATTESTATION,
        labels.ATTESTED_SERVICE,
    },
)
"""Header parameters that a statement may mark as critical, because registration looks at them (RFC 9052, 3.1)."""


@frozen
class SignedStatement:
    """A parsed statement beside the bytes that the log keeps of it.

    ``encoded`` is the tagged COSE_Sign1 with a deterministic envelope and an empty unprotected header; its protected
    header, payload and signature are exactly as they arrived. ``hash`` is SHA-256 of ``encoded``.
    """

    message: Sign1
    encoded: bytes
    hash: StatementHash
    duplicate_key: DuplicateKey
    claims: Claims
    content_type: str | int | None
    kid: bytes | None
    x5t: tuple[int, bytes] | None
    x5chain: tuple[bytes, ...]
    carried_x5chain: tuple[bytes, ...]
    hash_envelope: HashEnvelope | None

    @property
    def stored_bytes(self) -> int:
        """How many bytes the log keeps of it: the statement, and the certificates that came beside it."""
        beside = sum(map(len, self.carried_x5chain)) if self.carried_x5chain else 0
        return len(self.encoded) + beside


def parse_signed_statement(data: bytes, *, max_bytes: int = DEFAULT_MAX_STATEMENT_BYTES) -> SignedStatement:
    """Read a statement from the bytes of a tagged COSE_Sign1.

    Claims that RFC 9943 requires for registration may be absent here; registration asks for them.

    Raises:
        MalformedError: One of its leaves, by what is wrong with the bytes.
        ReceiptAsStatementError: The message carries header 395 or 396.

    Spec: RFC 9052, section 4.2; RFC 9943, section 6; RFC 9995.
    """
    message, encoded = parse_kept_sign1(data, max_bytes=max_bytes)
    _require_no_receipt(message)
    digest = StatementHash(sha256(encoded).digest())
    protected = message.protected
    return SignedStatement(
        message=message,
        encoded=encoded,
        hash=digest,
        duplicate_key=_duplicate_key(message, encoded, digest),
        claims=parse_claims(protected.get(labels.CWT_CLAIMS)),
        content_type=_content_type(protected),
        kid=_kid(protected),
        x5t=_x5t(protected),
        x5chain=_x5chain(protected),
        carried_x5chain=_x5chain(message.unprotected),
        hash_envelope=parse_hash_envelope(message),
    )


def is_critical(statement: SignedStatement, *names: int | str) -> bool:
    """Whether one of these header parameters is marked as critical (RFC 9052, section 3.1)."""
    critical = statement.message.protected.get(labels.CRIT)
    return isinstance(critical, tuple) and any(name in critical for name in names)


def verify_statement(statement: SignedStatement, key: PublicKey, *, payload: bytes | None = None) -> None:
    """Check the issuer's signature with ``key``; ``payload`` supplies a detached one.

    Raises:
        SignatureInvalidError: The signature does not verify.
        AlgorithmUnsupportedError, AlgorithmKeyMismatchError: The algorithm is unknown or does not fit the key.
        AlgorithmMissingError, CriticalHeaderError, PayloadMissingError: The message cannot be verified as it stands.

    Spec: RFC 9052, section 4.4.
    """
    verify_sign1(statement.message, key, payload=payload, understood=UNDERSTOOD)


def _require_no_receipt(message: Sign1) -> None:
    for label in (labels.VDS, labels.VDP):
        if label in message.protected or label in message.unprotected:
            raise ReceiptAsStatementError(f"header {label} makes this a receipt, and a receipt is not a statement")


def _duplicate_key(message: Sign1, encoded: bytes, digest: StatementHash) -> DuplicateKey:
    try:
        signature = normalise_signature(require_algorithm(message), message.signature)
    except (AlgorithmMissingError, UnverifiedError):
        return DuplicateKey(digest)  # It will not be registered; its hash is as good a key as any.
    if signature == message.signature:
        return DuplicateKey(digest)
    # The signature is what a message ends with, and the other one of the pair is as long.
    return DuplicateKey(sha256(encoded[: -len(signature)] + signature).digest())


def _content_type(protected: Mapping[int | str, CborValue]) -> str | int | None:
    value = protected.get(labels.CONTENT_TYPE)
    if value is not None and not isinstance(value, (str, int)):
        raise MalformedHeaderError("content type (3) is neither a text string nor an unsigned integer")
    if isinstance(value, int) and not 0 <= value <= MAX_CONTENT_FORMAT:
        raise MalformedHeaderError("content type (3) is not a CoAP content format")
    return value


def _kid(protected: Mapping[int | str, CborValue]) -> bytes | None:
    value = protected.get(labels.KID)
    if value is None:
        return None
    if not isinstance(value, bytes) or not 1 <= len(value) <= MAX_KID_BYTES:
        raise MalformedHeaderError(f"kid (4) is not a byte string of 1 to {MAX_KID_BYTES} bytes")
    return value


def _x5t(protected: Mapping[int | str, CborValue]) -> tuple[int, bytes] | None:
    match protected.get(labels.X5T):
        case None:
            return None
        case [int(hash_algorithm), bytes(digest)]:
            return hash_algorithm, digest
        case _:
            raise MalformedHeaderError("x5t (34) is not an array of a hash algorithm and a digest")


def _x5chain(header: Mapping[int | str, CborValue]) -> tuple[bytes, ...]:
    match header.get(labels.X5CHAIN):
        case None:
            return ()
        case bytes(certificate):
            return (certificate,)
        case [_, _, *_] as certificates:
            chain = tuple(item for item in certificates if isinstance(item, bytes))
            if len(chain) == len(certificates):
                return chain
    raise MalformedHeaderError("x5chain (33) is neither a certificate nor an array of two or more")
