"""What a client asks a log for, and what is verified before anything is believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Answer, Ask, Conversation, ask, pause, work
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import Patience
from counterfoil.client.problem import ReceiptWithheldError, ServiceAnswerError
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.summary import MAX_SUMMARY_BYTES, LogSummary, parse_indexed, parse_summary
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import MalformedEntryIdError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.merkle.tiles import TilePath, format_tile_path
from counterfoil.receipt.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES
from counterfoil.verify import (
    LogKeys,
    VerifiedCheckpoint,
    VerifiedConsistency,
    VerifiedEntry,
    parse_log_keys,
    verify_checkpoint,
    verify_consistency,
    verify_receipt_for_entry,
    verify_transparent_statement,
)
from counterfoil.verify.log_keys import MAX_KEY_SET_BYTES

COSE: Final = "application/cose"
_CBOR: Final = "application/cbor"
_CBOR_SEQUENCE: Final = "application/cbor-seq"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_OCTETS: Final = "application/octet-stream"
_NO_CONTENT: Final = 204
_POLL_SECONDS: Final = 1.0
_MAX_DECISION_BYTES: Final = 512
_MAX_INDEX_BYTES: Final = 4096
_MAX_SEQUENCE_BYTES: Final = 64 * 1024 * 1024
"""The service ends a page after 4 MiB of statements and evidence, of which one may be of 16, and adds a little."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The receipt of an entry, and what it shows, verified before this was returned."""

    receipt: bytes
    verified: VerifiedEntry


class Conversations:
    """All that can be asked of one log."""

    def __init__(
        self,
        *,
        log_keys: LogKeys | None,
        expected_issuer: str | None,
        pins: KeyPins | None,
        receipts: ReceiptStore | None,
        patience: Patience,
    ) -> None:
        self._issuer = expected_issuer
        self._pins = pins
        self._receipts = receipts
        self._patience = patience
        self._keys = log_keys
        self.keys_are_pinned = log_keys is not None or (pins is not None and pins.keys() is not None)

    def receipt(self, entry_id: bytes, *, fresh: bool) -> Conversation[Fetched]:
        """The receipt of an entry."""
        query = {"fresh": "true"} if fresh else {}
        _entry(entry_id)
        keys = yield from self.keys()
        answer = yield from self.released(entry_id, query, self._patience.until())
        verified = verify_receipt_for_entry(entry_id, answer.body, keys, expected_issuer=self._issuer)
        if self._receipts is not None and not fresh:
            yield from work(lambda: self._keep_first(entry_id, answer.body))
        return Fetched(answer.body, verified)

    def transparent_statement(self, entry_id: bytes) -> Conversation[bytes]:
        """The statement of an entry with its receipt."""
        body = yield from self._get(f"{_entry(entry_id)}/statement", COSE, MAX_TRANSPARENT_BYTES)
        keys = yield from self.keys()
        verified = verify_transparent_statement(body, keys, expected_issuer=self._issuer)
        if verified.entry_id != entry_id:
            raise ServiceAnswerError(f"the service answered with entry {verified.entry_id.hex()} instead")
        return body

    def decision(self, entry_id: bytes) -> Conversation[bytes]:
        """The decision record of an entry; nothing in it is verified."""
        return (yield from self._get(f"{_entry(entry_id)}/decision", _CBOR, _MAX_DECISION_BYTES))

    def entry_id(self, number: int) -> Conversation[bytes]:
        """The entry id of that number, as the log's index has it; nothing in it is verified."""
        body = yield from self._get("entries", _JSON, _MAX_INDEX_BYTES, {"from": number, "limit": 1})
        return parse_indexed(body, number)

    def entry_sequence(self, start: int, limit: int) -> Conversation[bytes]:
        """Entries with everything that their decisions were made by, as they came; nothing in it is verified."""
        return (yield from self._get("entries", _CBOR_SEQUENCE, _MAX_SEQUENCE_BYTES, {"from": start, "limit": limit}))

    def tile(self, path: TilePath) -> Conversation[bytes]:
        """The hashes of a tile, as they came; nothing in it is verified."""
        size = path.width * HASH_SIZE
        hashes = yield from self._get(f"tile/{format_tile_path(path)}", _OCTETS, size)
        if len(hashes) != size:
            raise ServiceAnswerError(f"the service answered {len(hashes)} bytes where a tile has {size}")
        return hashes

    def log(self) -> Conversation[LogSummary]:
        """What the log says about itself."""
        body = yield from self._get("log", _JSON, MAX_SUMMARY_BYTES)
        return parse_summary(body)

    def keys(self) -> Conversation[LogKeys]:
        """The keys that receipts are verified with: those pinned, or the log's own, fetched once."""
        if self._keys is None:
            key_set, pins = (yield from self.key_set()), self._pins
            self._keys = parse_log_keys(key_set) if pins is None else (yield from work(lambda: pins.take(key_set)))
        return self._keys

    def key_set(self) -> Conversation[bytes]:
        """The key set as the log publishes it now."""
        return (yield from self._get(".well-known/scitt-keys", _CBOR, MAX_KEY_SET_BYTES))

    def checkpoint_text(self) -> Conversation[bytes]:
        """The latest checkpoint, as it came."""
        return (yield from self._get("checkpoint", _TEXT, MAX_CHECKPOINT_BYTES))

    def checkpoint(self, origin: str, key: PublicKey) -> Conversation[VerifiedCheckpoint]:
        """The latest checkpoint, verified."""
        text = yield from self.checkpoint_text()
        return verify_checkpoint(text, origin, key)

    def consistency(
        self, old_size: int, old_root: bytes, new_size: int | None
    ) -> Conversation[tuple[bytes, VerifiedConsistency]]:
        """The consistency receipt from a tree known from before to a later one."""
        query = {"from": old_size} | ({} if new_size is None else {"to": new_size})
        body = yield from self._get("consistency", COSE, MAX_RECEIPT_BYTES, query)
        keys = yield from self.keys()
        verified = verify_consistency(body, old_root, keys, old_size=old_size, expected_issuer=self._issuer)
        if new_size not in {None, verified.new_size}:
            raise ServiceAnswerError(f"the service answered for size {verified.new_size} instead of {new_size}")
        return body, verified

    def _get(
        self, path: str, accept: str, max_bytes: int, query: Mapping[str, str | int] | None = None
    ) -> Conversation[bytes]:
        answer = yield from ask(Ask("GET", path, accept, max_bytes, self._patience.until(), query or {}))
        return answer.body

    def released(self, entry_id: bytes, query: Mapping[str, str], until: float) -> Conversation[Answer]:
        """An answer with a receipt in it, waited for while the receipt is withheld."""
        while True:
            answer = yield from ask(
                Ask("GET", _entry(entry_id), COSE, MAX_RECEIPT_BYTES, until, query, later=_NO_CONTENT)
            )
            if answer.status != _NO_CONTENT:
                return answer
            yield from self._wait(answer.retry_after, entry_id, until)

    def _wait(self, asked: float | None, entry_id: bytes, until: float) -> Conversation[None]:
        """Let the time pass after which the service wants to be asked for a receipt again."""
        seconds = min(_POLL_SECONDS if asked is None else asked, self._patience.longest_wait)
        if self._patience.clock() + seconds > until:
            raise ReceiptWithheldError(later(entry_id), entry_id, asked)
        yield from pause(seconds)

    def _keep_first(self, entry_id: bytes, receipt: bytes) -> None:
        if self._receipts is not None and self._receipts.get(entry_id) is None:
            self._receipts.put(entry_id, receipt)


def later(entry_id: bytes) -> str:
    """What is said of an entry whose receipt is withheld."""
    return f"entry {entry_id.hex()} is registered, its receipt comes later"


def _entry(entry_id: bytes) -> str:
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    return f"entries/{entry_id.hex()}"
