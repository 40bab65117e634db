"""Every policy that was in force, in its order, as the log's own chain of policies has it."""

from collections.abc import Iterable
from dataclasses import dataclass

from counterfoil.errors import ChainInvalidError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.signed_statement import (
    SignedStatement,
    StatementHash,
    parse_signed_statement,
    verify_statement,
)


@dataclass(frozen=True, slots=True)
class CommittedPolicy:
    """A policy, the entry that holds it, and the head time of its registration, in seconds since 1970."""

    number: int
    entry_id: StatementHash
    head_time: int
    document: PolicyDocument


def read_succession(entries: Iterable[tuple[bytes, bytes]], genesis: Genesis) -> tuple[CommittedPolicy, ...]:
    """The policies among the entries of the policy chain, each given as statement and decision record, all of them.

    The operator's key of the genesis statement has signed each, and each was decided under the one before it. Versions
    count by one, so that none can be left out but the last ones.

    Raises:
        ChainInvalidError: The entries are not those of this log's policy chain from its beginning on, or out of order.
        MalformedError, UnverifiedError: A statement or a decision record cannot be read, or a signature does not hold.
    """
    policies: list[CommittedPolicy] = []
    last = -1
    for encoded, decision in entries:
        statement = parse_signed_statement(encoded, max_bytes=len(encoded))
        record = parse_decision_record(decision)
        _require_own(statement, record, genesis)
        if (record.number <= last) or (last < GENESIS_ENTRY and record.number != last + 1):
            raise ChainInvalidError(f"entry {record.number} does not follow entry {last} in the chain of policies")
        last = record.number
        if last == GENESIS_ENTRY:
            _require_genesis(statement, genesis)
        else:
            policies.append(_policy(statement, record, policies))
    if last < GENESIS_ENTRY:
        raise ChainInvalidError("the chain of policies lacks the entries with which a log begins")
    return tuple(policies)


def policy_before(policies: Iterable[CommittedPolicy], number: int) -> CommittedPolicy:
    """The policy that was in force when an entry was decided; entry 0 is decided under the policy that it is.

    Raises:
        ChainInvalidError: There is none.
    """
    before = [policy for policy in policies if policy.number < max(number, POLICY_ENTRY + 1)]
    if not before:
        raise ChainInvalidError(f"no policy was committed before entry {number}")
    return max(before, key=lambda policy: policy.number)


def _require_own(statement: SignedStatement, record: DecisionRecord, genesis: Genesis) -> None:
    identity, operator = genesis.identity, genesis.keys[KeyPurpose.OPERATOR]
    if (statement.claims.issuer, statement.claims.subject) != (identity.issuer, identity.policy_subject):
        raise ChainInvalidError(f"entry {record.number} does not belong into the chain of policies")
    verify_statement(statement, operator)
    if record.key_thumbprint != operator.thumbprint:
        raise ChainInvalidError(f"entry {record.number} was decided by another key than the operator's")


def _require_genesis(statement: SignedStatement, genesis: Genesis) -> None:
    if statement.content_type != GENESIS_CONTENT_TYPE or statement.message.payload != genesis.encode():
        raise ChainInvalidError(f"entry {GENESIS_ENTRY} is not the genesis statement that the keys come from")


def _policy(statement: SignedStatement, record: DecisionRecord, before: list[CommittedPolicy]) -> CommittedPolicy:
    if statement.content_type != POLICY_CONTENT_TYPE:
        raise ChainInvalidError(f"entry {record.number} of the chain of policies is none")
    document = parse_policy(statement.message.payload or b"")
    version, ruling = (before[-1].document.version, before[-1].number) if before else (0, POLICY_ENTRY)
    if document.version != version + 1:
        raise ChainInvalidError(f"version {document.version} of the policy does not follow version {version}")
    if record.policy_entry != ruling:
        raise ChainInvalidError(f"entry {record.number} was decided by another policy than the one before it")
    return CommittedPolicy(record.number, statement.hash, record.head_time, document)
