"""Many statements in one request: a CBOR sequence in, and in the same order a receipt or a problem for each out."""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from starlette.types import Scope

from counterfoil.attestation.conveyance.carried import carries_attestation
from counterfoil.encoding.cbor_sequence import sequence_items
from counterfoil.errors import CounterfoilError, QueueFullError
from counterfoil.http.handlers import note_failure, note_unforeseen
from counterfoil.http.limits import BULK_SLICE, MAX_BULK_STATEMENTS
from counterfoil.http.problems import INTERNAL, RECEIPT_WITHHELD, Problem, problem_of
from counterfoil.http.wiring import Service
from counterfoil.log.group_commit import Result
from counterfoil.log.plan import Submission
from counterfoil.log.together import Steps, take_steps
from counterfoil.observability.request_context import CURRENT_REQUEST, RequestContext
from counterfoil.policy.decision import largest_statement
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.register import Registration, admission, decided, register, settle
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement

_ROOM_SECONDS: Final = 0.01
"""About one commit: how long a statement of a bulk waits for room in the queue before it asks again."""

Begun = tuple[SignedStatement, Future[Result]]
"""A statement that was admitted and waits for the next commit."""

Answered = TypeVar("Answered")


async def register_sequence(service: Service, scope: Scope, body: bytes) -> bytes:
    """Register each statement of a sequence as if it had come by itself; the sequence of the answers.

    They are read and verified a few at a time, so that whoever posts one meanwhile does not wait for all of them, and
    queue for the next commit as they are verified, so that they share transactions. Once the first one queues there is
    an answer for each, whatever happens to the others.

    Raises:
        MalformedCborError, CborLimitError: The body is no sequence of 1 to 256 items; nothing was registered.
    """
    statements: list[bytes] = []
    for statement in sequence_items(body, MAX_BULK_STATEMENTS):
        statements.append(statement)
        await _give_others_a_turn(len(statements))
    service.limits.charge_address(scope, len(statements) - 1)
    token = CURRENT_REQUEST.set(RequestContext(service.request_ids.name(scope)))
    try:
        return await _Bulk(service).register(statements)
    finally:
        CURRENT_REQUEST.reset(token)


class _Bulk:
    """One sequence under way. It waits for room in the queue no longer than for a commit."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._log = service.registering
        self._room_until = asyncio.get_running_loop().time() + service.log.commit_seconds
        self._noted: set[str] = set()

    async def register(self, statements: list[bytes]) -> bytes:
        """The answers, one behind the other."""
        begun: list[Begun | None] = []
        for start in range(0, len(statements), BULK_SLICE):
            begun += await self._begin(statements[start : start + BULK_SLICE])
            await asyncio.sleep(0)
        answers: list[bytes] = []
        for statement, waiting in zip(statements, begun, strict=True):
            answers.append(await self._answer(statement, waiting))
            await _give_others_a_turn(len(answers))
        return b"".join(answers)

    async def _begin(self, some: Sequence[bytes]) -> list[Begun | None]:
        """Admit statements as ``register`` does and let them queue; None where the whole of that way has to tell."""
        rules, head_time = await self._log.rules(), self._log.head_time()
        admitted = take_steps([_admission(data, rules, head_time) for data in some])
        return [await self._queued(outcome, rules, head_time) for outcome in admitted]

    async def _queued(
        self, admitted: Submission | SignedStatement | Exception, rules: Rules, head_time: int
    ) -> Begun | None:
        if isinstance(admitted, Exception):
            return None
        try:
            if isinstance(admitted, SignedStatement):
                admitted = await decided(admitted, rules, head_time, self._log)
            if admitted.decision.effect is not Effect.NONE:
                return None
            return admitted.statement, await self._when_there_is_room(partial(self._enqueue, admitted))
        except Exception:  # noqa: BLE001 - others queue already; it is raised again where it is this one's problem alone
            return None

    async def _enqueue(self, submission: Submission) -> Future[Result]:
        return self._log.enqueue(submission)

    async def _answer(self, data: bytes, begun: Begun | None) -> bytes:
        try:
            registration = await self._registration(data, begun)
        except CounterfoilError as error:
            problem = problem_of(error)
            if self._is_news(problem):
                note_failure(self._service, error)
            return self._failed(problem)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw of one statement takes no receipt from another
            if self._is_news(INTERNAL):
                note_unforeseen(error)
            return self._failed(INTERNAL)
        if not registration.new:
            self._service.metrics.duplicate()
        if not self._service.released(registration.number):
            return RECEIPT_WITHHELD.at(f"/entries/{registration.entry_id.hex()}").as_item()
        return registration.receipt

    async def _registration(self, data: bytes, begun: Begun | None) -> Registration:
        if begun is not None:
            statement, waiting = begun
            if (registration := await settle(statement, await waiting, self._log)) is not None:
                return registration
        return await self._when_there_is_room(lambda: register(data, self._log))

    async def _when_there_is_room(self, call: Callable[[], Awaitable[Answered]]) -> Answered:
        # Those of one bulk wait for one another, and are not refused because they came together.
        while True:
            try:
                return await call()
            except QueueFullError:
                if asyncio.get_running_loop().time() >= self._room_until:
                    raise
                await asyncio.sleep(_ROOM_SECONDS)

    def _is_news(self, problem: Problem) -> bool:
        # One outage is one line, not 256.
        seen = problem.code in self._noted
        self._noted.add(problem.code)
        return not seen

    def _failed(self, problem: Problem) -> bytes:
        self._service.metrics.refused(problem.code)
        return problem.as_item()


def _admission(data: bytes, rules: Rules, head_time: int) -> Steps[Submission | SignedStatement]:
    """Read and admit a statement; one that carries evidence of hardware is only read."""
    statement = parse_signed_statement(data, max_bytes=largest_statement(rules))
    if carries_attestation(statement):
        return statement
    yield
    return (yield from admission(statement, rules, head_time))


async def _give_others_a_turn(count: int) -> None:
    if count % BULK_SLICE == 0:
        await asyncio.sleep(0)
