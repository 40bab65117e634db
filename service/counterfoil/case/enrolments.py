"""The rules by which the entries of a case were decided, with the keys whose enrolment its decisions name."""

from collections.abc import Sequence

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.build import OwnEntry
from counterfoil.errors import CaseInvalidError, CounterfoilError, RefusedError
from counterfoil.policy.decision import decide
from counterfoil.policy.past_rules import Enrolling, rules_under
from counterfoil.policy.rules import Rules
from counterfoil.policy.succession import Succession
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import parse_signed_statement


class CaseRules:
    """The rules of each exhibit; what an enrolment makes of them is computed once.

    Raises:
        CaseInvalidError: The enrolments in the case are not those that its decisions name, or one would not have been
            admitted as its record says.
        UnverifiedError, MalformedError: A signature of an enrolment does not hold, or it cannot be read.
    """

    def __init__(self, account: Account, enrolments: Sequence[OwnEntry], succession: Succession) -> None:
        self._succession = succession
        self._enrolments = {one.number: _decided_again(one, succession) for one in enrolments}
        self._known: dict[tuple[int | None, int], Rules] = {}
        named = {number for one in account.exhibits if (number := _named(one)) is not None}
        if named != self._enrolments.keys():
            raise CaseInvalidError("the enrolments in the case are not those that the decisions on its entries name")

    def of(self, one: ReadExhibit) -> Rules:
        """The rules under which an exhibit was decided.

        Raises:
            CaseInvalidError: The enrolment that its record names is not one before it.
        """
        number, enrolment = one.exhibit.number, _named(one)
        policies = self._succession.rules_for(number)
        if enrolment is None:
            return policies
        name = enrolment, policies.rules_entry
        if name not in self._known or enrolment >= number:
            self._known[name] = self._under(number, self._enrolments[enrolment])
        return self._known[name]

    def _under(self, number: int, enrolling: Enrolling) -> Rules:
        try:
            return rules_under(self._succession.past, number, enrolling)
        except CounterfoilError as error:
            raise CaseInvalidError(f"the enrolment that entry {number} names: {error.detail}") from error


def _named(one: ReadExhibit) -> int | None:
    return None if one.record.attested is None else one.record.attested.enrolment


def _decided_again(one: OwnEntry, succession: Succession) -> Enrolling:
    statement = parse_signed_statement(one.statement, max_bytes=len(one.statement))
    record, rules = parse_decision_record(one.decision), succession.rules_for(one.number)
    try:
        credential = find_issuer_key(statement, rules, record.head_time)
        decided = decide(statement, credential, rules, record.head_time)
    except RefusedError as error:
        raise CaseInvalidError(f"the enrolment in entry {one.number} is not admitted: {error.detail}") from error
    if decided.record(one.number, record.head_time) != record:
        raise CaseInvalidError(f"the decision on the enrolment in entry {one.number} does not come out as recorded")
    return Enrolling(one.number, statement, record.head_time)
