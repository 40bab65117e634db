"""One registration decision, made again from the entry alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import Fault, FaultKind
from counterfoil.audit.placed import require_placed
from counterfoil.errors import CounterfoilError, MalformedDecisionError, MalformedError, UnverifiedError
from counterfoil.log.founding import founding_decision, require_founding
from counterfoil.policy.decision import Decision
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.decision_record import Attested, DecisionRecord, parse_decision_record
from counterfoil.statement.evidence import X5CHAIN, Evidence, carried_certificates
from counterfoil.statement.genesis import GENESIS_ENTRY, KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement

_MEMBERS: Final = tuple(DecisionRecord.__slots__)


@dataclass(frozen=True, slots=True)
class Repeated:
    """What came of repeating a decision: no faults where it comes out the same.

    ``statement`` is None where it cannot be read or is not the entry's, ``head_time`` where the record cannot be read,
    ``decision`` where the statement is not admitted.
    """

    faults: tuple[Fault, ...]
    statement: SignedStatement | None = None
    head_time: int | None = None
    decision: Decision | None = None


def repeat(entry: AuditedEntry, rules: Rules) -> Repeated:
    """Decide an entry that is not withheld again, under ``rules`` and at its recorded head time.

    What may follow in its chain, and what is on the log already, is not asked: that takes the entries before it.
    """
    number, encoded = entry.number, entry.decision or b""
    try:
        record = parse_decision_record(encoded)
    except MalformedError as error:
        return _fault(FaultKind.DECISION_DIFFERS, number, f"the record cannot be read: {error.detail}", error)
    if entry.statement is None:
        what = "the statement is not stored, and no entry orders its erasure"
        return replace(_fault(FaultKind.STATEMENT_MISSING, number, what), head_time=record.head_time)
    try:
        statement = _parse(entry, entry.statement)
    except (MalformedError, UnverifiedError) as error:
        return replace(_refused(number, error), head_time=record.head_time)
    return _decided(entry, statement, record, rules)


def _decided(entry: AuditedEntry, statement: SignedStatement, record: DecisionRecord, rules: Rules) -> Repeated:
    other = _other_statement(entry, statement)
    if other is not None:
        return Repeated((other,), head_time=record.head_time)
    try:
        decision = _decide(entry.number, statement, rules, record.head_time)
    except CounterfoilError as error:
        return replace(_refused(entry.number, error), statement=statement, head_time=record.head_time)
    same = _is_same(entry.number, record, decision)
    faults = () if same else tuple(_differences(entry.number, record, decision))
    return Repeated(faults, statement, record.head_time, decision)


def _parse(entry: AuditedEntry, data: bytes) -> SignedStatement:
    statement = parse_signed_statement(data, max_bytes=len(data))
    return statement if entry.evidence is None else replace(statement, carried_x5chain=_carried(entry.evidence))


def _carried(evidence: Evidence) -> tuple[bytes, ...]:
    if evidence.kind != X5CHAIN:
        raise MalformedDecisionError("the evidence is of a kind that this release does not keep")
    return carried_certificates(evidence)


def _decide(number: int, statement: SignedStatement, rules: Rules, head_time: int) -> Decision:
    if number > GENESIS_ENTRY:
        decision = admit(statement, rules, head_time).decision
        require_placed(decision, number)
        return decision
    credential = find_issuer_key(statement, rules, head_time)
    verify_statement(statement, credential.key)
    require_founding(number, statement, credential.key, rules)
    return founding_decision(rules.genesis.keys[KeyPurpose.OPERATOR])


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


def _refused(number: int, error: CounterfoilError) -> Repeated:
    return _fault(FaultKind.NOT_ADMITTED, number, error.detail, error)


def _fault(kind: FaultKind, number: int, detail: str, error: CounterfoilError | None = None) -> Repeated:
    return Repeated((Fault(kind, number, detail, None if error is None else error.code),))


def _shown(value: bytes | int | Attested | None) -> str:
    if isinstance(value, Attested):
        return attested_text(value)
    return "none" if value is None else value.hex() if isinstance(value, bytes) else str(value)
