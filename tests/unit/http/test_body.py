"""A body is taken within the same bounds whether it is here already or comes in messages."""

import asyncio
from typing import Any

import pytest

from counterfoil.http.body import BodyBudget, read_body
from counterfoil.http.problems import BODY_TOO_LARGE, TOO_MANY_REQUESTS, Problem, ProblemError
from tests.unit.http.test_direct_way import Request

BODY = b"abcd"


async def read(*, most: int, budget: BodyBudget, here: bool, declared: bytes | None = None) -> bytes:
    request = Request(BODY)

    async def receive() -> Any:
        assert not here
        return await request.cycle.receive()

    with budget.hold() as held:
        try:
            return await read_body(receive, declared, held, most, 20, request.way if here else None)
        finally:
            assert budget.held == held.count


def refused(problem: Problem, *, most: int, budget: BodyBudget, here: bool, declared: bytes | None = None) -> None:
    with pytest.raises(ProblemError) as error:
        asyncio.run(read(most=most, budget=budget, here=here, declared=declared))
    assert error.value.problem == problem
    assert budget.held == 0


@pytest.mark.parametrize("here", [False, True])
def test_what_fits_is_read_and_let_go(*, here: bool) -> None:
    budget = BodyBudget(4)
    for declared in (None, b"4"):
        assert asyncio.run(read(most=4, budget=budget, here=here, declared=declared)) == BODY
        assert budget.held == 0


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize("declared", [None, b"3", b"4", b"40", b"9" * 5000])
def test_what_is_larger_than_it_may_be_is_refused(declared: bytes | None, *, here: bool) -> None:
    refused(BODY_TOO_LARGE, most=3, budget=BodyBudget(100), here=here, declared=declared)


@pytest.mark.parametrize("here", [False, True])
def test_more_than_all_bodies_together_may_be_is_refused(*, here: bool) -> None:
    refused(TOO_MANY_REQUESTS, most=100, budget=BodyBudget(3), here=here)
