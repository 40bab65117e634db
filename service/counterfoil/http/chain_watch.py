"""The chains that somebody follows, looked at together: the log is asked a few times a second, by one task a process.

What other processes commit is seen like what this one does, since the source is the store. An append knows nothing of
who follows a chain.
"""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from counterfoil.errors import CounterfoilError, LogCorruptError
from counterfoil.http.handlers import note_failure, note_unforeseen
from counterfoil.http.limits import MAX_STREAMS, MAX_STREAMS_OF_SENDER, WATCH_SECONDS
from counterfoil.http.problems import STOPPING, TOO_MANY_STREAMS, ProblemError
from counterfoil.http.wiring import Service
from counterfoil.log.records import ChainHead


class Listener:
    """Somebody who follows a chain, and has ``passed`` so many of its entries.

    ``chain`` is as a look last found it. Of it he may see the entries numbered below ``shown``: they are committed, and
    their receipts may leave. ``dismissed`` says that he has to go, and is never taken back.
    """

    def __init__(self, chain: ChainHead, passed: int) -> None:
        self.chain = chain
        self.passed = passed
        self.shown = 0
        self.dismissed = False
        self._woken = asyncio.Event()

    def tell(self, chain: ChainHead, shown: int) -> None:
        """This is how the log stands now."""
        self.chain, self.shown = chain, shown
        if chain.length > self.passed:
            self._woken.set()

    def dismiss(self) -> None:
        """Let him go."""
        self.dismissed = True
        self._woken.set()

    def begin_reading(self) -> None:
        """From now on ``news`` tells of what a read that begins now may miss."""
        self._woken.clear()

    async def news(self, seconds: float) -> None:
        """Wait until there may be something for him, or he is dismissed, and at most for so long."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._woken.wait()
        except TimeoutError:
            return


class ChainWatch:
    """Who follows which chain in this process. It belongs to one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._shown = 0
        self._listeners: set[Listener] = set()
        self._senders: Counter[str] = Counter()
        self._anybody = asyncio.Event()
        self._reading = asyncio.Lock()
        self._closed = False

    @contextmanager
    def listening(self, chain: ChainHead, passed: int, sender: str) -> Iterator[Listener]:
        """A listener, who is told whenever his chain may have grown, until the block ends.

        ``sender`` is whom to count him as.

        Raises:
            ProblemError: There are as many as one process has, or as one sender may be, or it stops.
        """
        if self._closed:
            raise ProblemError(STOPPING)
        if len(self._listeners) >= MAX_STREAMS or self._senders[sender] >= MAX_STREAMS_OF_SENDER:
            raise ProblemError(TOO_MANY_STREAMS)
        listener = Listener(chain, passed)
        self._listeners.add(listener)
        self._senders[sender] += 1
        self._anybody.set()
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            self._senders[sender] -= 1
            self._senders += Counter()  # Whoever has none is forgotten.
            if not self._listeners:
                self._anybody.clear()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Read for a listener: one at a time, and then nobody for as long as that took.

        So all streams together leave half of the interpreter's time to appends and to everything else.
        """
        now = asyncio.get_running_loop().time
        async with self._reading:
            began = now()
            yield
            await asyncio.sleep(now() - began)

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
        if not self._listeners:
            return  # Who came has left before this began.
        self._shown = await asyncio.to_thread(self._size_to_show)
        untold = [listener for listener in self._listeners if listener.shown != self._shown]
        if not untold:
            return
        followed = list({listener.chain.chain_id for listener in untold})
        chains = await asyncio.to_thread(self._service.log.store.chains, followed)
        for listener in untold:
            chain = chains.get(listener.chain.chain_id)
            if chain is None:
                raise LogCorruptError(f"chain {listener.chain.chain_id.hex()} is not there any more")
            listener.tell(chain, self._shown)

    def _size_to_show(self) -> int:
        size, released = self._service.log.head().tree.size, self._service.released
        if size < self._shown:
            raise LogCorruptError(f"the log had {self._shown} entries, and now it has {size}")
        if released(size - 1):
            return size
        # What is released stays so, and all before it is.
        return self._shown + bisect_left(range(self._shown, size), x=True, key=lambda number: not released(number))

    def _dismiss(self) -> None:
        for listener in self._listeners:
            listener.dismiss()
