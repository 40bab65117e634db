import re

import pytest

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.certificate import draft_certificate
from counterfoil.case.views.plain_text import COLUMNS
from tests.case_facts import HOSTILE, case_facts, empty_facts, entry, erased_entry, no_entries, telling

CONCLUSIONS = [
    "accurate",
    "reliable",
    "genuine",
    "tamper",
    "cannot be",
    "guarantee",
    "prove",
    "certify that",
    "complete",
]


def _flowing(facts: CaseFacts) -> str:
    return " ".join(draft_certificate(facts).decode().split())


def test_it_is_marked_as_a_draft_at_both_ends() -> None:
    text = draft_certificate(case_facts()).decode().splitlines()
    assert text[0] == text[-1] == "DRAFT - NOT SIGNED - NOT LEGAL ADVICE"


def test_the_facts_are_filled_in() -> None:
    facts = case_facts()
    lines = [line.strip() for line in draft_certificate(facts).decode().splitlines()]
    hashes = (facts.chain_id, facts.chain_hash, facts.tree_root, facts.evidence_digest)
    expected = (facts.root_trace_id, facts.origin, "5", "1", "4711", "2027-01-15T08:10:00Z", facts.software, *hashes)
    assert [value for value in expected if value not in lines] == []
    assert [sentence for sentence in facts.not_established if f"- {sentence}" not in lines] == []


def test_erased_entries_are_counted() -> None:
    facts = case_facts(timeline=(erased_entry(4), entry(5), erased_entry(6), erased_entry(7)))
    assert "entries of which only the hash is left: 3 Chain id" in _flowing(facts)


@pytest.mark.parametrize("name", ["Executed on (date)", "Signature", "Name", "Title"])
def test_what_a_person_has_to_say_is_blank(name: str) -> None:
    assert re.search(rf"^  {re.escape(name)}:\n    _+$", draft_certificate(case_facts()).decode(), re.MULTILINE)


def test_it_has_the_words_of_the_statute() -> None:
    text = _flowing(case_facts())
    assert "I declare under penalty of perjury that the foregoing is true and correct." in text
    assert "under the laws of the United States of America that the foregoing is true and correct." in text
    assert all(rule in text for rule in ("902(11)", "902(13)", "902(14)", "28 U.S.C. 1746"))


def test_it_certifies_no_truth_and_draws_no_conclusion() -> None:
    text = _flowing(case_facts())
    assert "I do not state that what they say is true" in text
    assert "hearsay is not answered by it" in text
    assert [word for word in CONCLUSIONS if word in text] == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_text_makes_a_line_of_its_own(text: str) -> None:
    lines = draft_certificate(telling(text)).decode().split("\n")
    harmless = draft_certificate(telling("harmless")).decode().split("\n")
    assert all(line.isprintable() and len(line) <= COLUMNS for line in lines)
    assert [line for line in lines if re.match(r"\d+\. ", line)] == [
        line for line in harmless if re.match(r"\d+\. ", line)
    ]


@pytest.mark.parametrize("facts", [empty_facts(), no_entries()], ids=["erased", "nothing"])
def test_an_empty_case_has_a_draft(facts: CaseFacts) -> None:
    assert facts.evidence_digest in _flowing(facts)
