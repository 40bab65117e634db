"""How much is taken from one sender in a second: by address before a body is read, by issuer once it is known.

Each process counts on its own. An address is counted when it sends, whatever becomes of it. An issuer is counted for
what its own signature put on the log, so that nobody can use up the allowance of another, not by forging statements and
not by posting registered ones again.
"""

from asyncio import Future
from collections.abc import Callable
from functools import partial

from starlette.types import Scope

from counterfoil.errors import RateLimitedError
from counterfoil.http.allowances import Allowances
from counterfoil.http.client_address import ClientAddresses
from counterfoil.log.group_commit import Result
from counterfoil.log.plan import Placed, Submission
from counterfoil.log.together import Steps
from counterfoil.policy.rules import Rules
from counterfoil.register import OpenLog
from counterfoil.settings import Settings
from counterfoil.statement.signed_statement import StatementHash


class RateLimits:
    """The limits of one process, as its settings say. Its methods are called on the event loop."""

    def __init__(self, settings: Settings, timer: Callable[[], float]) -> None:
        self.addresses = ClientAddresses(settings.trusted_proxies)
        self._registrations = _allowances(settings.rate_per_address, timer)
        self._reads = _allowances(settings.rate_reads_per_address, timer)
        self._issuers = _allowances(settings.rate_per_issuer, timer)

    def require_address(self, scope: Scope) -> None:
        """Count one statement of a request's sender.

        Raises:
            RateLimitedError: It sends too many.
        """
        if self._registrations is not None:
            self._require(self._registrations, scope)

    def charge_address(self, scope: Scope, count: int) -> None:
        """Count more statements of a sender whose request was let in: those of a bulk but the first."""
        if self._registrations is not None:
            self._registrations.charge(self.addresses.sender(scope), count)

    def require_read(self, scope: Scope) -> None:
        """Count a read of a request's sender.

        Raises:
            RateLimitedError: It reads too much.
        """
        if self._reads is not None:
            self._require(self._reads, scope)

    def limited(self, log: OpenLog) -> OpenLog:
        """The log as registration is to see it: the same one where issuers have no limit."""
        return log if self._issuers is None else LimitedLog(log, self._issuers)

    def _require(self, allowances: Allowances, scope: Scope) -> None:
        sender = self.addresses.sender(scope)
        wait = allowances.wait(sender)
        if wait:
            raise RateLimitedError("this address sends more than is taken from one address", wait)
        allowances.charge(sender)


class LimitedLog:
    """A log that appends no more of one issuer than its allowance; the issuer's signature was verified before."""

    def __init__(self, log: OpenLog, issuers: Allowances) -> None:
        self._log = log
        self._issuers = issuers

    async def rules(self, *, newer_than: Rules | None = None) -> Rules:
        """The rules in force, as the log says."""
        return await self._log.rules(newer_than=newer_than)

    def head_time(self) -> int:
        """The time a head committed now would bear, as the log says."""
        return self._log.head_time()

    async def aside(self, decide: Callable[[], Submission]) -> Submission:
        """Have a decision made, as the log does."""
        return await self._log.aside(decide)

    async def together(self, steps: Steps[Submission]) -> Submission:
        """Have a decision made with others, as the log does."""
        return await self._log.together(steps)

    async def append(self, submission: Submission) -> Result:
        """Append, unless the issuer has appended too much.

        Raises:
            RateLimitedError: It has.
        """
        issuer = self._require(submission)
        result = await self._log.append(submission)
        if isinstance(result[0], Placed):
            self._issuers.charge(issuer)
        return result

    def enqueue(self, submission: Submission) -> Future[Result]:
        """Let it wait for the next commit, unless the issuer has appended too much.

        Those of one bulk that wait together are let in together, and paid for once they are on the log.

        Raises:
            RateLimitedError: It has.
        """
        issuer = self._require(submission)
        waiting = self._log.enqueue(submission)
        waiting.add_done_callback(partial(self._charge, issuer))
        return waiting

    async def find(self, entry_id: StatementHash) -> tuple[int, bytes] | None:
        """The registered statement, as the log says."""
        return await self._log.find(entry_id)

    def _require(self, submission: Submission) -> str:
        issuer = submission.statement.claims.issuer or ""
        wait = self._issuers.wait(issuer)
        if wait:
            raise RateLimitedError("this issuer registers more than is taken from one issuer", wait)
        return issuer

    def _charge(self, issuer: str, done: Future[Result]) -> None:
        if not done.cancelled() and done.exception() is None and isinstance(done.result()[0], Placed):
            self._issuers.charge(issuer)


def _allowances(per_second: int, timer: Callable[[], float]) -> Allowances | None:
    return Allowances(per_second, timer) if per_second else None
