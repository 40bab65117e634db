"""Registration decisions, each made again from its entry alone."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Final

from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.placed import require_placed
from counterfoil.errors import CounterfoilError, MalformedDecisionError, MalformedError, UnverifiedError
from counterfoil.frozen import frozen
from counterfoil.log.founding import founding_decision, require_founding
from counterfoil.log.together import Steps, take_steps
from counterfoil.policy.decision import Decision
from counterfoil.policy.rules import Rules
from counterfoil.register import admission
from counterfoil.statement.attested_words import attested_text
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

    Each takes the steps that registration takes, all of them one before any takes the next, and what one of them comes
    to changes nothing for another. What may follow in an entry's chain, and what is on the log already, is not asked:
    that takes the entries before it.
    """
    return [_foreseen(outcome) for outcome in take_steps([_repeating(entry, rules) for entry, rules in entries])]


def _foreseen(outcome: Repeated | Exception) -> Repeated:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _repeating(entry: AuditedEntry, rules: Rules) -> Steps[Repeated]:
    try:
        record = parse_decision_record(entry.decision or b"")
    except MalformedError as error:
        what = f"the record cannot be read: {error.detail}"
        return Repeated((Fault(FaultKind.DECISION_DIFFERS, entry.number, what, error.code),))
    yield
    statement = _statement_or_fault(entry)
    if isinstance(statement, Fault):
        return Repeated((statement,), head_time=record.head_time)
    yield
    try:
        decision = yield from _deciding(entry.number, statement, rules, record.head_time)
    except CounterfoilError as error:
        return Repeated((_refusal(entry, error),), statement, record.head_time)
    yield
    same = _is_same(entry.number, record, decision)
    faults = () if same else tuple(_differences(entry.number, record, decision))
    return Repeated(faults, statement, record.head_time, decision)


def _deciding(number: int, statement: SignedStatement, rules: Rules, head_time: int) -> Steps[Decision]:
    if number > GENESIS_ENTRY:
        submission = yield from admission(statement, rules, head_time)
        require_placed(submission.decision, number)
        return submission.decision
    credential = find_issuer_key(statement, rules, head_time)
    verify_statement(statement, credential.key)
    require_founding(number, statement, credential.key, rules)
    return founding_decision(rules.genesis.keys[KeyPurpose.OPERATOR])


def _statement_or_fault(entry: AuditedEntry) -> SignedStatement | Fault:
    if entry.statement is None:
        what = "the statement is not stored, and no entry orders its erasure"
        return Fault(FaultKind.STATEMENT_MISSING, entry.number, what)
    try:
        statement = _parse(entry, entry.statement)
        return _other_statement(entry, statement) or statement
    except (MalformedError, UnverifiedError) as error:
        return _refusal(entry, error)


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


def _refusal(entry: AuditedEntry, error: CounterfoilError) -> Fault:
    return Fault(FaultKind.NOT_ADMITTED, entry.number, error.detail, error.code)


def _shown(value: bytes | int | Attested | None) -> str:
    if isinstance(value, Attested):
        return attested_text(value)
    return "none" if value is None else value.hex() if isinstance(value, bytes) else str(value)
