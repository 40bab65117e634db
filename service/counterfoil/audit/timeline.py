"""Which rules were in force when an entry was decided: the chains of policies and enrolments, decided again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from counterfoil.audit.enrolled_rules import EnrolledRules, EnrolmentEntry, ReadEntry
from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.placed import require_placed
from counterfoil.errors import ChainInvalidError, CounterfoilError, MalformedError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.past_rules import PastRules
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES


@dataclass(frozen=True, slots=True)
class RulesEntry:
    """An entry of the chain of policies as the log gives it out, at the place that its receipt or the store names."""

    number: int
    statement: bytes
    decision: bytes


def _nothing(_number: int) -> AuditedEntry | None:
    return None


class Timeline:
    """The rules of a log by the entries that changed them, the first at entry 0.

    ``enrolments`` are the entries of that chain, in order, each of which ``read`` reads when it is needed, and None
    where the log does not give out which there are; of the timeline they are the numbers.
    """

    def __init__(
        self,
        past: PastRules,
        refused: Iterable[Fault] = (),
        enrolments: Sequence[EnrolmentEntry] | None = (),
        read: ReadEntry = _nothing,
    ) -> None:
        self._past = past
        self._refused = tuple(refused)
        self.enrolments = None if enrolments is None else frozenset(one.number for one in enrolments)
        self._rules = EnrolledRules(past, enrolments or (), read)

    def rules_at(self, number: int) -> Rules:
        """The rules that entry ``number`` was decided under; entry 0 is decided under the policy that it is.

        Raises:
            CounterfoilError: An enrolment cannot be asked for.
        """
        return self._rules.at(number)

    @property
    def refused(self) -> tuple[Fault, ...]:
        """What would not have been admitted; of the enrolments those that were decided again on the way here."""
        return (*self._refused, *self._rules.refused.values())

    @cached_property
    def changes(self) -> frozenset[int]:
        """The entries of the chain of policies that came into force after the founding."""
        return frozenset(rules.rules_entry for rules in self._past.steps[1:])

    def lacks_enrolment(self, entry: AuditedEntry) -> bool:
        """Whether the record of an entry names an enrolment that the log does not give out."""
        if self.enrolments is None:
            return _named_enrolment(entry) is not None
        lost = self._rules.lost
        return bool(lost) and _named_enrolment(entry) in lost

    @property
    def refuses_findings(self) -> bool:
        """Whether a policy ever refused what has a finding, so that whole chains have to be followed."""
        return any(rules.policy.refused_findings for rules in self._past.steps)


def read_timeline(
    entries: Iterable[RulesEntry],
    genesis: Genesis,
    enrolments: Sequence[EnrolmentEntry] | None = (),
    read: ReadEntry = _nothing,
) -> Timeline:
    """Follow the rules through the chain of policies, each entry decided under those before it.

    What would not have been admitted does not come into force, and is a fault. The chain of enrolments is followed as
    the rules are asked for.

    Raises:
        ChainInvalidError: They do not begin with a policy in entry 0.
    """
    chain = list(entries)
    if not chain or chain[0].number != POLICY_ENTRY:
        raise ChainInvalidError("the chain of policies does not begin with entry 0")
    steps, times, refused = [_founding(chain[0], genesis)], [_head_time(chain[0])], list[Fault]()
    for entry in chain[1:]:
        if entry.number <= GENESIS_ENTRY:
            continue  # It changes no rule, and is repeated with the other entries.
        try:
            rules = _after(steps[-1], entry)
        except CounterfoilError as error:
            refused.append(Fault(FaultKind.NOT_ADMITTED, entry.number, error.detail, error.code))
        else:
            if rules is not None:
                steps.append(rules)
                times.append(_head_time(entry))
    return Timeline(PastRules(tuple(steps), tuple(times)), refused, enrolments, read)


def _named_enrolment(entry: AuditedEntry) -> int | None:
    try:
        attested = parse_decision_record(entry.decision or b"").attested
    except MalformedError:
        return None
    return None if attested is None else attested.enrolment


def _founding(entry: RulesEntry, genesis: Genesis) -> Rules:
    try:
        return founding_rules(genesis, _parse(entry), BUILT_IN_PROFILES)
    except CounterfoilError as error:
        raise ChainInvalidError(f"entry 0 is no policy: {error.detail}") from error


def _after(rules: Rules, entry: RulesEntry) -> Rules | None:
    """The rules after an entry; None where it changes none."""
    statement = _parse(entry)
    head_time = _head_time(entry)
    decision = admit(statement, rules, head_time).decision
    require_placed(decision, entry.number)
    if decision.effect in {Effect.NONE, Effect.PAGE}:
        return None
    return rules_after(rules, entry.number, statement, decision.key_thumbprint, head_time)


def _head_time(entry: RulesEntry) -> int:
    return parse_decision_record(entry.decision).head_time


def _parse(entry: RulesEntry) -> SignedStatement:
    return parse_signed_statement(entry.statement, max_bytes=len(entry.statement))
