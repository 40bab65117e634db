"""How long those who wait for a commit wait: one timer for all of them."""

import asyncio
from collections import deque
from typing import Any

from counterfoil.errors import CommitTimeoutError


class Patience:
    """Fails whatever is not done within so many seconds. All that it watches at a time belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, future: asyncio.Future[Any]) -> None:
        """Let the future fail with CommitTimeoutError when its time is over and it is not done."""
        loop = future.get_loop()
        self._watched.append((loop.time() + self.seconds, future))
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._give_up)

    def forget_done(self) -> None:
        """Let go of those that are done, as far as nobody who came before them waits."""
        while self._watched and self._watched[0][1].done():
            self._watched.popleft()
        if not self._watched and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._watched and (self._watched[0][1].done() or self._watched[0][0] <= now):
            fail(self._watched.popleft()[1], CommitTimeoutError(f"no commit within {self.seconds:g} seconds"))
        if self._watched:
            until, future = self._watched[0]
            self._timer = future.get_loop().call_at(until, self._give_up)


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Let a future fail unless it is done or cancelled; whether or not anybody still asks how it ended."""
    if not future.done():
        future.set_exception(error)
        # Who gave up waiting never asks, and asyncio would report that as an error of ours.
        future.exception()
