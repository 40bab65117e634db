"""How many statements are registered in as few requests as they fit in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Ask, Conversation, ask, pause, work
from counterfoil.client.bulk import SEQUENCE, Item, flaw, halves, items, parts
from counterfoil.client.patience import Insistence
from counterfoil.client.problem import (
    KeptReceiptError,
    Problem,
    ReceiptWithheldError,
    ServiceProblemError,
    error_of,
)
from counterfoil.client.reading import later
from counterfoil.client.submitting import Registered, Submitting, entry_id_of
from counterfoil.errors import CounterfoilError, LogKeyUnknownError, UnavailableError, UnverifiedError
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.verify import LogKeys

_ACCEPTED: Final = 202
_TOO_LARGE: Final = 413
_UNSUPPORTED: Final = 415

_STRANGE: Final = (LogKeyUnknownError, KeptReceiptError)

Outcome = Registered | CounterfoilError
"""What became of one statement of many."""


@dataclass(frozen=True, slots=True)
class _Many:
    """The statements, and what became of each so far, by its place."""

    statements: Sequence[bytes]
    keys: LogKeys
    found: dict[int, Outcome]

    def open(self) -> list[int]:
        return [place for place in range(len(self.statements)) if place not in self.found]

    def close(self, error: CounterfoilError) -> None:
        """What is open ends with that error."""
        self.found.update(dict.fromkeys(self.open(), error))


class SubmittingMany(Submitting):
    """Everything of ``Submitting``, and registering many statements."""

    _takes_sequences = True

    def submit_many(self, statements: Sequence[bytes]) -> Conversation[list[Outcome]]:
        """Register statements; in order, what became of each."""
        found = yield from self._submit_many(statements)
        strange = {place: one for place, one in enumerate(found) if isinstance(one, _STRANGE)}
        if strange and (yield from self._learned_or_not(next(iter(strange.values())))):
            again = yield from self._submit_many([statements[place] for place in strange])
            for place, outcome in zip(strange, again, strict=True):
                found[place] = outcome
        return found

    def _learned_or_not(self, stranger: UnverifiedError) -> Conversation[bool]:
        try:
            return (yield from self._learned(stranger))
        except CounterfoilError:
            return False  # What became of each is told all the same.

    def _submit_many(self, statements: Sequence[bytes]) -> Conversation[list[Outcome]]:
        keys = yield from self.keys()
        many = _Many(statements, keys, (yield from work(lambda: self._beforehand(statements, keys))))
        for part in parts([(place, len(statements[place])) for place in many.open()]):
            gone = yield from self._part(many, part)
            if gone is not None:
                # Whoever could not be reached for so long is not asked the same for all the others.
                many.close(gone)
                break
        yield from self._withheld(many)
        return [many.found[place] for place in range(len(statements))]

    def _beforehand(self, statements: Sequence[bytes], keys: LogKeys) -> dict[int, Outcome]:
        """What became of those that need not or cannot be sent."""
        found: dict[int, Outcome] = {}
        for place, statement in enumerate(statements):
            try:
                known = self._kept(statement, keys) or flaw(statement)
            except CounterfoilError as error:
                known = error
            if known is not None:
                found[place] = known
        return found

    def _part(self, many: _Many, part: Sequence[int]) -> Conversation[UnavailableError | None]:
        """Register some together, and again those that the service was too busy for; its error where it stayed away."""
        until = self._patience.until()
        again = Insistence(self._patience, until)
        left = part
        for attempt in range(self._patience.attempts):
            try:
                yield from self._together(many, left, until)
            except CounterfoilError as error:
                many.found.update({place: error for place in left if place not in many.found})
                return error if isinstance(error, UnavailableError) else None
            busy = {place: found for place in left if (found := self._busy(many.found[place])) is not None}
            wait = again(next(iter(busy.values()))) if busy and attempt + 1 < self._patience.attempts else False
            if wait is False:
                return next(iter(busy.values())) if len(busy) == len(part) else None
            for place in busy:
                del many.found[place]
            yield from pause(wait)
            left = tuple(busy)
        return None

    def _busy(self, outcome: Outcome) -> UnavailableError | None:
        again = isinstance(outcome, ServiceProblemError) and self._patience.verdict(outcome) is not False
        return outcome if again and isinstance(outcome, UnavailableError) else None

    def _together(self, many: _Many, places: Sequence[int], until: float) -> Conversation[None]:
        """Post some as a sequence, in halves where it is too large, or each by itself where no sequences are taken."""
        if len(places) == 1 or not self._takes_sequences:
            return (yield from self._each(many, places))
        body, most = b"".join(many.statements[place] for place in places), len(places) * MAX_RECEIPT_BYTES
        try:
            answer = yield from ask(Ask("POST", "entries", SEQUENCE, most, until, {}, SEQUENCE, body))
        except ServiceProblemError as error:
            self._takes_sequences = error.problem.status != _UNSUPPORTED
            if error.problem.status not in {_UNSUPPORTED, _TOO_LARGE}:
                raise
            for some in halves(places):
                yield from self._together(many, some, self._patience.until())
            return None
        answers = items(answer.body, len(places))
        many.found.update((yield from work(lambda: self._judged(many, places, answers))))
        return None

    def _each(self, many: _Many, places: Sequence[int]) -> Conversation[None]:
        for place in places:
            try:
                many.found[place] = yield from self._posted(many.statements[place], many.keys, self._patience.until())
            except ReceiptWithheldError as error:
                many.found[place] = error
            except UnavailableError:
                raise  # The service was waited for; those that follow would find the same.
            except CounterfoilError as error:
                many.found[place] = error

    def _judged(self, many: _Many, places: Sequence[int], answers: Sequence[Item]) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        for place, item in zip(places, answers, strict=True):
            try:
                found[place] = self._outcome(many.statements[place], item, many.keys)
            except CounterfoilError as error:
                found[place] = error
        return found

    def _outcome(self, statement: bytes, item: Item, keys: LogKeys) -> Outcome:
        match item:
            case bytes():
                return self._verified(statement, item, None, keys)
            case Problem() if item.status == _ACCEPTED:
                entry_id = entry_id_of(statement)
                return ReceiptWithheldError(later(entry_id), entry_id)
            case Problem():
                return error_of(item)
            case _:
                return item

    def _withheld(self, many: _Many) -> Conversation[None]:
        """Wait for the receipts that come later, for all of them together as long as for one."""
        until = self._patience.until()
        for place, outcome in list(many.found.items()):
            if isinstance(outcome, ReceiptWithheldError) and self._patience.clock() <= until:
                try:
                    fetched = self._fetched(many.statements[place], outcome.entry_id, many.keys, until)
                    many.found[place] = yield from fetched
                except CounterfoilError as error:
                    many.found[place] = error
