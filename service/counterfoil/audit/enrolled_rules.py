"""The rules with the keys that are enrolled, entry by entry: enrolments decided again in their turn, and let go."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from counterfoil.attestation.appraisal_policy import MAX_MAX_AGE_SECONDS
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.errors import ContentTypeNotAdmittedError, CounterfoilError
from counterfoil.policy.changes import rules_after, sessions_after
from counterfoil.policy.past_rules import PastRules
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement

ReadEntry = Callable[[int], AuditedEntry | None]
"""An entry of the log by its number; None where the log gives out none."""


@dataclass(frozen=True, slots=True)
class EnrolmentEntry:
    """An entry of the chain of enrolments: its number, its id, and the head time that its record names."""

    number: int
    entry_id: StatementHash
    head_time: int


class EnrolledRules:
    """Follows both chains by entry number; made for entries that are asked for in their order.

    Of the enrolments only those are decided again that can be in force at the entry, and only the keys in force are
    kept. ``lost`` are the enrolments that the log does not give out, of which nobody can say what they changed.
    """

    def __init__(self, past: PastRules, enrolments: Sequence[EnrolmentEntry], read: ReadEntry) -> None:
        self._past = past
        self._numbers = [rules.rules_entry for rules in past.steps]
        self._enrolments = enrolments
        self._enrolled = [one.number for one in enrolments]
        self._read = read
        self.lost: set[int | None] = set()
        self.refused: dict[int, Fault] = {}
        self._rules = past.steps[0]
        self._step, self._enrolment, self._reached = 1, 0, 0
        self._until: float = -1

    def at(self, number: int) -> Rules:
        """The rules that entry ``number`` was decided under.

        Raises:
            CounterfoilError: An entry cannot be asked for.
        """
        if self._reached <= number <= self._until:
            return self._rules
        if number < self._reached:
            self._restart()
        steps, enrolled = bisect_left(self._numbers, number), bisect_left(self._enrolled, number)
        latest = self._latest(steps, enrolled)
        while self._step < steps or self._enrolment < enrolled:
            if self._enrolment == enrolled or (
                self._step < steps and self._numbers[self._step] < self._enrolled[self._enrolment]
            ):
                self._take_step()
            else:
                self._take_enrolment(latest)
        self._reached, self._until = number, self._next_change(steps, enrolled)
        return self._rules

    def _next_change(self, steps: int, enrolled: int) -> float:
        """The next entry of either chain, which is itself decided under the rules that stand."""
        ahead = (*self._numbers[steps : steps + 1], *self._enrolled[enrolled : enrolled + 1])
        return min(ahead, default=inf)

    def _restart(self) -> None:
        self._rules = self._past.steps[0]
        self._step, self._enrolment, self._reached, self._until = 1, 0, 0, -1

    def _latest(self, steps: int, enrolled: int) -> int:
        """A time that is not after the one at which the entry was decided."""
        times = [self._past.times[steps - 1]] if steps else []
        return max([*times, *([self._enrolments[enrolled - 1].head_time] if enrolled else [])], default=0)

    def _take_step(self) -> None:
        after = self._past.steps[self._step]
        sessions = sessions_after(self._rules, after, self._past.times[self._step])
        self._rules = replace(after, sessions=sessions)
        self._step += 1

    def _take_enrolment(self, latest: int) -> None:
        one = self._enrolments[self._enrolment]
        self._enrolment += 1
        if one.head_time + MAX_MAX_AGE_SECONDS < latest:
            return
        entry = self._read(one.number)
        if entry is None or entry.decision is None or entry.statement is None:
            self.lost.add(one.number)
            return
        try:
            self._rules = _enrolled(self._rules, one, entry.statement, entry.decision)
        except CounterfoilError as error:
            self.refused[one.number] = Fault(FaultKind.NOT_ADMITTED, one.number, error.detail, error.code)


def _enrolled(rules: Rules, one: EnrolmentEntry, data: bytes, decision: bytes) -> Rules:
    statement, at = parse_signed_statement(data, max_bytes=len(data)), parse_decision_record(decision).head_time
    if statement.hash != one.entry_id or statement.content_type != ENROLMENT_CONTENT_TYPE:
        raise ContentTypeNotAdmittedError("another statement than the chain of enrolments has there")
    decided = admit(statement, rules, at).decision
    return rules_after(rules, one.number, statement, decided.key_thumbprint, at)
