"""Group commit: what queued while the last commit ran goes into the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Final, Protocol

from counterfoil.errors import CorruptError, QueueFullError
from counterfoil.log.patience import Patience, fail
from counterfoil.log.plan import Outcome, Placed, Submission
from counterfoil.log.sequencer import Appended

DEFAULT_MAX_BATCH: Final = 256
"""One tile's width: a batch of it writes one full tile and takes a few milliseconds."""

DEFAULT_MAX_QUEUE: Final = 4096
"""Statements of the largest size a policy usually admits fill 4 GiB; past that a caller had better come back."""

DEFAULT_COMMIT_TIMEOUT_SECONDS: Final = 30.0
"""Longer than any commit on a healthy disk, shorter than the patience of common HTTP clients."""

Append = Callable[[Callable[[], Sequence[Submission]]], Appended]
RunAppend = Callable[[Callable[[], Appended]], Awaitable[Appended]]
Result = tuple[Outcome, bytes | None]


class CommitObserver(Protocol):
    """Told how each commit goes, by the thread that commits. It has a clock; this package has none."""

    def begun(self) -> None:
        """The head is being locked."""
        ...

    def locked(self) -> None:
        """The head is locked, and the batch is being taken."""
        ...

    def committed(self, entries: int) -> None:
        """The transaction is durable, and so many entries are new."""
        ...


class Unobserved:
    """Nobody watches."""

    def begun(self) -> None:
        """Ignore it."""

    def locked(self) -> None:
        """Ignore it."""

    def committed(self, entries: int) -> None:
        """Ignore it."""


UNOBSERVED: Final = Unobserved()


class GroupCommit:
    """Feeds one sequencer from many tasks of one event loop. There is no lingering before a commit.

    ``append`` is a sequencer's; ``run`` runs it so that the event loop goes on, one call at a time. ``on_corrupt`` is
    called once when the log disagrees with itself; the process must then stop, and nothing is appended any more.
    """

    def __init__(
        self,
        append: Append,
        run: RunAppend,
        *,
        max_batch: int = DEFAULT_MAX_BATCH,
        max_queue: int = DEFAULT_MAX_QUEUE,
        timeout: float = DEFAULT_COMMIT_TIMEOUT_SECONDS,
        on_corrupt: Callable[[CorruptError], None] = lambda _error: None,
        observer: CommitObserver = UNOBSERVED,
    ) -> None:
        self._append = append
        self._run = run
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._patience = Patience(timeout)
        self._on_corrupt = on_corrupt
        self._observer = observer
        self._waiting: deque[tuple[Submission, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._corrupt: CorruptError | None = None

    async def submit(self, submission: Submission) -> Result:
        """Append one submission with whatever else waits; returns once its transaction is durable.

        Raises:
            QueueFullError: Too many wait already.
            CommitTimeoutError: The commit did not come in time.
            StoreUnavailableError, CorruptError: The append failed.
        """
        return await self.enqueue(submission)

    def enqueue(self, submission: Submission) -> asyncio.Future[Result]:
        """Let one submission wait for the next commit; what becomes of it, with the errors of ``submit``.

        Raises:
            QueueFullError: Too many wait already.
            CorruptError: The log disagreed with itself before.
        """
        if self._corrupt is not None:
            raise self._corrupt
        if len(self._waiting) >= self._max_queue:
            raise QueueFullError(f"{self._max_queue} statements wait for the next commit")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        # Who gives up, or is cancelled, leaves the submission in the queue: it may be committed all the same.
        self._patience.watch(future)
        self._waiting.append((submission, future))
        if self._task is None or self._task.done():
            # In a context of its own: it commits for many requests, and is none of them.
            self._task = asyncio.create_task(self._commit_all(), context=Context())
        return future

    @property
    def timeout(self) -> float:
        """How many seconds a submission waits for its commit."""
        return self._patience.seconds

    @property
    def queue_length(self) -> int:
        """How many submissions wait for a commit, not counting those in the one under way."""
        return len(self._waiting)

    async def close(self) -> None:
        """Wait until everything that waits is committed or has failed."""
        if self._task is not None:
            # Not awaited itself: who stops waiting would cancel it, and those it commits for would wait for ever.
            await asyncio.wait({self._task})

    async def _commit_all(self) -> None:
        while self._waiting:
            await self._commit_one_batch()

    async def _commit_one_batch(self) -> None:
        taken: list[tuple[Submission, asyncio.Future[Result]]] = []

        def drain() -> Sequence[Submission]:
            # Runs where the append runs, once the head is locked; nobody else takes from the left.
            self._observer.locked()
            while self._waiting and len(taken) < self._max_batch:
                taken.append(self._waiting.popleft())
            return [submission for submission, _ in taken]

        def commit() -> Appended:
            self._observer.begun()
            appended = self._append(drain)
            self._observer.committed(sum(isinstance(outcome, Placed) for outcome in appended.outcomes))
            return appended

        try:
            appended = await self._run(commit)
        except Exception as error:  # noqa: BLE001 - the worker loop is a process edge: nobody else tells those who wait
            self._fail(taken or self._take_all(), error)
            self._patience.forget_done()
            return
        for (_, future), outcome, receipt in zip(taken, appended.outcomes, appended.receipts, strict=False):
            if not future.done():
                future.set_result((outcome, receipt))
        self._patience.forget_done()
        # Those behind a change of the rules were not taken; they go first in the next batch.
        self._waiting.extendleft(reversed(taken[len(appended.outcomes) :]))

    def _take_all(self) -> list[tuple[Submission, asyncio.Future[Result]]]:
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def _fail(self, taken: list[tuple[Submission, asyncio.Future[Result]]], error: Exception) -> None:
        if isinstance(error, CorruptError):
            self._corrupt = error
            self._on_corrupt(error)
            taken = [*taken, *self._take_all()]
        for _, future in taken:
            fail(future, error)
