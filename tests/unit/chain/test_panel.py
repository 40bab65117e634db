import pytest

from counterfoil.chain.panel import expected_outcomes, is_posterior_matched, recomputed_posterior
from counterfoil.statement.trace_event.event import Dispute, Evaluator

A = Evaluator("a", 1.0, 0.5, 1.0, failed=False)
B = Evaluator("b", 3.0, 0.5, 0.0, failed=False)
FAILED = Evaluator("c", 9.0, None, None, failed=True)


def test_a_failed_evaluator_is_left_out() -> None:
    assert recomputed_posterior(Dispute("posterior", (A, B, FAILED), 0.25, None)) == 0.25


def test_nobody_answered_is_no_posterior() -> None:
    assert recomputed_posterior(Dispute("posterior", (FAILED,), None, None)) is None
    assert not is_posterior_matched(Dispute("posterior", (FAILED,), 0.5, None))


def test_another_recorded_value_does_not_match() -> None:
    assert is_posterior_matched(Dispute("posterior", (A, B), 0.25, None))
    assert not is_posterior_matched(Dispute("posterior", (A, B), 0.26, None))


@pytest.mark.parametrize(
    ("posterior", "outcomes"),
    [
        (None, ("review",)),
        (0.0, ("release",)),
        (0.4, ("release",)),
        (0.4 + 1e-12, ("release",)),
        (0.401, ("partial", "review")),
        (0.599, ("partial", "review")),
        (0.6 - 1e-12, ("refund",)),
        (0.6, ("refund",)),
        (1.0, ("refund",)),
    ],
)
def test_the_outcomes_that_go_with_a_posterior(posterior: float | None, outcomes: tuple[str, ...]) -> None:
    assert expected_outcomes(posterior) == outcomes
