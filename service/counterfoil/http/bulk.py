"""Many statements in one request: a CBOR sequence in, and in the same order a receipt or a problem for each out."""

import asyncio
from collections.abc import Sequence
from typing import Final

from starlette.types import Scope

from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CorruptError, CounterfoilError, QueueFullError
from counterfoil.http.limits import BULK_SLICE, MAX_BULK_STATEMENTS
from counterfoil.http.problems import INTERNAL, RECEIPT_WITHHELD, Problem, problem_of
from counterfoil.http.wiring import Service
from counterfoil.register import Registration, register

_PATIENCE_SECONDS: Final = 0.01
"""About one commit: how long a statement of a bulk waits for room in the queue before it asks again."""


async def register_sequence(service: Service, scope: Scope, body: bytes) -> bytes:
    """Register each statement of a sequence as if it had come by itself; the sequence of the answers.

    They are verified a few at a time, so that whoever posts one meanwhile does not wait for all of them, and queue for
    the next commit as they are verified, so that they share transactions.

    Raises:
        MalformedCborError, CborLimitError: The body is no sequence of 1 to 256 items; nothing was registered.
    """
    statements = split_sequence(body, MAX_BULK_STATEMENTS)
    service.limits.charge_address(scope, len(statements) - 1)
    tasks: list[asyncio.Task[bytes]] = []
    try:
        for start in range(0, len(statements), BULK_SLICE):
            tasks += _begin(service, statements[start : start + BULK_SLICE])
            # A task runs up to its wait for the commit; then everybody else has a turn.
            await asyncio.sleep(0)
        return b"".join(await asyncio.gather(*tasks))
    except asyncio.CancelledError:
        # Only a shutdown that has waited long enough cancels; what is queued may be committed all the same.
        for task in tasks:
            task.cancel()
        raise


def _begin(service: Service, statements: Sequence[bytes]) -> list[asyncio.Task[bytes]]:
    return [asyncio.create_task(_answer(service, statement)) for statement in statements]


async def _answer(service: Service, statement: bytes) -> bytes:
    try:
        registration = await _register(service, statement)
    except CounterfoilError as error:
        if isinstance(error, CorruptError):
            service.failure.report(error)
        return _problem(service, problem_of(error))
    except Exception:  # noqa: BLE001 - one statement that nobody foresaw takes no receipt away from the others
        return _problem(service, INTERNAL)
    if not registration.new:
        service.metrics.duplicate()
    if not service.released(registration.number):
        return _problem(service, RECEIPT_WITHHELD.at(f"/entries/{registration.entry_id.hex()}"))
    return registration.receipt


async def _register(service: Service, statement: bytes) -> Registration:
    while True:
        try:
            return await register(statement, service.registering)
        except QueueFullError:
            # Those of one bulk wait for one another, and are not refused because they came together.
            await asyncio.sleep(_PATIENCE_SECONDS)


def _problem(service: Service, problem: Problem) -> bytes:
    service.metrics.refused(problem.code)
    return problem.as_item()
