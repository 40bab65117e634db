"""A dispute panel's posterior, computed again from the estimates recorded with it."""

from typing import Final

from counterfoil.statement.trace_event.event import Dispute

TOLERANCE: Final = 1e-9
"""Sums of doubles taken in another order differ by some 1e-16 a term; two decimals of rounding are a difference."""

REFUND_FROM: Final = 0.60
RELEASE_UP_TO: Final = 0.40


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
