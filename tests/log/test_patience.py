"""Whoever waits for a commit waits so long and no longer, with one timer for all."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from counterfoil.errors import CommitTimeoutError, LogCorruptError
from counterfoil.log.patience import Patience, fail

SECONDS = 30.0


class HandWoundLoop(asyncio.SelectorEventLoop):
    """An event loop whose time goes on only when a test says so."""

    now = 1000.0

    def time(self) -> float:
        return self.now

    async def wind(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


def on_loop(test: Callable[[HandWoundLoop], Coroutine[Any, Any, None]]) -> list[dict[str, Any]]:
    """Run it; what the event loop complained of."""
    loop, complaints = HandWoundLoop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    try:
        loop.run_until_complete(test(loop))
        gc.collect()
    finally:
        loop.close()
    return complaints


def test_each_fails_when_its_own_time_is_over() -> None:
    async def run(loop: HandWoundLoop) -> None:
        patience, early, late = Patience(SECONDS), loop.create_future(), loop.create_future()
        patience.watch(early)
        await loop.wind(10)
        patience.watch(late)
        await loop.wind(19.9)
        assert not early.done()
        await loop.wind(0.1)
        assert isinstance(early.exception(), CommitTimeoutError)
        assert not late.done()
        await loop.wind(9.9)
        assert not late.done()
        await loop.wind(0.1)
        assert isinstance(late.exception(), CommitTimeoutError)

    assert on_loop(run) == []


def test_one_behind_a_done_one_still_has_its_time() -> None:
    async def run(loop: HandWoundLoop) -> None:
        patience, done, waiting = Patience(SECONDS), loop.create_future(), loop.create_future()
        patience.watch(done)
        patience.watch(waiting)
        done.set_result(1)
        patience.forget_done()
        await loop.wind(SECONDS - 0.1)
        assert not waiting.done()
        await loop.wind(0.1)
        assert isinstance(waiting.exception(), CommitTimeoutError)
        assert await done == 1

    assert on_loop(run) == []


@pytest.mark.parametrize("end", [lambda one: one.set_result(1), lambda one: one.cancel()], ids=["done", "cancelled"])
def test_nothing_is_kept_and_no_timer_runs_once_all_are_done(end: Callable[[asyncio.Future[int]], object]) -> None:
    async def run(loop: HandWoundLoop) -> None:
        patience = Patience(SECONDS)
        for _ in range(3):
            future: asyncio.Future[int] = loop.create_future()
            patience.watch(future)
            end(future)
            patience.forget_done()
            assert (len(patience._watched), patience._timer) == (0, None)
        assert all(timer.cancelled() for timer in vars(loop)["_scheduled"])
        again: asyncio.Future[int] = loop.create_future()
        patience.watch(again)
        await loop.wind(SECONDS)
        assert isinstance(again.exception(), CommitTimeoutError)

    assert on_loop(run) == []


def test_those_that_were_done_in_time_are_let_go_of_when_one_before_them_is_given_up() -> None:
    async def run(loop: HandWoundLoop) -> None:
        patience, stuck = Patience(SECONDS), loop.create_future()
        patience.watch(stuck)
        for _ in range(5):
            future: asyncio.Future[int] = loop.create_future()
            patience.watch(future)
            future.set_result(1)
            patience.forget_done()
        await loop.wind(SECONDS)
        assert isinstance(stuck.exception(), CommitTimeoutError)
        assert (len(patience._watched), patience._timer) == (0, None)

    assert on_loop(run) == []


def test_a_failure_that_nobody_asks_for_is_no_complaint() -> None:
    async def run(loop: HandWoundLoop) -> None:
        patience, failed = Patience(SECONDS), loop.create_future()
        patience.watch(loop.create_future())
        fail(failed, LogCorruptError("two values"))
        await loop.wind(SECONDS)
        del failed

    assert on_loop(run) == []


def test_what_is_done_does_not_fail_any_more() -> None:
    async def run(loop: HandWoundLoop) -> None:
        future: asyncio.Future[int] = loop.create_future()
        future.set_result(1)
        fail(future, LogCorruptError("two values"))
        assert await future == 1

    assert on_loop(run) == []
