"""Registration decisions, each made again from its entry alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Final

from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.placed import require_placed
from counterfoil.errors import CounterfoilError, MalformedDecisionError, MalformedError, UnverifiedError
from counterfoil.frozen import frozen
from counterfoil.log.founding import founding_decision, require_founding
from counterfoil.policy.decision import Decision, decide, require_admitted_size
from counterfoil.policy.rules import Rules
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.credential import Credential
from counterfoil.statement.decision_record import Attested, DecisionRecord, parse_decision_record
from counterfoil.statement.evidence import X5CHAIN, Evidence, carried_certificates
from counterfoil.statement.genesis import GENESIS_ENTRY, KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement

_MEMBERS: Final = tuple(one.name for one in fields(DecisionRecord))


@frozen
class Repeated:
    """What came of repeating a decision: no faults where it comes out the same.

    ``statement`` is None where it cannot be read or is not the entry's, ``head_time`` where the record cannot be read,
    ``decision`` where the statement is not admitted.
    """

    faults: tuple[Fault, ...]
    statement: SignedStatement | None = None
    head_time: int | None = None
    decision: Decision | None = None


def repeat_together(entries: Iterable[tuple[AuditedEntry, Rules]]) -> list[Repeated]:
    """Decide entries that are not withheld again, each under the rules beside it and at its recorded head time.

    Each of them takes the steps that registration takes (``register.admit``) in the same order, and what one of them
    comes to changes nothing for another. All take a step before any takes the next, since a processor that does the
    same thing many times in a row needs a fifth less time for it. What may follow in an entry's chain, and what is on
    the log already, is not asked: that takes the entries before it.
    """
    cases = [_Case(entry, rules) for entry, rules in entries]
    going = [case for case in cases if _read_record(case)]
    going = [case for case in going if _read_statement(case)]
    for step in (_find_key, _verify, _decide):
        going = [case for case in going if _is_admitted(step, case)]
    for case in going:
        _compare(case)
    return [case.outcome for case in cases]


@dataclass(slots=True)
class _Case:
    """An entry on its way: what each step finds is there for those behind it. ``outcome`` is set by its last one."""

    entry: AuditedEntry
    rules: Rules
    record: DecisionRecord = field(init=False)
    statement: SignedStatement = field(init=False)
    credential: Credential = field(init=False)
    decision: Decision = field(init=False)
    outcome: Repeated = field(init=False)


def _read_record(case: _Case) -> bool:
    try:
        case.record = parse_decision_record(case.entry.decision or b"")
    except MalformedError as error:
        what = f"the record cannot be read: {error.detail}"
        case.outcome = Repeated((Fault(FaultKind.DECISION_DIFFERS, case.entry.number, what, error.code),))
        return False
    return True


def _read_statement(case: _Case) -> bool:
    try:
        fault = _statement_fault(case)
    except (MalformedError, UnverifiedError) as error:
        fault = _refusal(case, error)
    if fault is not None:
        case.outcome = Repeated((fault,), head_time=case.record.head_time)
    return fault is None


def _statement_fault(case: _Case) -> Fault | None:
    entry = case.entry
    if entry.statement is None:
        what = "the statement is not stored, and no entry orders its erasure"
        return Fault(FaultKind.STATEMENT_MISSING, entry.number, what)
    case.statement = _parse(entry, entry.statement)
    return _other_statement(entry, case.statement)


def _is_admitted(step: Callable[[_Case], None], case: _Case) -> bool:
    try:
        step(case)
    except CounterfoilError as error:
        case.outcome = Repeated((_refusal(case, error),), case.statement, case.record.head_time)
        return False
    return True


def _find_key(case: _Case) -> None:
    if case.entry.number > GENESIS_ENTRY:
        require_admitted_size(case.statement, case.rules)
    case.credential = find_issuer_key(case.statement, case.rules, case.record.head_time)


def _verify(case: _Case) -> None:
    verify_statement(case.statement, case.credential.key)


def _decide(case: _Case) -> None:
    number, rules = case.entry.number, case.rules
    if number > GENESIS_ENTRY:
        case.decision = decide(case.statement, case.credential, rules, case.record.head_time)
        require_placed(case.decision, number)
    else:
        require_founding(number, case.statement, case.credential.key, rules)
        case.decision = founding_decision(rules.genesis.keys[KeyPurpose.OPERATOR])


def _compare(case: _Case) -> None:
    number, record, decision = case.entry.number, case.record, case.decision
    faults = () if _is_same(number, record, decision) else tuple(_differences(number, record, decision))
    case.outcome = Repeated(faults, case.statement, record.head_time, decision)


def _parse(entry: AuditedEntry, data: bytes) -> SignedStatement:
    statement = parse_signed_statement(data, max_bytes=len(data))
    return statement if entry.evidence is None else replace(statement, carried_x5chain=_carried(entry.evidence))


def _carried(evidence: Evidence) -> tuple[bytes, ...]:
    if evidence.kind != X5CHAIN:
        raise MalformedDecisionError("the evidence is of a kind that this release does not keep")
    return carried_certificates(evidence)


def _other_statement(entry: AuditedEntry, statement: SignedStatement) -> Fault | None:
    if statement.hash != entry.statement_hash:
        named = entry.statement_hash.hex()
        what = f"the tree has {named} at its place, and the statement hashes to {statement.hash.hex()}"
        return Fault(FaultKind.STATEMENT_DIFFERS, entry.number, what)
    if statement.encoded != entry.statement:
        return Fault(FaultKind.STATEMENT_DIFFERS, entry.number, "the statement is not in the log's encoding")
    return None


def _is_same(number: int, record: DecisionRecord, decision: Decision) -> bool:
    """Whether there is no difference: asked of every entry, and quicker than what they are."""
    return (
        record.key_thumbprint == decision.key_thumbprint
        and record.number == number
        and record.policy_entry == decision.policy_entry
        and record.evidence_digest == decision.evidence_digest
        and record.appraisal_digest == decision.standing.appraisal_digest
        and record.collateral_digest == decision.standing.collateral_digest
        and record.attested == decision.standing.recorded
    )


def _differences(number: int, record: DecisionRecord, decision: Decision) -> Iterator[Fault]:
    expected = decision.record(number, record.head_time)
    for member in _MEMBERS:
        recorded, repeated = getattr(record, member), getattr(expected, member)
        if recorded != repeated:
            what = f"{member.replace('_', ' ')}: recorded {_shown(recorded)}, repeated {_shown(repeated)}"
            yield Fault(FaultKind.DECISION_DIFFERS, number, what)


def _refusal(case: _Case, error: CounterfoilError) -> Fault:
    return Fault(FaultKind.NOT_ADMITTED, case.entry.number, error.detail, error.code)


def _shown(value: bytes | int | Attested | None) -> str:
    if isinstance(value, Attested):
        return attested_text(value)
    return "none" if value is None else value.hex() if isinstance(value, bytes) else str(value)
