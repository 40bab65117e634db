"""Appends in a thread of their own."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from counterfoil.log.ports import AppendTransaction, LogStore

Done = TypeVar("Done")


class ThreadAppends:
    """Implements Appends over any store: each append is one call in a thread, and the event loop goes on meanwhile."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def append(self) -> AbstractContextManager[AppendTransaction]:
        """Begin an append; as the store promises it."""
        return self._store.append()

    async def run(self, work: Callable[[], Done]) -> Done:
        """Do work in a thread."""
        return await asyncio.to_thread(work)

    async def close(self) -> None:
        """There is nothing to let go of."""
