import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.pdf_blocks import latin
from counterfoil.case.views.timeline_html import timeline_html
from counterfoil.case.views.timeline_pdf import timeline_pdf
from tests.case_facts import HEAD_TIME, HOSTILE, case_facts, empty_facts, entry, no_entries, telling

ROOT = Path(__file__).parents[3]
ACTING = {"/URI", "/JS", "/JavaScript", "/Launch", "/Annots", "/AA", "/A", "/AcroForm", "/EmbeddedFiles"}
SHORT = [text for text in HOSTILE if len(text) < 1000]


def _objects(reader: PdfReader) -> Iterator[PdfObject]:
    """Every object that the document holds, once."""
    waiting: list[PdfObject] = [reader.trailer]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            if one.idnum not in seen:
                seen.add(one.idnum)
                waiting.append(reader.get_object(one) or DictionaryObject())
            continue
        yield one
        if isinstance(one, DictionaryObject):
            waiting.extend(one.raw_get(key) for key in one)
        elif isinstance(one, ArrayObject):
            waiting.extend(one)


def _names(document: bytes) -> set[str]:
    """Every key of every dictionary, and every name that is a value."""
    objects = list(_objects(PdfReader(io.BytesIO(document), strict=True)))
    keys = {str(key) for one in objects if isinstance(one, DictionaryObject) for key in one}
    return keys | {str(one) for one in objects if type(one).__name__ == "NameObject"}


def _operators(document: bytes) -> set[bytes]:
    """What the pages draw with."""
    streams = [one for one in _objects(PdfReader(io.BytesIO(document))) if isinstance(one, StreamObject)]
    lines = b"\n".join(stream.get_data() for stream in streams).splitlines()
    return {line.rsplit(b" ", 1)[-1] for line in lines}


def _pages(facts: CaseFacts) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(timeline_pdf(facts)), strict=True).pages]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _missing(expected: list[str], facts: CaseFacts) -> list[str]:
    text = _squeezed("".join(_pages(facts)))
    return [value for value in expected if _squeezed(latin(value)) not in text]


def test_nothing_in_it_acts() -> None:
    document = timeline_pdf(case_facts())
    assert _names(document) & ACTING == set()
    # What a PDF calls its action on opening is an action if it is a dictionary, and the place to begin at if a list.
    assert isinstance(PdfReader(io.BytesIO(document)).root_object["/OpenAction"], ArrayObject)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_text_becomes_anything_but_text(text: str) -> None:
    document = timeline_pdf(telling(text))
    assert _names(document) == _names(timeline_pdf(telling("harmless")))
    assert _operators(document) == _operators(timeline_pdf(telling("harmless")))


@pytest.mark.parametrize("text", SHORT, ids=lambda text: ascii(text[:20]))
def test_hostile_text_is_shown(text: str) -> None:
    assert _missing([text], telling(text)) == []


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_text_is_shown(text: str) -> None:
    assert _missing([text], telling(text)) == []


def test_a_long_word_is_shown_to_its_end() -> None:
    pages = _pages(case_facts(timeline=(entry(7, said=(("note", "x" * 10_000),)),)))
    assert sum(page.count("x") for page in pages) >= 10_000
    assert len(pages) > 2


def test_every_fact_is_shown() -> None:
    facts = case_facts()
    expected = [
        *(facts.origin, facts.root_trace_id, facts.chain_id, facts.chain_hash, str(facts.tree_size), facts.tree_root),
        *("2027-01-15T08:10:00Z", "suspended", facts.evidence_digest, facts.software, facts.completeness_caveat),
        *facts.not_established,
        *(text for party in facts.parties for text in party),
        *(one.entry_id for one in facts.timeline),
        *(value for one in facts.timeline for pair in (*one.said, *one.findings) for value in pair),
        *("E-4", "E-7", "E-9", "E-10", "E-12", "RUNTIME_SUSPENDED", "FORMATION", "E-7 (scores)", "E-9 (scores)"),
        *("agent-1", "runtime-1", "2027-01-15T07:59:58.500Z", "2027-01-15T08:00:00Z"),
        *("2 hours 5 minutes after the claimed time", "1 minute 30 seconds BEFORE the claimed time"),
        *("0.7", "0.55", "refund", "partial or human-review"),
        "erased (only its hash is left)",
    ]
    assert _missing(expected, facts) == []


def test_signs_that_the_fonts_lack_are_spelled_out() -> None:
    facts = case_facts(timeline=(entry(7, said=(("note", "Zürich 中文 \U0001f600 \x00"),)),))
    assert any("note: Zürich \\u4e2d\\u6587 \\U0001f600 \\x00" in page for page in _pages(facts))


def test_every_page_says_what_it_belongs_to() -> None:
    facts = case_facts(timeline=tuple(entry(number) for number in range(20)))
    pages = _pages(facts)
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"rootTraceId {facts.root_trace_id}" in page
        assert f"manifest.json {facts.evidence_digest}" in page
        assert f"Page {number} of {len(pages)}" in page
        assert "are spelled out, such as \\u4e2d" in page


def test_a_root_trace_id_without_end_leaves_room_for_the_rest() -> None:
    pages = _pages(case_facts(root_trace_id="r" * 10_000))
    assert len(pages) < 8
    assert all(case_facts().chain_id in page for page in pages)


def test_the_outline_leads_to_sections_and_entries() -> None:
    reader = PdfReader(io.BytesIO(timeline_pdf(case_facts())))
    outline = str(reader.outline)
    assert "'/Title': 'E-9   RUNTIME_SUSPENDED'" in outline
    assert "'/Title': 'What this does not establish'" in outline


def test_no_logged_name_stands_where_ours_stand() -> None:
    facts = case_facts(timeline=(entry(7, said=(("Registered, as signed", "1970-01-01T00:00:00Z"),)),))
    lines = [line for page in _pages(facts) for line in page.splitlines()]
    assert [line for line in lines if line.startswith("Registered, as signed")] == [
        line for line in lines if "2027-01-15T08:00:00Z" in line
    ]


@pytest.mark.parametrize("facts", [empty_facts(), no_entries()], ids=["erased", "nothing"])
def test_what_is_not_there_is_said(facts: CaseFacts) -> None:
    expected = ["no event here forms an engagement", "none is named here", "No panel's result", "No writer's"]
    assert _missing(expected, facts) == []


def test_it_is_dated_by_the_tree_head() -> None:
    information = PdfReader(io.BytesIO(timeline_pdf(case_facts()))).metadata
    assert information is not None
    assert information.creation_date is not None
    assert information.creation_date.timestamp() == HEAD_TIME
    assert information.modification_date is None


@pytest.mark.parametrize("head_time", [-1, 0, 10**15])
def test_a_head_of_any_time_has_a_timeline(head_time: int) -> None:
    assert timeline_pdf(case_facts(head_time=head_time)).startswith(b"%PDF-")


def test_the_same_facts_give_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib; from tests.case_facts import case_facts;"
        "from counterfoil.case.views.timeline_html import timeline_html;"
        "from counterfoil.case.views.timeline_pdf import timeline_pdf;"
        "print(hashlib.sha256(timeline_pdf(case_facts()) + timeline_html(case_facts())).hexdigest())"
    )
    path = os.pathsep.join([str(ROOT / "service"), str(ROOT)])
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path, "TZ": zone},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed, zone in (("0", "UTC"), ("4711", "Asia/Tokyo"))
    }
    here = hashlib.sha256(timeline_pdf(case_facts()) + timeline_html(case_facts())).hexdigest()
    assert digests == {here}


def test_of_more_than_anybody_prints_the_first_are_shown_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("counterfoil.case.views.timeline_pdf.MAX_ON_PAPER", 3)
    facts = case_facts(timeline=tuple(entry(number) for number in range(100, 105)))
    text = _squeezed("".join(_pages(facts)))
    assert _squeezed("The first 3 of 5 entries; timeline.html has all of them.") in text
    assert "E-102" in text
    assert "E-103" not in text
    assert "The first" not in "".join(_pages(case_facts(timeline=(entry(1), entry(2), entry(3)))))
