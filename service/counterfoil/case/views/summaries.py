"""The facts of an engagement beside its entries, in rows that every view shows alike."""

from typing import Final

from counterfoil.case.facts import CaseFacts, DisputeFacts, WriterFacts
from counterfoil.case.views.exhibit import Row, exhibit_label
from counterfoil.case.views.moments import utc

WRITER_COLUMNS: Final = (
    "Writer",
    "Events here",
    "First number",
    "Last number",
    "Numbers missing",
    "Numbers too many",
    "Count by SETTLEMENT",
    "Count agrees",
)
DISPUTE_COLUMNS: Final = (
    "Entry",
    "Posterior as recorded",
    "Posterior as recomputed",
    "Posteriors agree",
    "Outcome as recorded",
    "Outcomes that go with the recomputed posterior",
    "Outcomes agree",
)


def engagement_rows(facts: CaseFacts) -> tuple[Row, ...]:
    """What the engagement is, as of which tree head, and what made the view."""
    parties = [(f"Party as {role}", issuer) for issuer, role in facts.parties] or [("Parties", "none is named here")]
    return (
        ("rootTraceId", facts.root_trace_id),
        ("State", "none: no event here forms an engagement" if facts.state is None else facts.state),
        *parties,
        ("Log", facts.origin),
        ("Entries", str(facts.entries)),
        ("Chain id", facts.chain_id),
        ("Chain hash", facts.chain_hash),
        ("Tree size", str(facts.tree_size)),
        ("Root of the tree", facts.tree_root),
        ("Time of the tree head", utc(facts.head_time)),
        ("SHA-256 of evidence/manifest.json", facts.evidence_digest),
        ("Made by", facts.software),
    )


def writer_row(writer: WriterFacts) -> tuple[str, ...]:
    """The cells under ``WRITER_COLUMNS``."""
    return (
        writer.issuer,
        str(writer.events),
        _number(writer.first),
        _number(writer.last),
        str(writer.missing),
        str(writer.repeats),
        "none stated" if writer.claimed is None else str(writer.claimed),
        "nothing to compare" if writer.claim_holds is None else _yes(value=writer.claim_holds),
    )


def dispute_row(dispute: DisputeFacts) -> tuple[str, ...]:
    """The cells under ``DISPUTE_COLUMNS``."""
    return (
        exhibit_label(dispute.number),
        _posterior(dispute.recorded_posterior),
        _posterior(dispute.recomputed_posterior),
        _yes(value=dispute.posterior_matches),
        "none" if dispute.recorded_outcome is None else dispute.recorded_outcome,
        " or ".join(dispute.expected_outcomes) or "none",
        _yes(value=dispute.outcome_matches),
    )


def _number(number: int | None) -> str:
    return "none" if number is None else str(number)


def _posterior(value: float | None) -> str:
    return "none" if value is None else repr(value)


def _yes(*, value: bool) -> str:
    return "yes" if value else "NO"
