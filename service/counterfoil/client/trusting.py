"""Which keys a client believes: those it was given, those it pinned, and those that the log has announced since."""

from collections.abc import Callable
from typing import TypeVar

from counterfoil.client.asking import Conversation, work
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import Patience
from counterfoil.client.problem import KeptReceiptError, ServiceAnswerError
from counterfoil.client.reading import GivenChain, Reading
from counterfoil.errors import AbsentError, LogKeyUnknownError, MalformedError, UnverifiedError
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.statement.genesis import Genesis
from counterfoil.statement.identity import parse_origin
from counterfoil.verify import LogKeys, VerifiedHistory, parse_log_keys, verify_history
from counterfoil.verify.log_history import require_whole_history

Done = TypeVar("Done")


class Trusting(Reading):
    """The keys that receipts are verified with.

    ``history`` is what the log said of its keys as far as it is known, its genesis statement at least. Where it is, the
    log's own announcements are followed from it; without it nobody but who gave the keys can say that they are others.
    """

    def __init__(
        self,
        *,
        log_keys: LogKeys | None,
        history: VerifiedHistory | None,
        pins: KeyPins | None,
        patience: Patience,
    ) -> None:
        super().__init__(patience)
        self._pins = pins
        self._history = history if history is not None or pins is None else pins.history()
        self._keys = log_keys
        if log_keys is None and self._history is not None:
            self._keys = self._history.log_keys
        self.keys_are_pinned = self._keys is not None or (pins is not None and pins.keys() is not None)

    def keys(self) -> Conversation[LogKeys]:
        """The keys that receipts are verified with: those pinned, or the log's own, fetched once."""
        if self._keys is None:
            key_set, pins = (yield from self.key_set()), self._pins
            self._keys = parse_log_keys(key_set) if pins is None else (yield from work(lambda: pins.take(key_set)))
        return self._keys

    def key_history(self) -> Conversation[tuple[bytes, VerifiedHistory]]:
        """The log's key history as a file and what it shows, believed from now on where its genesis was pinned.

        The log has signed that it is all of it, as of its tree: who answers in its place leaves out no compromise.
        """
        known = self._history
        identity = parse_origin((yield from self.log()).origin) if known is None else known.genesis.identity
        given = yield from self.given_chain(identity.policy_subject)
        data = b"".join(attach_receipts(link.statement, [link.receipt]) for link in given.links)
        later = yield from work(lambda: _verified(data, given, None if known is None else known.genesis))
        if known is not None:
            known.require_continued_by(later)
            yield from work(lambda: self._believe(data, later))
        return data, later

    def following(self, begin: Callable[[], Conversation[Done]]) -> Conversation[Done]:
        """Hold a conversation, and once more if it ends on a key which the log has announced meanwhile.

        Whatever it sends is sent again, the same bytes, which is harmless.
        """
        try:
            return (yield from begin())
        except (LogKeyUnknownError, KeptReceiptError) as stranger:
            if not (yield from self._learned(stranger)):
                raise
        return (yield from begin())

    def _learned(self, stranger: UnverifiedError) -> Conversation[bool]:
        """Whether the log's history says more of its keys than was known.

        Raises:
            LogKeyUnknownError, KeptReceiptError: What was raised before: the history does not hold, or is not there.
            UnavailableError: The service cannot be asked now.
        """
        before = self._keys
        if self._history is None:
            return False
        try:
            yield from self.key_history()
        except (UnverifiedError, MalformedError, AbsentError) as error:
            raise stranger from error
        return self._keys != before

    def _believe(self, data: bytes, history: VerifiedHistory) -> None:
        if self._pins is not None:
            self._pins.keep(data)
        self._history, self._keys = history, history.log_keys


def _verified(data: bytes, given: GivenChain, genesis: Genesis | None) -> VerifiedHistory:
    if given.signed_head is None:
        raise ServiceAnswerError("the service gave no signed head of the log's chain of policies")
    history = verify_history(data, genesis)
    decisions = [link.decision for link in given.links]
    require_whole_history(history, decisions, given.signed_head.encode(errors="replace"))
    return history
