"""The rules that entries of a log were decided under, with the keys that were enrolled by then."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.errors import ChainInvalidError
from counterfoil.policy.changes import rules_after, sessions_after
from counterfoil.policy.decision import decide
from counterfoil.policy.rules import Rules
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, verify_statement

_FIRST_ENTRY = 1
"""Entry 0 is decided under the policy that it is."""


@dataclass(frozen=True, slots=True)
class Enrolling:
    """An enrolment as it lies on the log: its number, its statement, and the head time of its registration."""

    number: int
    statement: SignedStatement
    head_time: int


@dataclass(frozen=True)
class PastRules:
    """The rules as each entry of the chain of policies left them, without sessions, and the head times of those."""

    steps: tuple[Rules, ...]
    times: tuple[int, ...]

    def before(self, number: int) -> Rules:
        """The rules under which an entry of that number was decided, as the chain of policies alone has them.

        Raises:
            ChainInvalidError: There are none.
        """
        place = bisect_left(self._changed_at, max(number, _FIRST_ENTRY))
        if place == 0:
            raise ChainInvalidError(f"no policy was committed before entry {number}")
        return self.steps[place - 1]

    def between(self, first: int, last: int) -> Iterator[tuple[Rules, int]]:
        """What the entries after ``first`` and before ``last`` left, each with its head time."""
        for place in range(bisect_left(self._changed_at, first + 1), bisect_left(self._changed_at, last)):
            yield self.steps[place], self.times[place]

    @cached_property
    def _changed_at(self) -> list[int]:
        return [rules.rules_entry for rules in self.steps]


def rules_under(past: PastRules, number: int, enrolling: Enrolling | None) -> Rules:
    """The rules under which an entry was decided whose record names that enrolment, or None.

    Its session is the only one in them: whether another enrolment of the key came later takes all of them.

    Raises:
        ChainInvalidError: It is no enrolment, or not before the entry.
        RefusedError, UnverifiedError, MalformedError: It cannot have been admitted.
    """
    if enrolling is None:
        return past.before(number)
    statement, at = enrolling.statement, enrolling.head_time
    if enrolling.number >= number or statement.content_type != ENROLMENT_CONTENT_TYPE:
        raise ChainInvalidError(f"entry {enrolling.number} is no enrolment before entry {number}")
    before = past.before(enrolling.number)
    credential = find_issuer_key(statement, before, at)
    verify_statement(statement, credential.key)
    decide(statement, credential, before, at)
    enrolled = rules_after(before, enrolling.number, statement, credential.key.thumbprint, at)
    sessions = enrolled.sessions
    for after, changed in past.between(enrolling.number, number):
        sessions = sessions_after(replace(before, sessions=sessions), after, changed)
        before = after
    return replace(before, sessions=sessions)
