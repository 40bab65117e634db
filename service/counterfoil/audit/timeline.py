"""Which rules were in force when an entry was decided: the chain of policies, decided again."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.placed import require_placed
from counterfoil.errors import ChainInvalidError, CounterfoilError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.own_statements import Effect
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


class Timeline:
    """The rules of a log by the entries that changed them, the first at entry 0."""

    def __init__(self, steps: Iterable[Rules], refused: Iterable[Fault] = ()) -> None:
        self._steps = tuple(steps)
        self._numbers = [rules.rules_entry for rules in self._steps]
        self.refused = tuple(refused)

    def rules_at(self, number: int) -> Rules:
        """The rules that entry ``number`` was decided under; entry 0 is decided under the policy that it is."""
        return self._steps[max(0, bisect_left(self._numbers, number) - 1)]

    @cached_property
    def changes(self) -> frozenset[int]:
        """The entries that came into force after the founding."""
        return frozenset(self._numbers[1:])

    @property
    def refuses_findings(self) -> bool:
        """Whether a policy ever refused what has a finding, so that whole chains have to be followed."""
        return any(rules.policy.refused_findings for rules in self._steps)


def read_timeline(entries: Iterable[RulesEntry], genesis: Genesis) -> Timeline:
    """Follow the rules through the chain of policies, each entry decided under those before it.

    What would not have been admitted does not come into force, and is a fault.

    Raises:
        ChainInvalidError: They do not begin with a policy in entry 0.
    """
    chain = list(entries)
    if not chain or chain[0].number != POLICY_ENTRY:
        raise ChainInvalidError("the chain of policies does not begin with entry 0")
    steps, refused = [_founding(chain[0], genesis)], list[Fault]()
    for entry in chain[1:]:
        if entry.number <= GENESIS_ENTRY:
            continue  # It changes no rule, and is repeated with the other entries.
        try:
            rules = _after(steps[-1], entry)
        except CounterfoilError as error:
            refused.append(Fault(FaultKind.NOT_ADMITTED, entry.number, error.detail, error.code))
        else:
            steps += [] if rules is None else [rules]
    return Timeline(steps, refused)


def _founding(entry: RulesEntry, genesis: Genesis) -> Rules:
    try:
        return founding_rules(genesis, _parse(entry), BUILT_IN_PROFILES)
    except CounterfoilError as error:
        raise ChainInvalidError(f"entry 0 is no policy: {error.detail}") from error


def _after(rules: Rules, entry: RulesEntry) -> Rules | None:
    """The rules after an entry; None where it changes none."""
    statement = _parse(entry)
    head_time = parse_decision_record(entry.decision).head_time
    decision = admit(statement, rules, head_time).decision
    require_placed(decision, entry.number)
    if decision.effect in {Effect.NONE, Effect.PAGE}:
        return None
    return rules_after(rules, entry.number, statement, decision.key_thumbprint, head_time)


def _parse(entry: RulesEntry) -> SignedStatement:
    return parse_signed_statement(entry.statement, max_bytes=len(entry.statement))
