"""Sends what is in a spool, a chain's statements strictly one after another."""

from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic
from typing import ClassVar, Final

from counterfoil.client.client import Client
from counterfoil.client.patience import retry_after_seconds
from counterfoil.client.problem import ReceiptWithheldError, ServiceConflictError, ServiceProblemError
from counterfoil.client.spool import Spool, Spooled
from counterfoil.errors import CounterfoilError, NoFormationError, ReferenceUnknownError, UnavailableError

_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 10.0
_OVERTAKEN: Final = frozenset({NoFormationError.code, ReferenceUnknownError.code})


class SenderEndedError(UnavailableError):
    """The thread that sends has ended on what nobody foresaw; everything is kept, and the next start sends it."""

    code: ClassVar[str] = "sender-ended"


class SpoolSender:
    """A thread that has each statement registered and its receipt kept.

    A statement is sent when the one before it in its chain has its receipt: the items of one bulk are decided each for
    itself, so a bulk could register a later statement whose predecessor failed. What the log cannot take yet is sent
    again, the same bytes. A statement that it refuses stops its chain, and what follows it waits in the spool until the
    spool is opened anew. ``on_problem`` is told, in this thread.
    """

    def __init__(self, spool: Spool, client: Client, on_problem: Callable[[CounterfoilError], None]) -> None:
        self._spool = spool
        self._client = client
        self._on_problem = on_problem
        self._changed = Condition()
        self._news = False
        self._closing = False
        self._ended = False
        self._stopped: dict[str, CounterfoilError] = {}
        self._thread = Thread(target=self._run, name="counterfoil-spool")
        self._thread.start()

    @property
    def problem(self) -> CounterfoilError | None:
        """Why a chain stopped, the first one's reason."""
        return next(iter(self._stopped.values()), None)

    def wake(self) -> None:
        """There is something new in the spool."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def flush(self, timeout: float | None) -> int:
        """Wait until all is receipted, a chain stopped, or the time is over; how many statements still wait."""
        until = None if timeout is None else monotonic() + timeout
        with self._changed:
            while (waiting := self._spool.waiting()) and not self._ended and not self._stopped:
                left = None if until is None else until - monotonic()
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
        return waiting

    def close(self) -> None:
        """End the thread, after the request that is under way."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        try:
            while not self._closing:
                with self._changed:
                    self._news = False
                sent, asked = self._round()
                if sent:
                    wait = _FIRST_WAIT_SECONDS
                    continue
                self._pause(asked, wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: nobody else tells those who wait
            with self._changed:
                self._stopped[""] = SenderEndedError(f"nothing is sent any more: {type(error).__name__}")
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _round(self) -> tuple[bool, float | None]:
        """Send the first of each chain; whether any was registered, and how long the log wants to be left alone."""
        sent, asked, anything = False, 0.0, False
        for head in self._spool.heads():
            if self._closing:
                break
            if head.chain in self._stopped:
                continue
            anything = True
            try:
                self._send(head)
            except CounterfoilError as error:
                again = _again_in(error)
                if again is None:
                    self._stop(head.chain, error)
                else:
                    asked = max(asked, again)
            else:
                sent = True
        return sent, asked if anything else None

    def _send(self, head: Spooled) -> None:
        registered = self._client.submit(head.statement)
        self._spool.receipted(head.place, registered.receipt)
        with self._changed:
            self._changed.notify_all()

    def _stop(self, chain: str, error: CounterfoilError) -> None:
        with self._changed:
            self._stopped[chain] = error
            self._changed.notify_all()
        self._on_problem(error)

    def _pause(self, asked: float | None, wait: float) -> None:
        """Until there is something new where nothing waits; else for as long as was asked for, new or not."""
        with self._changed:
            if asked is None:
                self._changed.wait_for(lambda: self._closing or self._news)
            else:
                self._changed.wait_for(lambda: self._closing, max(asked, wait))


def _again_in(error: CounterfoilError) -> float | None:
    """In how many seconds at the least the same bytes are sent again; None where that would change nothing."""
    if isinstance(error, ReceiptWithheldError):
        return min(error.retry_after or 0.0, _LONGEST_WAIT_SECONDS)
    problem = error.problem if isinstance(error, ServiceProblemError) else None
    overtaken = isinstance(error, ServiceConflictError) and error.problem.code in _OVERTAKEN
    if not overtaken and not isinstance(error, UnavailableError):
        return None
    asked = None if problem is None else retry_after_seconds(problem.retry_after)
    return min(asked or 0.0, _LONGEST_WAIT_SECONDS)
