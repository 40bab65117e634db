"""What a client asks a log for, and what is verified before anything is believed."""

from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Conversation, work
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import Patience
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.reading import CBOR, COSE, JSON, TEXT, path_of
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.summary import parse_indexed
from counterfoil.client.trusting import Trusting
from counterfoil.cose.keys import PublicKey
from counterfoil.receipt.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES
from counterfoil.verify import (
    LogKeys,
    VerifiedCheckpoint,
    VerifiedConsistency,
    VerifiedEntry,
    VerifiedHistory,
    verify_checkpoint,
    verify_consistency,
    verify_receipt_for_entry,
    verify_transparent_statement,
)

_MAX_DECISION_BYTES: Final = 512
_MAX_INDEX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Fetched:
    """The receipt of an entry, and what it shows, verified before this was returned."""

    receipt: bytes
    verified: VerifiedEntry


class Conversations(Trusting):
    """All that can be asked of one log."""

    def __init__(
        self,
        *,
        log_keys: LogKeys | None,
        history: VerifiedHistory | None,
        expected_issuer: str | None,
        pins: KeyPins | None,
        receipts: ReceiptStore | None,
        patience: Patience,
    ) -> None:
        super().__init__(log_keys=log_keys, history=history, pins=pins, patience=patience)
        self._issuer = expected_issuer
        self._receipts = receipts

    def receipt(self, entry_id: bytes, *, fresh: bool) -> Conversation[Fetched]:
        """The receipt of an entry."""
        return (yield from self.following(lambda: self._receipt(entry_id, fresh=fresh)))

    def _receipt(self, entry_id: bytes, *, fresh: bool) -> Conversation[Fetched]:
        query = {"fresh": "true"} if fresh else {}
        path_of(entry_id)
        keys = yield from self.keys()
        answer = yield from self.released(entry_id, query, self._patience.until())
        verified = verify_receipt_for_entry(entry_id, answer.body, keys, expected_issuer=self._issuer)
        if self._receipts is not None and not fresh:
            yield from work(lambda: self._keep_first(entry_id, answer.body))
        return Fetched(answer.body, verified)

    def transparent_statement(self, entry_id: bytes) -> Conversation[bytes]:
        """The statement of an entry with its receipt."""
        return (yield from self.following(lambda: self._transparent_statement(entry_id)))

    def _transparent_statement(self, entry_id: bytes) -> Conversation[bytes]:
        body = yield from self._get(f"{path_of(entry_id)}/statement", COSE, MAX_TRANSPARENT_BYTES)
        keys = yield from self.keys()
        verified = verify_transparent_statement(body, keys, expected_issuer=self._issuer)
        if verified.entry_id != entry_id:
            raise ServiceAnswerError(f"the service answered with entry {verified.entry_id.hex()} instead")
        return body

    def decision(self, entry_id: bytes) -> Conversation[bytes]:
        """The decision record of an entry; nothing in it is verified."""
        return (yield from self._get(f"{path_of(entry_id)}/decision", CBOR, _MAX_DECISION_BYTES))

    def entry_id(self, number: int) -> Conversation[bytes]:
        """The entry id of that number, as the log's index has it; nothing in it is verified."""
        body = yield from self._get("entries", JSON, _MAX_INDEX_BYTES, {"from": number, "limit": 1})
        return parse_indexed(body, number)

    def checkpoint_text(self) -> Conversation[bytes]:
        """The latest checkpoint, as it came."""
        return (yield from self._get("checkpoint", TEXT, MAX_CHECKPOINT_BYTES))

    def checkpoint(self, origin: str, key: PublicKey) -> Conversation[VerifiedCheckpoint]:
        """The latest checkpoint, verified."""
        text = yield from self.checkpoint_text()
        return verify_checkpoint(text, origin, key)

    def consistency(
        self, old_size: int, old_root: bytes, new_size: int | None
    ) -> Conversation[tuple[bytes, VerifiedConsistency]]:
        """The consistency receipt from a tree known from before to a later one."""
        return (yield from self.following(lambda: self._consistency(old_size, old_root, new_size)))

    def _consistency(
        self, old_size: int, old_root: bytes, new_size: int | None
    ) -> Conversation[tuple[bytes, VerifiedConsistency]]:
        query = {"from": old_size} | ({} if new_size is None else {"to": new_size})
        body = yield from self._get("consistency", COSE, MAX_RECEIPT_BYTES, query)
        keys = yield from self.keys()
        verified = verify_consistency(body, old_root, keys, old_size=old_size, expected_issuer=self._issuer)
        if new_size not in {None, verified.new_size}:
            raise ServiceAnswerError(f"the service answered for size {verified.new_size} instead of {new_size}")
        return body, verified

    def _keep_first(self, entry_id: bytes, receipt: bytes) -> None:
        if self._receipts is not None and self._receipts.get(entry_id) is None:
            self._receipts.put(entry_id, receipt)
