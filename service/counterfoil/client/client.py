"""The client of a log: submits statements and fetches receipts, and verifies before it returns."""

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.summary import MAX_SUMMARY_BYTES, LogSummary, parse_summary
from counterfoil.client.transport import DEFAULT_TIMEOUT_SECONDS, Transport
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import MalformedEntryIdError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.receipt.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES
from counterfoil.verify import (
    LogKeys,
    VerifiedCheckpoint,
    VerifiedConsistency,
    VerifiedEntry,
    VerifiedStatement,
    parse_log_keys,
    verify_checkpoint,
    verify_consistency,
    verify_receipt,
    verify_receipt_for_entry,
    verify_transparent_statement,
)
from counterfoil.verify.log_keys import MAX_KEY_SET_BYTES

COSE: Final = "application/cose"
_CBOR: Final = "application/cbor"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Registered:
    """A statement is registered: its receipt, and what that shows, verified before this was returned."""

    receipt: bytes
    verified: VerifiedStatement
    location: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The receipt of an entry, and what it shows, verified before this was returned."""

    receipt: bytes
    verified: VerifiedEntry


class Client:
    """One log over HTTP.

    ``log_keys`` pins what receipts must verify with. Without it the log's own key set is fetched once, and what is
    verified with those keys shows only that the service agrees with itself: ``keys_are_pinned`` says which.

    Every method may raise ServiceUnreachableError, ServiceAnswerError, or a ServiceProblemError of its family; every
    method that returns something signed raises UnverifiedError or MalformedError when it does not hold.
    """

    def __init__(
        self,
        base_url: str,
        *,
        log_keys: LogKeys | None = None,
        expected_issuer: str | None = None,
        admin_token: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self._transport = Transport(base_url, timeout=timeout, admin_token=admin_token)
        self._expected_issuer = expected_issuer
        self._log_keys = log_keys
        self.keys_are_pinned = log_keys is not None

    def submit(self, statement: bytes) -> Registered:
        """Register a signed statement; its receipt, once it verifies for these very bytes.

        Posting the same bytes again is harmless and returns the same receipt.
        """
        keys = self.keys()
        answer = self._transport.post("entries", COSE, statement, COSE, MAX_RECEIPT_BYTES)
        verified = verify_receipt(statement, answer.body, keys, expected_issuer=self._expected_issuer)
        return Registered(answer.body, verified, answer.location)

    def receipt(self, entry_id: bytes, *, fresh: bool = False) -> Fetched:
        """The receipt of an entry: the one that registration returned, or one at the log's current size."""
        query = {"fresh": "true"} if fresh else {}
        answer = self._transport.get(f"entries/{_hex(entry_id)}", COSE, MAX_RECEIPT_BYTES, query)
        verified = verify_receipt_for_entry(
            entry_id,
            answer.body,
            self.keys(),
            expected_issuer=self._expected_issuer,
        )
        return Fetched(answer.body, verified)

    def transparent_statement(self, entry_id: bytes) -> bytes:
        """The statement of an entry with its receipt, where this client may read it."""
        data = self._transport.get(f"entries/{_hex(entry_id)}/statement", COSE, MAX_TRANSPARENT_BYTES).body
        verified = verify_transparent_statement(data, self.keys(), expected_issuer=self._expected_issuer)
        if verified.entry_id != entry_id:
            raise ServiceAnswerError(f"the service answered with entry {verified.entry_id.hex()} instead")
        return data

    def log(self) -> LogSummary:
        """What the log says about itself; nothing in it is verified."""
        return parse_summary(self._transport.get("log", _JSON, MAX_SUMMARY_BYTES).body)

    def keys(self) -> LogKeys:
        """The keys that receipts are verified with: those pinned, or the log's own, fetched once."""
        if self._log_keys is None:
            self._log_keys = parse_log_keys(self.key_set())
        return self._log_keys

    def key_set(self) -> bytes:
        """The COSE Key Set that the log publishes now, as it came."""
        return self._transport.get(".well-known/scitt-keys", _CBOR, MAX_KEY_SET_BYTES).body

    def checkpoint_text(self) -> bytes:
        """The log's latest checkpoint as it came; nothing in it is verified."""
        return self._transport.get("checkpoint", _TEXT, MAX_CHECKPOINT_BYTES).body

    def checkpoint(self, origin: str, key: PublicKey) -> VerifiedCheckpoint:
        """The log's latest checkpoint, once the log's checkpoint key has signed it under its name."""
        return verify_checkpoint(self.checkpoint_text(), origin, key)

    def consistency(
        self,
        old_size: int,
        old_root: bytes,
        new_size: int | None = None,
    ) -> tuple[bytes, VerifiedConsistency]:
        """The consistency receipt from a tree known from before to a later one, the current one unless named."""
        query = {"from": old_size} | ({} if new_size is None else {"to": new_size})
        receipt = self._transport.get("consistency", COSE, MAX_RECEIPT_BYTES, query).body
        verified = verify_consistency(
            receipt,
            old_root,
            self.keys(),
            old_size=old_size,
            expected_issuer=self._expected_issuer,
        )
        if new_size not in {None, verified.new_size}:
            raise ServiceAnswerError(f"the service answered for size {verified.new_size} instead of {new_size}")
        return receipt, verified

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _hex(entry_id: bytes) -> str:
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    return entry_id.hex()
