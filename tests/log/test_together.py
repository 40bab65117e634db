"""Work that is asked for in one turn is done step by step together, and each piece comes to what it would alone."""

import asyncio
from collections.abc import Generator
from contextvars import ContextVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.errors import IssuerUnknownError, SignatureInvalidError
from counterfoil.log.together import Together, finish, take_steps

Work = Generator[None, None, int]


def counting(name: int, steps: int, done: list[tuple[int, int]], error: Exception | None = None) -> Work:
    for step in range(steps):
        done.append((step, name))
        yield
    if error is not None:
        raise error
    return name


def test_all_take_a_step_before_any_takes_the_next() -> None:
    done: list[tuple[int, int]] = []
    assert take_steps([counting(name, 3, done) for name in range(4)]) == [0, 1, 2, 3]
    assert done == sorted(done)
    assert len(done) == 12


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans())))
def test_each_comes_to_what_it_would_alone(pieces: list[tuple[int, bool]]) -> None:
    errors = [IssuerUnknownError(str(name)) if fails else None for name, (_, fails) in enumerate(pieces)]
    work = [counting(name, steps, [], errors[name]) for name, (steps, _) in enumerate(pieces)]
    assert take_steps(work) == [name if error is None else error for name, error in enumerate(errors)]


def test_one_alone_is_finished_or_raises() -> None:
    assert finish(counting(7, 3, [])) == 7
    assert finish(counting(7, 0, [])) == 7
    with pytest.raises(IssuerUnknownError):
        finish(counting(7, 2, [], IssuerUnknownError("nobody")))


def test_what_is_asked_for_in_one_turn_is_done_together_and_so_much_at_a_time() -> None:
    async def run() -> None:
        done: list[tuple[int, int]] = []
        together = Together[int](most=3)
        found = await asyncio.gather(*(together.do(counting(name, 2, done)) for name in range(7)))
        assert found == list(range(7))
        at_a_time = [done[start : start + 6] for start in range(0, 12, 6)]
        assert at_a_time == [[(step, name) for step in range(2) for name in names] for names in ((0, 1, 2), (3, 4, 5))]
        assert done[12:] == [(0, 6), (1, 6)]
        assert await together.do(counting(8, 1, done)) == 8

    asyncio.run(run())


def test_what_is_done_for_many_requests_knows_none_of_them() -> None:
    request = ContextVar("request", default="none")
    seen: list[str] = []

    def looking() -> Work:
        seen.append(request.get())
        yield
        return 0

    async def run() -> None:
        request.set("the first one")
        together = Together[int](most=2)
        await asyncio.gather(*(together.do(looking()) for _ in range(5)))
        assert request.get() == "the first one"

    asyncio.run(run())
    assert seen == ["none"] * 5


def test_others_get_their_turn_between_those_of_a_crowd() -> None:
    async def run() -> None:
        seen: list[object] = []
        together = Together[int](most=2)

        async def ask(name: int) -> None:
            seen.append(await together.do(counting(name, 1, [])))

        async def other() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            seen.append("other")

        await asyncio.gather(*(ask(name) for name in range(40)), other())
        assert seen.index("other") < 20
        assert sorted(one for one in seen if isinstance(one, int)) == list(range(40))

    asyncio.run(run())


def test_an_error_is_that_of_who_asked() -> None:
    async def run() -> None:
        together = Together[int]()
        asked = [
            counting(0, 1, []),
            counting(1, 1, [], SignatureInvalidError("bad")),
            counting(2, 1, [], ZeroDivisionError("a bug")),
            counting(3, 3, []),
        ]
        found = await asyncio.gather(*map(together.do, asked), return_exceptions=True)
        assert [type(one) for one in found] == [int, SignatureInvalidError, ZeroDivisionError, int]

    asyncio.run(run())


@pytest.mark.parametrize("error", [None, SignatureInvalidError("bad")], ids=["good", "bad"])
def test_one_who_is_gone_harms_nobody(error: Exception | None) -> None:
    complaints: list[object] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        together = Together[int]()
        gone = asyncio.create_task(together.do(counting(0, 1, [], error)))
        stays = asyncio.create_task(together.do(counting(1, 1, [])))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 1
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(run())
    assert complaints == []
