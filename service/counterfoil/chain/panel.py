"""A dispute panel's posterior, computed again from the estimates recorded with it."""

from dataclasses import dataclass
from typing import Final

from counterfoil.statement.trace_event.event import Dispute

TOLERANCE: Final = 1e-9
"""Sums of doubles taken in another order differ by some 1e-16 a term; two decimals of rounding are a difference."""

REFUND_FROM: Final = 0.60
RELEASE_UP_TO: Final = 0.40


RESULT: Final = "posterior"
"""The kind of a DISPUTE that records a panel's result."""


@dataclass(frozen=True, slots=True)
class PanelReview:
    """What the recorded estimates give, beside what was recorded. ``recomputed`` is None where nothing has weight."""

    recomputed: float | None
    posterior_matches: bool
    expected_outcomes: tuple[str, ...]
    outcome_matches: bool


def review_panel(dispute: Dispute) -> PanelReview:
    """A recorded result, held against its own estimates."""
    recomputed = recomputed_posterior(dispute)
    outcomes = expected_outcomes(recomputed)
    return PanelReview(recomputed, is_posterior_matched(dispute), outcomes, dispute.outcome in outcomes)


def recomputed_posterior(dispute: Dispute) -> float | None:
    """The mean of the estimates by confidence times weight; failed ones are left out. None if nothing has weight."""
    answered = [
        (e.confidence * e.weight, e.p)
        for e in dispute.evaluators
        if not e.failed and e.confidence is not None and e.p is not None
    ]
    total = sum(weight for weight, _ in answered)
    return sum(weight * p for weight, p in answered) / total if total > 0 else None


def is_posterior_matched(dispute: Dispute) -> bool:
    """Whether the recorded posterior is the recomputed one within the tolerance; none matches none."""
    computed = recomputed_posterior(dispute)
    if computed is None or dispute.posterior is None:
        return computed is None and dispute.posterior is None
    return abs(computed - dispute.posterior) <= TOLERANCE


def expected_outcomes(posterior: float | None) -> tuple[str, ...]:
    """The outcomes that go with a posterior; without one only people can decide, which is a review.

    The bounds are tolerant of rounding: a sum that misses one by ``TOLERANCE`` meets it.

    Spec: the Trace profile, section 6.
    """
    if posterior is None:
        return ("review",)
    if posterior >= REFUND_FROM - TOLERANCE:
        return ("refund",)
    return ("release",) if posterior <= RELEASE_UP_TO + TOLERANCE else ("partial", "review")
