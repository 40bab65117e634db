"""Many statements in one request: a CBOR sequence in, and in the same order a receipt or a problem for each out."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from starlette.types import Scope

from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CorruptError, CounterfoilError, QueueFullError
from counterfoil.http.limits import BULK_SLICE, MAX_BULK_STATEMENTS
from counterfoil.http.problems import INTERNAL, RECEIPT_WITHHELD, Problem, problem_of
from counterfoil.http.wiring import Service
from counterfoil.log.group_commit import Result
from counterfoil.log.plan import Placed, Submission
from counterfoil.policy.decision import largest_statement
from counterfoil.policy.own_statements import Effect
from counterfoil.register import Registration, admit, register
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement

_PATIENCE_SECONDS: Final = 0.01
"""About one commit: how long a statement of a bulk waits for room in the queue before it asks again."""

Begun = tuple[SignedStatement, Awaitable[Result]]
"""A statement that was admitted and waits for the next commit."""


async def register_sequence(service: Service, scope: Scope, body: bytes) -> bytes:
    """Register each statement of a sequence as if it had come by itself; the sequence of the answers.

    They are verified a few at a time, so that whoever posts one meanwhile does not wait for all of them, and queue for
    the next commit as they are verified, so that they share transactions.

    Raises:
        MalformedCborError, CborLimitError: The body is no sequence of 1 to 256 items; nothing was registered.
    """
    statements = split_sequence(body, MAX_BULK_STATEMENTS)
    service.limits.charge_address(scope, len(statements) - 1)
    begun: list[Begun | None] = []
    for start in range(0, len(statements), BULK_SLICE):
        begun += [await _begin(service, statement) for statement in statements[start : start + BULK_SLICE]]
        await asyncio.sleep(0)  # Everybody else has a turn.
    return b"".join([await _answer(service, *each) for each in zip(statements, begun, strict=True)])


async def _begin(service: Service, data: bytes) -> Begun | None:
    """Admit a statement as ``register`` does and let it queue; None where it must take the whole of that way."""
    if service.registering is not service.log:
        return None  # Issuers have a limit, and each append is asked about.
    rules = await service.log.rules()
    try:
        statement = parse_signed_statement(data, max_bytes=largest_statement(rules))
        submission = admit(statement, rules, service.log.head_time())
    except CounterfoilError:
        return None
    return None if submission.decision.effect is not Effect.NONE else (statement, await _enqueue(service, submission))


async def _enqueue(service: Service, submission: Submission) -> Awaitable[Result]:
    while True:
        try:
            return service.log.enqueue(submission)
        except QueueFullError:
            # Those of one bulk wait for one another, and are not refused because they came together.
            await asyncio.sleep(_PATIENCE_SECONDS)


async def _answer(service: Service, data: bytes, begun: Begun | None) -> bytes:
    try:
        registration = await _registration(service, data, begun)
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


async def _registration(service: Service, data: bytes, begun: Begun | None) -> Registration:
    if begun is not None:
        statement, result = begun
        match await result:
            case Placed(number), bytes(receipt):
                return Registration(statement.hash, number, receipt, new=True)
            case _:
                pass  # Known, declined or decided under other rules: the whole way tells.
    while True:
        try:
            return await register(data, service.registering)
        except QueueFullError:
            await asyncio.sleep(_PATIENCE_SECONDS)


def _problem(service: Service, problem: Problem) -> bytes:
    service.metrics.refused(problem.code)
    return problem.as_item()
