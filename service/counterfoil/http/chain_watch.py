"""The chains that somebody follows, looked at together: the log is asked a few times a second, by one task a process.

What other processes commit is seen like what this one does, since the source is the store. An append knows nothing of
who follows a chain, so it costs an append nothing.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from counterfoil.errors import CounterfoilError, LogCorruptError
from counterfoil.http.handlers import note_failure, note_unforeseen
from counterfoil.http.limits import MAX_STREAMS, STREAM_READS, WATCH_SECONDS
from counterfoil.http.problems import STOPPING, TOO_MANY_STREAMS, ProblemError
from counterfoil.http.wiring import Service
from counterfoil.log.records import ChainNumber


class Listener:
    """Somebody who follows a chain: the chain's number, and how many of its entries he has had or does not want.

    ``dismissed`` says that he should go, and is never taken back.
    """

    def __init__(self, chain_number: ChainNumber, passed: int) -> None:
        self.chain_number = chain_number
        self.passed = passed
        self.dismissed = False
        self._woken = asyncio.Event()

    def begin_reading(self) -> None:
        """From now on ``news`` tells of what a read that begins now may have missed."""
        self._woken.clear()

    def wake(self) -> None:
        """Let him look whether there is something for him."""
        self._woken.set()

    def dismiss(self) -> None:
        """Let him go."""
        self.dismissed = True
        self._woken.set()

    async def news(self, seconds: float) -> None:
        """Wait until he is woken, and at most for so long."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._woken.wait()
        except TimeoutError:
            return


class ChainWatch:
    """Who follows which chain in this process. It belongs to one event loop.

    Entries numbered below ``shown`` are committed, and their receipts may leave; the others are nobody's to see yet.
    ``reading`` is held by who reads for a listener.
    """

    def __init__(self, service: Service) -> None:
        self.shown = 0
        self.reading = asyncio.Semaphore(STREAM_READS)
        self._service = service
        self._listeners: set[Listener] = set()
        self._anybody = asyncio.Event()
        self._closed = False

    @contextmanager
    def listening(self, chain_number: ChainNumber, passed: int) -> Iterator[Listener]:
        """A listener, who is woken whenever his chain may have grown, until the block ends.

        Raises:
            ProblemError: There are as many as one process has, or it stops.
        """
        if self._closed:
            raise ProblemError(STOPPING)
        if len(self._listeners) >= MAX_STREAMS:
            raise ProblemError(TOO_MANY_STREAMS)
        listener = Listener(chain_number, passed)
        self._listeners.add(listener)
        self._anybody.set()
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            if not self._listeners:
                self._anybody.clear()

    def close(self) -> None:
        """Dismiss everybody, and let nobody in any more."""
        self._closed = True
        self._dismiss()

    async def run(self) -> None:
        """Look at the log again and again while somebody listens, until cancelled. No error ends it.

        Who listens when a look fails is dismissed, comes back, and is then told why.
        """
        while True:
            await self._anybody.wait()
            try:
                await self._look()
            except CounterfoilError as error:
                note_failure(self._service, error)
                self._dismiss()
            except Exception as error:  # noqa: BLE001 - the edge of a task that has to go on
                note_unforeseen(error)
                self._dismiss()
            await asyncio.sleep(WATCH_SECONDS)

    async def _look(self) -> None:
        followed = {listener.chain_number for listener in self._listeners}
        shown = await asyncio.to_thread(self._size_to_show)
        if shown == self.shown:
            return
        lengths = await asyncio.to_thread(self._lengths, followed)
        self.shown = shown
        for listener in self._listeners:
            # Who came while the store was read is not among those it was read for.
            length = lengths.get(listener.chain_number)
            if length is None or length > listener.passed:
                listener.wake()

    def _size_to_show(self) -> int:
        size, released = self._service.log.head().tree.size, self._service.released
        if size < self.shown:
            raise LogCorruptError(f"the log had {self.shown} entries, and now it has {size}")
        if released(size - 1):
            return size
        # What is released stays so, and all before it is.
        return self.shown + bisect_left(range(self.shown, size), x=True, key=lambda number: not released(number))

    def _lengths(self, followed: AbstractSet[ChainNumber]) -> Mapping[ChainNumber, int]:
        heads = (self._service.log.store.chain_numbered(number) for number in followed)
        return {head.number: head.length for head in heads if head is not None}

    def _dismiss(self) -> None:
        for listener in self._listeners:
            listener.dismiss()
