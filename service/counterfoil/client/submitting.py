"""How a statement is registered, and what is kept of it."""

from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Ask, Conversation, ask, work
from counterfoil.client.conversations import Conversations
from counterfoil.client.problem import KeptReceiptError, ReceiptWithheldError
from counterfoil.client.reading import COSE, later
from counterfoil.errors import CounterfoilError, IssuerMismatchError, LogKeyUnknownError
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.statement.signed_statement import MAX_STATEMENT_BYTES_LIMIT, parse_signed_statement
from counterfoil.verify import LogKeys, VerifiedStatement, verify_receipt

_ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True)
class Registered:
    """A statement is registered: its receipt, and what that shows, verified before this was returned.

    ``location`` is the path of its receipt as the service names it; None where the service names something else.
    ``already``: the receipt was kept from before, and nothing was asked.
    """

    receipt: bytes
    verified: VerifiedStatement
    location: str | None
    already: bool = False


class Submitting(Conversations):
    """Everything of ``Conversations``, and registering a statement."""

    def submit(self, statement: bytes) -> Conversation[Registered]:
        """Register a statement and get its receipt."""
        return (yield from self.following(lambda: self._submit(statement)))

    def _submit(self, statement: bytes) -> Conversation[Registered]:
        keys = yield from self.keys()
        kept = yield from work(lambda: self._kept(statement, keys))
        if kept is not None:
            return kept
        until = self._patience.until()
        try:
            return (yield from self._posted(statement, keys, until))
        except ReceiptWithheldError as withheld:
            yield from self._wait(withheld.retry_after, withheld.entry_id, until)
            return (yield from self._fetched(statement, withheld.entry_id, keys, until))

    def _posted(self, statement: bytes, keys: LogKeys, until: float) -> Conversation[Registered]:
        answer = yield from ask(Ask("POST", "entries", COSE, MAX_RECEIPT_BYTES, until, {}, COSE, statement, _ACCEPTED))
        if answer.status == _ACCEPTED:
            entry_id = entry_id_of(statement)
            raise ReceiptWithheldError(later(entry_id), entry_id, answer.retry_after)
        return (yield from work(lambda: self._verified(statement, answer.body, answer.location, keys)))

    def _fetched(self, statement: bytes, entry_id: bytes, keys: LogKeys, until: float) -> Conversation[Registered]:
        """The receipt that was withheld. No Location is followed: the path is the statement's own."""
        answer = yield from self.released(entry_id, {}, until)
        return (yield from work(lambda: self._verified(statement, answer.body, answer.location, keys)))

    def _verified(self, statement: bytes, receipt: bytes, location: str | None, keys: LogKeys) -> Registered:
        verified = verify_receipt(statement, receipt, keys, expected_issuer=self._issuer)
        if self._receipts is not None:
            self._receipts.put(verified.entry_id, receipt)
        return Registered(receipt, verified, location if location == _location(verified.entry_id) else None)

    def _kept(self, statement: bytes, keys: LogKeys) -> Registered | None:
        """What was kept for a statement, if it verifies; what is spoilt is asked for again.

        Raises:
            KeptReceiptError: It is not by a trusted key; asking again would put this log's in its place.
        """
        if self._receipts is None:
            return None
        try:
            entry_id = entry_id_of(statement)
            receipt = self._receipts.get(entry_id)
            if receipt is None:
                return None
            verified = verify_receipt(statement, receipt, keys, expected_issuer=self._issuer)
        except (LogKeyUnknownError, IssuerMismatchError) as error:
            raise KeptReceiptError(
                f"the receipt kept for entry {entry_id_of(statement).hex()} is another log's, or by a key that is not"
                f" trusted here; move it away to have one of this log's: {error.detail}",
            ) from error
        except CounterfoilError:
            return None
        return Registered(receipt, verified, _location(entry_id), already=True)


def entry_id_of(statement: bytes) -> bytes:
    """The entry id that a statement has on any log.

    Raises:
        MalformedError: It is no statement.
    """
    return parse_signed_statement(statement, max_bytes=MAX_STATEMENT_BYTES_LIMIT).hash


def _location(entry_id: bytes) -> str:
    return f"/entries/{entry_id.hex()}"
