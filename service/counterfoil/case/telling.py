"""The facts that the views of a case file show, out of its account."""

from collections.abc import Mapping
from typing import Final

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.documents import Frame
from counterfoil.case.facts import CaseFacts, DisputeFacts, Link, TimelineEntry, WriterFacts
from counterfoil.chain.completeness import CAVEAT, WriterReport
from counterfoil.chain.findings import lag
from counterfoil.chain.panel import review_panel
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import Dispute
from counterfoil.statement.trace_event.occurred_at import format_occurred_at
from counterfoil.verify.not_established import about_case

MAX_SAID: Final = 2000
"""Characters of one value that the views show; all of it is in the evidence."""


def case_facts(frame: Frame, account: Account, evidence_digest: str, software: str) -> CaseFacts:
    """What the views show of an account."""
    standing = account.standing
    return CaseFacts(
        origin=frame.identity.origin,
        root_trace_id=frame.root_trace_id,
        chain_id=chain_id(frame.root_trace_id).hex(),
        chain_hash=account.exhibits[-1].exhibit.chain_hash.hex(),
        entries=len(account.exhibits),
        tree_size=frame.tree.size,
        tree_root=frame.tree.root.hex(),
        head_time=frame.tree.time,
        state=None if standing.formation is None else standing.state.value,
        parties=tuple(sorted((party.issuer, party.role.value) for party in standing.parties)),
        timeline=_timeline(account),
        writers=tuple(_writer(report) for report in account.writers()),
        disputes=tuple(_dispute(one.exhibit.number, dispute) for one, dispute in account.panels()),
        evidence_digest=evidence_digest,
        software=software,
        completeness_caveat=CAVEAT,
        not_established=about_case(has_certificates=account.has_certificates, is_attested=account.is_attested),
    )


def _timeline(account: Account) -> tuple[TimelineEntry, ...]:
    numbers = account.numbers()
    annotations: dict[int, list[Link]] = {}
    for one in account.exhibits:
        for relation, target in _references(one, numbers):
            annotations.setdefault(target, []).append((relation, one.exhibit.number))
    return tuple(
        _entry(one, findings, numbers, tuple(annotations.get(one.exhibit.number, ())))
        for one, findings in account.findings()
    )


def _entry(
    one: ReadExhibit,
    findings: tuple[tuple[str, str], ...],
    numbers: Mapping[StatementHash, int],
    annotations: tuple[Link, ...],
) -> TimelineEntry:
    event = one.event
    return TimelineEntry(
        number=one.exhibit.number,
        sequence=one.exhibit.sequence,
        entry_id=one.exhibit.entry_id.hex(),
        kind=_kind(one),
        issuer=None if one.statement is None else one.statement.claims.issuer,
        role=None if event is None else event.actor.role.value,
        actor=None if event is None else event.actor.id,
        occurred_at=None if event is None else format_occurred_at(event.occurred_at),
        registered_at=one.record.head_time,
        lag=None if event is None else lag(event.occurred_at, one.record.head_time),
        attestation=attested_text(one.record.attested),
        said=_said(one),
        findings=findings,
        references=_references(one, numbers),
        annotations=annotations,
    )


def _kind(one: ReadExhibit) -> str:
    if one.event is not None:
        return one.event.type.value
    return "erased" if one.statement is None else "statement"


def _references(one: ReadExhibit, numbers: Mapping[StatementHash, int]) -> tuple[Link, ...]:
    references = () if one.event is None else one.event.references
    return tuple((each.relation.value, numbers[each.entry]) for each in references if each.entry in numbers)


def _said(one: ReadExhibit) -> tuple[tuple[str, str], ...]:
    if one.event is None:
        content_type = None if one.statement is None else one.statement.content_type
        return () if content_type is None else (("content type", _text(content_type)),)
    data = one.event.members["data"]
    beside = {name: one.event.members[name] for name in ("score", "input", "output") if name in one.event.members}
    said = {**(data if isinstance(data, Mapping) else {}), **beside}
    return tuple((name, _text(value)) for name, value in said.items())


def _text(value: JsonValue) -> str:
    text = value if isinstance(value, str) else encode_json(value).decode()
    return (
        text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]} ... ({len(text)} characters, all of it in the evidence)"
    )


def _writer(report: WriterReport) -> WriterFacts:
    return WriterFacts(
        issuer=report.issuer or report.writer.hex(),
        events=report.events,
        first=report.first if report.events else None,
        last=report.last if report.events else None,
        missing=report.missing,
        repeats=report.repeats,
        claimed=report.claimed,
        claim_holds=report.claim_holds,
    )


def _dispute(number: int, dispute: Dispute) -> DisputeFacts:
    review = review_panel(dispute)
    return DisputeFacts(
        number=number,
        recorded_posterior=dispute.posterior,
        recorded_outcome=dispute.outcome,
        recomputed_posterior=review.recomputed,
        posterior_matches=review.posterior_matches,
        expected_outcomes=review.expected_outcomes,
        outcome_matches=review.outcome_matches,
    )
