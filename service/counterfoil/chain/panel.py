"""A dispute panel's posterior, computed again from the estimates recorded with it."""

from typing import Final

from counterfoil.statement.trace_event.event import Dispute

TOLERANCE: Final = 1e-9
"""Sums of doubles taken in another order differ by some 1e-16 a term; two decimals of rounding are a difference."""


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
