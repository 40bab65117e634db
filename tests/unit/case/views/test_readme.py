import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.case.account import KEY_REVOKED
from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.finding_words import FINDING_MEANINGS
from counterfoil.case.views.plain_text import COLUMNS
from counterfoil.case.views.readme import case_readme
from counterfoil.chain.findings import Finding
from counterfoil.encoding.printable import printable
from tests.case_facts import HOSTILE, case_facts, empty_facts, no_entries, telling

FINDINGS = [*(finding.value for finding in Finding), KEY_REVOKED]
FILES = ["README.txt", "timeline.html", "timeline.pdf", "certificate-draft.txt", "verify.py", "evidence/"]
QUESTIONS = ["alter", "during execution", "fail-open", "cannot also produce it", "artifact", "left out"]


def _lines(facts: CaseFacts) -> list[str]:
    return case_readme(facts).decode().split("\n")


def _headings(lines: list[str]) -> Iterator[str]:
    for above, below in pairwise(lines):
        if below and set(below) <= {"-", "="} and len(above) == len(below):
            yield above


def test_every_fact_of_the_engagement_is_in_it() -> None:
    facts = case_facts()
    lines = [line.strip() for line in _lines(facts)]
    hashes = (facts.chain_id, facts.chain_hash, facts.tree_root, facts.evidence_digest)
    expected = (facts.root_trace_id, facts.origin, "4711", "2027-01-15T08:10:00Z", "suspended", facts.software, *hashes)
    assert [value for value in expected if value not in lines] == []
    assert [issuer for issuer, _ in facts.parties if issuer not in lines] == []
    assert facts.completeness_caveat in lines
    assert [sentence for sentence in facts.not_established if f"- {sentence}" not in lines] == []


def test_every_file_is_named_and_both_ways_to_check_are() -> None:
    lines = _lines(case_facts())
    assert [name for name in FILES if f"  {name}" not in lines] == []
    assert "    counterfoil verify case.zip --keys genesis.cose" in lines
    assert "    python3 verify.py case.zip" in lines


def test_every_finding_has_a_meaning() -> None:
    assert [name for name, _ in FINDING_MEANINGS] == FINDINGS
    lines = _lines(case_facts())
    assert [name for name in FINDINGS if f"  {name}" not in lines] == []


def test_six_questions_are_answered() -> None:
    lines = _lines(case_facts())
    asked = [number for number, line in enumerate(lines) if re.fullmatch(r"  [A-Z].*\?", line)]
    assert [word in lines[number] for word, number in zip(QUESTIONS, asked, strict=True)] == [True] * 6
    assert all(lines[number + 1].startswith("    ") for number in asked)


def test_it_has_its_sections() -> None:
    assert next(_headings(_lines(case_facts()))) == "Case file of an engagement"
    assert {"What a pass means", "What a pass does not mean", "The two clocks"} <= {*_headings(_lines(case_facts()))}


@pytest.mark.parametrize("facts", [case_facts(), empty_facts(), no_entries()], ids=["whole", "erased", "nothing"])
def test_no_line_is_longer_than_a_page_is_wide(facts: CaseFacts) -> None:
    assert max(map(len, _lines(facts))) <= COLUMNS
    assert all(line == line.rstrip() for line in _lines(facts))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_text_makes_a_section_or_a_line_of_its_own(text: str) -> None:
    lines = _lines(telling(text))
    assert [*_headings(lines)] == [*_headings(_lines(telling("harmless")))]
    assert max(map(len, lines)) <= COLUMNS
    assert all(line.isprintable() for line in lines)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=200))
def test_any_text_is_shown_to_the_character(text: str) -> None:
    facts = case_facts(root_trace_id=text)
    pieces = case_readme(facts).decode().split("  rootTraceId:\n")[1].split("  State:\n")[0]
    assert "".join(line.removeprefix("    ") for line in pieces.split("\n")) == printable(text)


def test_a_long_name_is_cut_and_loses_nothing() -> None:
    facts = case_facts(root_trace_id="#" * 10_000)
    assert case_readme(facts).count(b"#") == 10_000


def test_every_finding_is_explained_under_the_name_it_has() -> None:
    assert [name for name, _ in FINDING_MEANINGS] == FINDINGS
