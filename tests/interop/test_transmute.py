"""What we hand out, judged by @transmute/cose, an implementation in TypeScript."""

from collections.abc import Mapping

import pytest
import scitt_cose

from counterfoil.merkle.hashing import leaf_hash
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import attach_receipts
from tests.interop.grown_logs import GrownLog
from tests.interop.our_verdict import accepts_consistency, accepts_inclusion
from tests.interop.receipt_mutations import BAD, HARMLESS
from tests.interop.transmute import Answer
from tests.interop.transmute_cases import AT, CHANGED, ES256_LOGS, STATEMENT, is_power_of_two, thin, with_first_root

Answers = Mapping[str, Answer]
Logs = Mapping[str, GrownLog]

TRUE = Answer(value=True, error=None)
FALSE = Answer(value=False, error=None)
UNSIGNED = Answer(value=None, error="Signature verification failed")

THEY_READ_ALONE = {"an array without a length"}
WE_READ_ALONE = {"a wrong proof before the right one"}


@pytest.mark.parametrize("name", ES256_LOGS)
def test_receipts_stable_or_fresh(name: str, answers: Answers, grown_logs: Logs) -> None:
    for number, handed in thin(grown_logs[name].handed):
        root = grown_logs[name].roots[handed.size].hex()
        assert answers[f"{name}, receipt {number}"] == Answer(root, None), handed


@pytest.mark.parametrize("name", ES256_LOGS)
def test_consistency_receipts(name: str, answers: Answers, grown_logs: Logs) -> None:
    for number, step in thin(grown_logs[name].steps()):
        if not is_power_of_two(step.first):
            assert answers[f"{name}, step {number}"] == TRUE, step


@pytest.mark.parametrize("name", ES256_LOGS)
def test_from_a_power_of_two_they_want_a_root_that_rfc_9162_leaves_out(
    name: str, answers: Answers, grown_logs: Logs
) -> None:
    """Step 2 of section 2.1.4.2 puts the first root in front of the path; they expect it in the path already."""
    grown = grown_logs[name]
    steps = [(number, step) for number, step in thin(grown.steps()) if is_power_of_two(step.first)]
    assert steps
    for number, step in steps:
        assert answers[f"{name}, step {number}"].error == "sn is not zero, proof validation failed."
        assert answers[f"{name}, step {number} with the first root"] == TRUE
        first, second = grown.roots[step.first], grown.roots[step.second]
        assert accepts_consistency(step.receipt, first, second, grown.source.keys().trusted[0])
        assert not accepts_consistency(with_first_root(step, grown), first, second, grown.source.keys().trusted[0])
        path = [element.hex() for element in parse_receipt(step.receipt).consistency[0].path]
        assert scitt_cose.verify_consistency(first.hex(), second.hex(), step.first, step.second, path)


@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name: str, answers: Answers, grown_logs: Logs) -> None:
    grown = grown_logs[CHANGED]
    assert (answers[name].error is None) == (name in THEY_READ_ALONE)
    assert not accepts_inclusion(BAD[name](grown.source.fresh(AT)), grown.hashes[AT], grown.source.keys().trusted[0])


@pytest.mark.parametrize("name", HARMLESS)
def test_both_accept(name: str, answers: Answers, grown_logs: Logs) -> None:
    grown = grown_logs[CHANGED]
    assert (answers[name].error is None) == (name not in WE_READ_ALONE)
    assert accepts_inclusion(HARMLESS[name](grown.source.fresh(AT)), grown.hashes[AT], grown.source.keys().trusted[0])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("another leaf", UNSIGNED),
        ("another key", UNSIGNED),
        ("another key for the step", UNSIGNED),
        ("another second root", UNSIGNED),
        ("the roots exchanged", UNSIGNED),
        ("another first root", FALSE),
        ("a bit of the step's path", FALSE),
    ],
)
def test_they_refuse(name: str, answer: Answer, answers: Answers) -> None:
    assert answers[name] == answer


def test_the_leaf_hash(answers: Answers, grown_logs: Logs) -> None:
    assert answers["leaf"] == Answer(leaf_hash(grown_logs[CHANGED].hashes[AT]).hex(), None)


def test_a_transparent_statement_is_the_same_bytes(answers: Answers, grown_logs: Logs) -> None:
    receipts = [handed.receipt for handed in grown_logs[CHANGED].handed[:2]]
    assert answers["transparent"].of("transparent") == attach_receipts(STATEMENT, receipts)
    assert answers["transparent"].of("removed") == STATEMENT
