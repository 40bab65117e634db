"""Putting a case file together: the evidence, its manifest, and the views beside it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.case import names
from counterfoil.case.account import Account, read_account
from counterfoil.case.decoded import decoded_statement
from counterfoil.case.documents import CASE_FORMAT, Frame, derived_documents, entry_document
from counterfoil.case.exhibit import Exhibit
from counterfoil.case.facts import CaseFacts
from counterfoil.case.telling import case_facts
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.errors import CaseInvalidError
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, parse_revocation
from counterfoil.statement.revoked import Revoked
from counterfoil.statement.signed_statement import parse_signed_statement

File = tuple[str, bytes]

DOCUMENTS: Final = ("case.json", "engagement.json", "completeness.json", "findings.json", "disputes.json")
"""The derived documents, in the order in which they stand."""

View = Callable[[CaseFacts], bytes]


@dataclass(frozen=True, slots=True)
class PolicyExhibit:
    """A policy that entries of the case were decided by."""

    number: int
    statement: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry of the log's own chain of policies, or an enrolment, with what the log decided on it."""

    number: int
    statement: bytes
    decision: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Announcements:
    """All that the log said of itself in a tree: its whole chain of policies, with its signed note about that.

    The note is as of the same tree and by the same key as the one about the engagement.
    """

    entries: tuple[OwnEntry, ...]
    chain_head: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a case file is made of, as the log has it at one tree head.

    ``genesis`` is the genesis Transparent Statement, ``keys`` a COSE Key Set, ``checkpoint`` and
    ``chain_head`` are signed notes. Policies are those that decided on the exhibits, each once, by number.
    ``announcements`` are what the log said of policies and keys, by which it was decided who signs what. ``enrolments``
    are those that decisions on the exhibits name, each once, by number.
    """

    frame: Frame
    genesis: bytes
    keys: bytes
    checkpoint: bytes
    chain_head: bytes
    exhibits: Sequence[Exhibit]
    policies: Sequence[PolicyExhibit]
    announcements: Announcements
    enrolments: Sequence[OwnEntry] = ()


def case_files(evidence: Evidence, views: Sequence[tuple[str, View]], software: str) -> Iterator[File]:
    """The files of a case file in order: evidence and manifest the same for everybody, then the views.

    Raises:
        MalformedError, RefusedError: What the log stored cannot be read as what it should be.
    """
    account = read_evidence(evidence)
    files = list(evidence_files(evidence, account))
    yield from files
    whole = manifest_of(files)
    yield names.MANIFEST, whole
    facts = case_facts(evidence.frame, account, sha256(whole).hexdigest(), software)
    for name, view in views:
        yield name, view(facts)


def manifest_of(files: Iterable[File]) -> bytes:
    """The manifest of these files: each by name, length and SHA-256, in their order."""
    listed: list[JsonValue] = [
        {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest()} for name, content in files
    ]
    return encode_json({"format": CASE_FORMAT, "files": listed})


def read_evidence(evidence: Evidence) -> Account:
    """What the exhibits say, by the policies beside them.

    Raises:
        CaseInvalidError: A policy that decided on one of them is not there.
        MalformedError, RefusedError: As for ``read_account``.
    """
    lags = {policy.number: _max_lag(policy.statement) for policy in evidence.policies}

    def max_lag(policy_entry: int) -> int:
        if policy_entry not in lags:
            raise CaseInvalidError(f"the policy in entry {policy_entry}, which decided on an entry, is not in the case")
        return lags[policy_entry]

    return read_account(evidence.exhibits, max_lag, tuple(_revoked(evidence.announcements)))


def _revoked(announcements: Announcements) -> Iterator[Revoked]:
    for own in announcements.entries:
        statement = parse_signed_statement(own.statement, max_bytes=len(own.statement))
        if statement.content_type == REVOCATION_CONTENT_TYPE:
            yield Revoked(own.number, parse_revocation(statement.message.payload or b""))


def evidence_files(evidence: Evidence, account: Account) -> Iterator[File]:
    """The evidence without its manifest, in order."""
    documents = derived_documents(evidence.frame, account)
    yield from ((names.document(name), documents[name]) for name in DOCUMENTS)
    yield names.CHECKPOINT, evidence.checkpoint
    yield names.CHAIN_HEAD, evidence.chain_head
    yield names.GENESIS, evidence.genesis
    yield names.KEYS, evidence.keys
    for one in account.exhibits:
        exhibit = one.exhibit
        if exhibit.statement is not None:
            yield names.of_entry(exhibit.number, "statement.cose"), exhibit.statement
        if exhibit.evidence is not None:
            yield names.of_entry(exhibit.number, "evidence.cbor"), exhibit.evidence
        yield names.of_entry(exhibit.number, "decision.cbor"), exhibit.decision
        yield names.of_entry(exhibit.number, "receipt.cose"), exhibit.receipt
        yield names.of_entry(exhibit.number, "json"), entry_document(one)
    for policy in evidence.policies:
        yield names.of_policy(policy.number, "statement.cose"), policy.statement
        yield names.of_policy(policy.number, "receipt.cose"), policy.receipt
        yield names.of_policy(policy.number, "json"), policy_document(policy.statement)
    for enrolment in evidence.enrolments:
        yield names.of_enrolment(enrolment.number, "statement.cose"), enrolment.statement
        yield names.of_enrolment(enrolment.number, "decision.cbor"), enrolment.decision
        yield names.of_enrolment(enrolment.number, "receipt.cose"), enrolment.receipt
    for own in evidence.announcements.entries:
        yield names.of_log_key(own.number, "statement.cose"), own.statement
        yield names.of_log_key(own.number, "decision.cbor"), own.decision
        yield names.of_log_key(own.number, "receipt.cose"), own.receipt
    yield names.LOG_KEYS_HEAD, evidence.announcements.chain_head


def policy_document(statement: bytes) -> bytes:
    """A policy statement decoded."""
    return encode_json(decoded_statement(parse_signed_statement(statement, max_bytes=len(statement))))


def _max_lag(statement: bytes) -> int:
    parsed = parse_signed_statement(statement, max_bytes=len(statement))
    return parse_policy(parsed.message.payload or b"").max_lag_seconds
