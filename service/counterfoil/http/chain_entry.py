"""An entry of a chain as it is answered: the record itself, both clocks, and what is remarkable about it."""

from collections.abc import Sequence
from typing import Any

from counterfoil.chain.findings import lag
from counterfoil.chain.history import ChainEntry
from counterfoil.chain.panel import RESULT, review_panel
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.http.attestation import Attestation, attestation_of
from counterfoil.http.wire import Wire
from counterfoil.statement.revoked import Revoked, revocation_of
from counterfoil.statement.trace_event.event import Dispute, EventData
from counterfoil.statement.trace_event.occurred_at import format_occurred_at


class FindingOfEntry(Wire):
    """A finding, by its name, and what it is here."""

    finding: str
    detail: str


class ReferenceOfEntry(Wire):
    """An entry that this one names, and in which relation. That it is there is known of trace events only."""

    relation: str
    entry_id: str


class Annotation(Wire):
    """A later entry that refers to this one, by its number, and in which relation."""

    number: int
    relation: str


class Panel(Wire):
    """What the recorded estimates of a dispute's panel give, beside what was recorded; the service judges nothing.

    ``recomputedPosterior`` is null where no estimate has weight. ``expectedOutcomes`` are those that go with it.
    """

    recomputed_posterior: float | None
    posterior_matches: bool
    expected_outcomes: list[str]
    outcome_matches: bool


class RevocationOfEntry(Wire):
    """That the key of an entry is revoked from an earlier entry on: this one, by number, says so, and why."""

    number: int
    last_valid_entry: int
    reason: str


class EntryOfChain(Wire):
    """One entry of a chain. Its chain hash commits to it and to every entry before it.

    ``number`` is its leaf index, for which its receipt holds. ``statement`` and ``decision`` are the registered bytes,
    base64url without padding: with the chain hash before, their SHA-256 give ``chainHash``. ``statement`` is null where
    it was erased. The clocks: ``occurredAt`` as the writer claims it, ``registeredAt`` as the log signed it, the whole
    second of the tree head; ``lagMilliseconds`` is from the one to the other. ``type``, ``occurredAt`` and
    ``references`` are what the profile of the content type reads, ``event`` the trace event as it was written, null
    where the statement is none; ``panel`` is there beside a panel's result; ``annotations`` are references to this
    entry, in the order of the log. ``revocation`` is null unless the log has revoked the entry's key from an earlier
    entry on: what it says is then not to be believed. ``attestation`` is how well the key is bound to hardware.
    """

    number: int
    entry_id: str
    sequence: int
    chain_hash: str
    decision_digest: str
    head_time: int
    statement: str | None
    decision: str
    issuer: str | None
    content_type: str | int | None
    type: str | None
    occurred_at: str | None
    registered_at: str
    lag_milliseconds: int | None
    references: list[ReferenceOfEntry]
    findings: list[FindingOfEntry]
    revocation: RevocationOfEntry | None
    attestation: Attestation
    annotations: list[Annotation]
    panel: Panel | None
    event: dict[str, Any] | None


def entry_of_chain(one: ChainEntry, revoked: Sequence[Revoked], size: int) -> EntryOfChain:
    """The answer for an entry, as of a log of ``size`` entries with those revocations."""
    found = revocation_of(revoked, one.record.key_thumbprint, one.entry.number, size)
    entry, statement, event, profiled = one.entry, one.statement, one.event, one.profiled
    occurred_at = None if profiled is None else profiled.occurred_at
    return EntryOfChain(
        number=entry.number,
        entry_id=entry.statement_hash.hex(),
        sequence=entry.sequence,
        chain_hash=entry.chain_hash.hex(),
        decision_digest=entry.decision_digest.hex(),
        head_time=one.record.head_time,
        statement=None if statement is None else encode_base64url(statement.encoded),
        decision=encode_base64url(entry.decision),
        issuer=None if statement is None else statement.claims.issuer,
        content_type=None if statement is None else statement.content_type,
        type=None if profiled is None else profiled.type,
        occurred_at=None if occurred_at is None else format_occurred_at(occurred_at),
        registered_at=format_occurred_at(one.record.head_time * 1000),
        lag_milliseconds=None if occurred_at is None else lag(occurred_at, one.record.head_time),
        references=[
            ReferenceOfEntry(relation=relation, entry_id=entry.hex())
            for relation, entry in (() if profiled is None else profiled.references)
        ],
        findings=[FindingOfEntry(finding=found.finding.value, detail=found.detail) for found in one.remarks],
        revocation=None if found is None else _revocation(found),
        attestation=attestation_of(one.record.attested),
        annotations=[Annotation(number=row.number, relation=row.relation) for row in one.annotations],
        panel=None if event is None else _panel(event.data),
        event=None if event is None else dict(event.members),
    )


def _revocation(revoked: Revoked) -> RevocationOfEntry:
    revocation = revoked.revocation
    return RevocationOfEntry(
        number=revoked.entry, last_valid_entry=revocation.last_valid_entry, reason=revocation.reason
    )


def _panel(data: EventData) -> Panel | None:
    if not isinstance(data, Dispute) or data.kind != RESULT:
        return None
    review = review_panel(data)
    return Panel(
        recomputed_posterior=review.recomputed,
        posterior_matches=review.posterior_matches,
        expected_outcomes=list(review.expected_outcomes),
        outcome_matches=review.outcome_matches,
    )
