"""What a client and a log say to each other, and what is verified before anything is believed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Answer, Ask, Conversation, ask, pause
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import Patience
from counterfoil.client.problem import (
    ReceiptWithheldError,
    ServiceAnswerError,
    ServiceProblemError,
    error_of,
    parse_item,
)
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.summary import MAX_SUMMARY_BYTES, LogSummary, parse_summary
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CounterfoilError, MalformedEntryIdError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.receipt.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES
from counterfoil.statement.signed_statement import MAX_STATEMENT_BYTES_LIMIT, parse_signed_statement
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
SEQUENCE: Final = "application/cbor-seq"
MAX_BULK: Final = 256
MAX_BULK_BYTES: Final = 8 * 1024 * 1024
"""Half of what a service of this release reads at once."""

_CBOR: Final = "application/cbor"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
_UNSUPPORTED: Final = 415
_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Registered:
    """A statement is registered: its receipt, and what that shows, verified before this was returned.

    ``already``: the receipt was kept from before, and nothing was asked.
    """

    receipt: bytes
    verified: VerifiedStatement
    location: str | None
    already: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """The receipt of an entry, and what it shows, verified before this was returned."""

    receipt: bytes
    verified: VerifiedEntry


Outcome = Registered | CounterfoilError
"""What became of one statement of many."""


class Conversations:
    """All that can be said to one log. ``clock`` gives seconds that never go back: how long a receipt is waited for."""

    def __init__(
        self,
        *,
        log_keys: LogKeys | None,
        expected_issuer: str | None,
        pins: KeyPins | None,
        receipts: ReceiptStore | None,
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = expected_issuer
        self._pins = pins
        self._receipts = receipts
        self._patience = patience
        self._clock = clock
        self._keys = log_keys if log_keys is not None or pins is None else pins.keys()
        self.keys_are_pinned = self._keys is not None

    def submit(self, statement: bytes) -> Conversation[Registered]:
        """Register a statement and get its receipt."""
        keys = yield from self.keys()
        kept = self._kept(statement, keys)
        if kept is not None:
            return kept
        answer = yield from ask(Ask("POST", "entries", COSE, MAX_RECEIPT_BYTES, {}, COSE, statement, _ACCEPTED))
        return (yield from self._registered(statement, answer, keys))

    def submit_many(self, statements: Sequence[bytes]) -> Conversation[list[Outcome]]:
        """Register statements in as few requests as their bounds allow; in order, what became of each."""
        keys = yield from self.keys()
        found: dict[int, Outcome] = {}
        for place, statement in enumerate(statements):
            known = self._kept(statement, keys) or _flaw(statement)
            if known is not None:
                found[place] = known
        open_places = [place for place in range(len(statements)) if place not in found]
        for part in _parts(statements, open_places):
            found.update((yield from self._part(statements, part, keys)))
        return [found[place] for place in range(len(statements))]

    def receipt(self, entry_id: bytes, *, fresh: bool) -> Conversation[Fetched]:
        """The receipt of an entry."""
        query = {"fresh": "true"} if fresh else {}
        keys = yield from self.keys()
        answer = yield from self._released(f"entries/{_hex(entry_id)}", entry_id, query)
        verified = verify_receipt_for_entry(entry_id, answer.body, keys, expected_issuer=self._issuer)
        return Fetched(answer.body, verified)

    def transparent_statement(self, entry_id: bytes) -> Conversation[bytes]:
        """The statement of an entry with its receipt."""
        answer = yield from ask(Ask("GET", f"entries/{_hex(entry_id)}/statement", COSE, MAX_TRANSPARENT_BYTES))
        keys = yield from self.keys()
        verified = verify_transparent_statement(answer.body, keys, expected_issuer=self._issuer)
        if verified.entry_id != entry_id:
            raise ServiceAnswerError(f"the service answered with entry {verified.entry_id.hex()} instead")
        return answer.body

    def log(self) -> Conversation[LogSummary]:
        """What the log says about itself."""
        answer = yield from ask(Ask("GET", "log", _JSON, MAX_SUMMARY_BYTES))
        return parse_summary(answer.body)

    def keys(self) -> Conversation[LogKeys]:
        """The keys that receipts are verified with: those pinned, or the log's own, fetched once."""
        if self._keys is None:
            key_set = yield from self.key_set()
            self._keys = parse_log_keys(key_set) if self._pins is None else self._pins.take(key_set)
        return self._keys

    def key_set(self) -> Conversation[bytes]:
        """The key set as the log publishes it now."""
        answer = yield from ask(Ask("GET", ".well-known/scitt-keys", _CBOR, MAX_KEY_SET_BYTES))
        return answer.body

    def checkpoint_text(self) -> Conversation[bytes]:
        """The latest checkpoint, as it came."""
        answer = yield from ask(Ask("GET", "checkpoint", _TEXT, MAX_CHECKPOINT_BYTES))
        return answer.body

    def checkpoint(self, origin: str, key: PublicKey) -> Conversation[VerifiedCheckpoint]:
        """The latest checkpoint, verified."""
        text = yield from self.checkpoint_text()
        return verify_checkpoint(text, origin, key)

    def consistency(
        self, old_size: int, old_root: bytes, new_size: int | None
    ) -> Conversation[tuple[bytes, VerifiedConsistency]]:
        """The consistency receipt from a tree known from before to a later one."""
        query = {"from": old_size} | ({} if new_size is None else {"to": new_size})
        answer = yield from ask(Ask("GET", "consistency", COSE, MAX_RECEIPT_BYTES, query))
        keys = yield from self.keys()
        verified = verify_consistency(answer.body, old_root, keys, old_size=old_size, expected_issuer=self._issuer)
        if new_size not in {None, verified.new_size}:
            raise ServiceAnswerError(f"the service answered for size {verified.new_size} instead of {new_size}")
        return answer.body, verified

    def _part(
        self, statements: Sequence[bytes], places: Sequence[int], keys: LogKeys
    ) -> Conversation[dict[int, Outcome]]:
        body = b"".join(statements[place] for place in places)
        request = Ask("POST", "entries", SEQUENCE, MAX_BULK * MAX_RECEIPT_BYTES, {}, SEQUENCE, body)
        try:
            answer = yield from ask(request)
            items = _items(answer.body, len(places))
        except ServiceProblemError as error:
            if error.problem.status != _UNSUPPORTED:
                return dict.fromkeys(places, error)
            return (yield from self._one_by_one(statements, places))
        except CounterfoilError as error:
            return dict.fromkeys(places, error)
        found: dict[int, Outcome] = {}
        again: list[int] = []
        for place, item in zip(places, items, strict=True):
            outcome = self._item(statements[place], item, keys)
            if isinstance(outcome, Registered) or self._patience.verdict(outcome) is False:
                found[place] = outcome
            else:
                again.append(place)
        # Those that could not be taken just now, or whose receipt comes later, are posted by themselves, with patience.
        found.update((yield from self._one_by_one(statements, again)))
        return found

    def _one_by_one(self, statements: Sequence[bytes], places: Sequence[int]) -> Conversation[dict[int, Outcome]]:
        found: dict[int, Outcome] = {}
        for place in places:
            try:
                found[place] = yield from self.submit(statements[place])
            except CounterfoilError as error:
                found[place] = error
        return found

    def _item(self, statement: bytes, item: bytes, keys: LogKeys) -> Outcome:
        try:
            if item[:1] == _TAG_18:
                return self._verified(statement, item, None, keys)
            problem = parse_item(item)
        except CounterfoilError as error:
            return error
        return error_of(problem)

    def _registered(self, statement: bytes, answer: Answer, keys: LogKeys) -> Conversation[Registered]:
        location = answer.location
        if answer.status == _ACCEPTED:
            entry_id = parse_signed_statement(statement, max_bytes=MAX_STATEMENT_BYTES_LIMIT).hash
            yield from pause(self._wait(answer))
            answer = yield from self._released(f"entries/{entry_id.hex()}", entry_id, {})
        return self._verified(statement, answer.body, location, keys)

    def _released(self, path: str, entry_id: bytes, query: Mapping[str, str]) -> Conversation[Answer]:
        """An answer with a receipt in it, waited for while the receipt is withheld."""
        until = self._clock() + self._patience.seconds
        while True:
            answer = yield from ask(Ask("GET", path, COSE, MAX_RECEIPT_BYTES, query, later=_NO_CONTENT))
            if answer.status != _NO_CONTENT:
                return answer
            wait = self._wait(answer)
            if self._clock() + wait > until:
                raise ReceiptWithheldError(f"entry {entry_id.hex()} is registered, its receipt comes later", entry_id)
            yield from pause(wait)

    def _wait(self, answer: Answer) -> float:
        asked = _POLL_SECONDS if answer.retry_after is None else answer.retry_after
        return min(asked, self._patience.longest_wait)

    def _verified(self, statement: bytes, receipt: bytes, location: str | None, keys: LogKeys) -> Registered:
        verified = verify_receipt(statement, receipt, keys, expected_issuer=self._issuer)
        if self._receipts is not None:
            self._receipts.put(verified.entry_id, receipt)
        return Registered(receipt, verified, location)

    def _kept(self, statement: bytes, keys: LogKeys) -> Registered | None:
        """What was kept for a statement, if it still verifies; what does not is asked for again."""
        if self._receipts is None:
            return None
        try:
            entry_id = parse_signed_statement(statement, max_bytes=MAX_STATEMENT_BYTES_LIMIT).hash
            receipt = self._receipts.get(entry_id)
            if receipt is None:
                return None
            verified = verify_receipt(statement, receipt, keys, expected_issuer=self._issuer)
        except CounterfoilError:
            return None
        return Registered(receipt, verified, f"/entries/{entry_id.hex()}", already=True)


_TAG_18: Final = b"\xd2"


def _flaw(statement: bytes) -> CounterfoilError | None:
    """What keeps bytes from standing in a sequence: they would spoil all that stands there with them."""
    try:
        split_sequence(statement, 1)
    except CounterfoilError as error:
        return error
    return None


def _parts(statements: Sequence[bytes], places: Sequence[int]) -> list[list[int]]:
    parts: list[list[int]] = []
    size = 0
    for place in places:
        length = len(statements[place])
        if not parts or len(parts[-1]) == MAX_BULK or size + length > MAX_BULK_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(place)
        size += length
    return parts


def _items(body: bytes, count: int) -> tuple[bytes, ...]:
    try:
        items = split_sequence(body, MAX_BULK)
    except CounterfoilError as error:
        raise ServiceAnswerError("the answer is no sequence") from error
    if len(items) != count:
        raise ServiceAnswerError(f"{count} statements were sent, and {len(items)} answers came")
    return items


def _hex(entry_id: bytes) -> str:
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    return entry_id.hex()
