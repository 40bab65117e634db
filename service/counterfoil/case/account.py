"""What the exhibits of an engagement say together: derived from their bytes alone, by whoever holds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from counterfoil.case.exhibit import Exhibit
from counterfoil.chain.completeness import WriterReport, report_writers
from counterfoil.chain.findings import Remark, Told, remarks_on_all
from counterfoil.chain.history import MaxLag, parse_entry_event
from counterfoil.chain.names import name_key
from counterfoil.chain.panel import RESULT
from counterfoil.chain.past import payload_digest
from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance
from counterfoil.errors import MalformedCaseError
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.evidence import X5CHAIN, carried_certificates, parse_evidence
from counterfoil.statement.revoked import Revoked, revocation_of
from counterfoil.statement.signed_statement import SignedStatement, StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.event import Dispute, TraceEvent

KEY_REVOKED: Final = "key-revoked"
"""The log has revoked the key of the entry from before it on: no finding of an engagement, but of the whole log."""

_NOW: Final = 2**62
"""A log of any size: the revocations at hand are those in the tree of the case."""


@dataclass(frozen=True, slots=True)
class ReadExhibit:
    """An exhibit with what its bytes say. ``counts``: it is an event by a party."""

    exhibit: Exhibit
    record: DecisionRecord
    statement: SignedStatement | None
    event: TraceEvent | None
    counts: bool
    standing: Standing


@dataclass(frozen=True, slots=True)
class Account:
    """An engagement as its exhibits tell it, in order. ``remarks`` has an item for each.

    ``revoked`` are all revocations of issuers' keys that the log holds.
    """

    exhibits: tuple[ReadExhibit, ...]
    remarks: tuple[tuple[Remark, ...], ...]
    max_lags: dict[int, int] = field(default_factory=dict)
    revoked: tuple[Revoked, ...] = ()

    @property
    def standing(self) -> Standing:
        """How the engagement stands after the last of them."""
        return self.exhibits[-1].standing if self.exhibits else EMPTY_STANDING

    def findings(self) -> Iterator[tuple[ReadExhibit, tuple[tuple[str, str], ...]]]:
        """Each exhibit with what is remarkable about it: the name of a finding, and what it is here."""
        for one, remarks in zip(self.exhibits, self.remarks, strict=True):
            found = [(remark.finding.value, remark.detail) for remark in remarks]
            revoked = revocation_of(self.revoked, one.record.key_thumbprint, one.exhibit.number, _NOW)
            if revoked is not None:
                last = revoked.revocation.last_valid_entry
                found.append((KEY_REVOKED, f"entry {revoked.entry} says so of entries after {last}"))
            yield one, tuple(found)

    def writers(self) -> tuple[WriterReport, ...]:
        """What the numbers of each party's events leave out."""
        claimed = dict(self.standing.final_counts)
        names = {party.issuer for party in self.standing.parties} | claimed.keys()
        written = sorted(
            (name_key(one.event.issuer), one.event.sequence)
            for one in self.exhibits
            if one.event is not None and one.counts
        )
        return report_writers(written, {name_key(name): name for name in names}, claimed)

    def panels(self) -> tuple[tuple[ReadExhibit, Dispute], ...]:
        """The results of panels that parties recorded."""
        return tuple(
            (one, one.event.data)
            for one in self.exhibits
            if one.event is not None
            and one.counts
            and isinstance(one.event.data, Dispute)
            and one.event.data.kind == RESULT
        )

    @property
    def has_certificates(self) -> bool:
        """Whether a statement names its key by a certificate, or came with one."""
        return any(
            one.statement is not None and (one.statement.x5chain or one.statement.carried_x5chain)
            for one in self.exhibits
        )

    @property
    def is_attested(self) -> bool:
        """Whether the decision on one of them rests on evidence of hardware."""
        return any(one.record.attested is not None for one in self.exhibits)

    def numbers(self) -> dict[StatementHash, int]:
        """The number of each entry, by its id."""
        return {one.exhibit.entry_id: one.exhibit.number for one in self.exhibits}


def read_account(exhibits: Sequence[Exhibit], max_lag: MaxLag, revoked: tuple[Revoked, ...] = ()) -> Account:
    """Read a whole chain. ``max_lag`` is the bound of the policy in an entry, in whole seconds.

    ``revoked`` are all revocations that the log holds in the tree of the case.

    Raises:
        MalformedError, RefusedError: A statement or a decision record cannot be read as what it should be.
    """
    standing, read = EMPTY_STANDING, list[ReadExhibit]()
    for exhibit in exhibits:
        one = _read(exhibit, standing)
        standing = one.standing
        read.append(one)
    lags = {policy: max_lag(policy) for policy in sorted({one.record.policy_entry for one in read})}
    remarks = remarks_on_all([_told(one, lags[one.record.policy_entry]) for one in read])
    return Account(tuple(read), remarks, lags, revoked)


def _read(exhibit: Exhibit, before: Standing) -> ReadExhibit:
    record = parse_decision_record(exhibit.decision)
    if exhibit.statement is None:
        return ReadExhibit(exhibit, record, None, None, counts=False, standing=before)
    statement = with_evidence(parse_signed_statement(exhibit.statement, max_bytes=len(exhibit.statement)), exhibit)
    event = parse_entry_event(statement)
    if event is None:
        return ReadExhibit(exhibit, record, statement, None, counts=False, standing=before)
    after = advance(before, exhibit.entry_id, event)
    return ReadExhibit(exhibit, record, statement, event, counts=after.is_party(event), standing=after)


def with_evidence(statement: SignedStatement, exhibit: Exhibit) -> SignedStatement:
    """A statement with the certificates that came beside it.

    Raises:
        MalformedError: The evidence of the exhibit is no list of certificates.
    """
    if exhibit.evidence is None:
        return statement
    evidence = parse_evidence(exhibit.evidence)
    if evidence.kind != X5CHAIN:
        raise MalformedCaseError(f"the evidence of entry {exhibit.number} is of a kind that is not known")
    return replace(statement, carried_x5chain=carried_certificates(evidence))


def _told(one: ReadExhibit, max_lag: int) -> Told:
    digest = None if one.statement is None else payload_digest(one.statement)
    return Told(one.exhibit.entry_id, one.event, digest, one.record.head_time, max_lag)
