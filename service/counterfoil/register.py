"""The flow: statement, issuer's key, signature, decision, place in the log, receipt.

Everything a registration does stands here in order; each step is one call into the package that answers for it.
"""

from asyncio import Future
from collections.abc import Callable
from typing import Final, Protocol

from counterfoil.attestation.conveyance.carried import carries_attestation
from counterfoil.errors import RefusedError, RulesUnsettledError, UnverifiedError
from counterfoil.frozen import frozen
from counterfoil.log.group_commit import Result
from counterfoil.log.plan import Declined, Known, Placed, Submission
from counterfoil.log.together import Steps, finish
from counterfoil.policy.decision import decide, largest_statement, require_admitted_size
from counterfoil.policy.rules import Rules
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import (
    SignedStatement,
    StatementHash,
    parse_signed_statement,
    verify_statement,
)

MAX_DECISIONS: Final = 8
"""A decision is made again when the rules changed meanwhile; policies do not change that often in a row."""


@frozen
class Registration:
    """A registered statement: its entry id, its number, and its receipt. ``new``: this call appended it."""

    entry_id: StatementHash
    number: int
    receipt: bytes
    new: bool


class OpenLog(Protocol):
    """A founded log as registration sees it."""

    async def rules(self, *, newer_than: Rules | None = None) -> Rules:
        """The rules in force; read again from the log when ``newer_than`` is given, since those were not enough."""
        ...

    def head_time(self) -> int:
        """The time a head committed now would bear: the later of the last head's time and the clock."""
        ...

    async def aside(self, decide: Callable[[], Submission]) -> Submission:
        """Have a decision made that takes long enough to keep others waiting; one after another, and beside them."""
        ...

    async def together(self, steps: Steps[Submission]) -> Submission:
        """Have a decision made with those that others ask for in the same turn of the event loop."""
        ...

    async def append(self, submission: Submission) -> Result:
        """Append with whatever else waits; the outcome, and the receipt when it is a new entry."""
        ...

    def enqueue(self, submission: Submission) -> Future[Result]:
        """As ``append``, for a statement that is none of the log's own, without waiting for the commit."""
        ...

    async def find(self, entry_id: StatementHash) -> tuple[int, bytes] | None:
        """The number and the stable receipt of a registered statement; None when it is not on the log."""
        ...


async def register(data: bytes, log: OpenLog) -> Registration:
    """Register a signed statement and return its receipt; nothing changes when it raises.

    The same bytes sent again get the same receipt, whatever the policy has become meanwhile, as long as they are not
    larger than what is still read under it; the receipt of a larger one is fetched by its entry id.

    Raises:
        MalformedError, UnverifiedError, RefusedError: The statement is not admitted.
        SignatureTwinError: It is registered with the other ECDSA signature of the pair.
        UnavailableError: Send it again later.

    Spec: RFC 9943, section 6.3; RFC 9942; SCRAPI, section 2.1.3.
    """
    rules = await log.rules()
    if len(data) > largest_statement(rules):
        rules = await log.rules(newer_than=rules)
    statement = parse_signed_statement(data, max_bytes=largest_statement(rules))
    for _ in range(MAX_DECISIONS):
        head_time = log.head_time()
        try:
            submission = await decided(statement, rules, head_time, log)
        except (RefusedError, UnverifiedError):
            # A key, too, is what a policy says: a newer one may hold the key that this signature verifies with.
            newer = await log.rules(newer_than=rules)
            if newer.rules_entry != rules.rules_entry or log.head_time() != head_time:
                rules = newer
                continue
            if (known := await log.find(statement.hash)) is not None:
                return Registration(statement.hash, *known, new=False)
            raise
        if (registration := await settle(statement, await log.append(submission), log)) is not None:
            return registration
        rules = await log.rules(newer_than=rules)
    raise RulesUnsettledError("the rules changed each time the statement was decided")


async def settle(statement: SignedStatement, result: Result, log: OpenLog) -> Registration | None:
    """What came of a statement's append; None when it has to be decided again.

    Raises:
        ConflictError: The statement conflicts with the log.
    """
    match result:
        case Placed(number), bytes(receipt):
            return Registration(statement.hash, number, receipt, new=True)
        case Declined(error), _:
            raise error
        case Known(), _ if (known := await log.find(statement.hash)) is not None:
            return Registration(statement.hash, *known, new=False)
        case _:
            return None


async def decided(statement: SignedStatement, rules: Rules, head_time: int, log: OpenLog) -> Submission:
    """As ``admit``, with others; beside them where evidence is judged, which takes some twenty signatures' time."""
    if carries_attestation(statement):
        return await log.aside(lambda: admit(statement, rules, head_time))
    return await log.together(admission(statement, rules, head_time))


def admit(statement: SignedStatement, rules: Rules, head_time: int) -> Submission:
    """Find the issuer's key, verify the signature with it, and decide; pure."""
    return finish(admission(statement, rules, head_time))


def admission(statement: SignedStatement, rules: Rules, head_time: int) -> Steps[Submission]:
    """What ``admit`` does, step by step; an audit repeats these steps."""
    require_admitted_size(statement, rules)
    credential = find_issuer_key(statement, rules, head_time)
    yield
    verify_statement(statement, credential.key)
    yield
    return Submission(statement, decide(statement, credential, rules, head_time))
