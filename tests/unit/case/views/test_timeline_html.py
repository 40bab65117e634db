from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.timeline_html import timeline_html
from counterfoil.encoding.printable import printable
from tests.case_facts import HOSTILE, case_facts, empty_facts, entry, no_entries, telling

VOID = {"meta", "br"}
FORBIDDEN = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg", "audio", "video", "input"}


class Page(HTMLParser):
    """What a browser makes of it: elements with their attributes in order, and the text between them."""

    def __init__(self, document: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.others: list[str] = []
        self.open: list[str] = []
        self.feed(document.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)

    def attributes(self, name: str) -> list[str | None]:
        return [value for _, attrs in self.elements for key, value in attrs if key == name]


def _page(facts: CaseFacts) -> Page:
    page = Page(timeline_html(facts))
    assert page.open == []
    assert page.others == []
    return page


def _text(facts: CaseFacts) -> str:
    return "\n".join(_page(facts).texts)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = _page(case_facts())
    assert ("html", (("lang", "en"),)) in page.elements
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert ("meta", (("http-equiv", "Content-Security-Policy"), ("content", policy))) in page.elements
    assert {tag for tag, _ in page.elements} & FORBIDDEN == set()
    assert page.attributes("src") + page.attributes("style") == []
    assert not [name for _, attrs in page.elements for name, _ in attrs if name.startswith("on")]
    document = timeline_html(case_facts())
    assert b"url(" not in document
    assert b"@import" not in document


def test_every_link_leads_to_an_entry_of_the_page() -> None:
    page = _page(case_facts())
    assert sorted(filter(None, page.attributes("href"))) == ["#E-7", "#E-9"]
    assert page.attributes("id") == ["E-4", "E-7", "E-9", "E-10", "E-12"]


def test_what_is_not_on_the_page_is_named_and_not_linked() -> None:
    page = _page(case_facts(timeline=(entry(7, references=(("parent", 3),)),)))
    assert page.attributes("href") == []
    assert any("E-3" in text for text in page.texts)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_text_becomes_markup(text: str) -> None:
    page = _page(telling(text))
    assert page.elements == _page(telling("harmless")).elements
    assert page.texts.count(printable(text)) >= (30 if text else 0)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_no_text_whatever_becomes_markup(text: str) -> None:
    page = _page(telling(text))
    assert page.elements == _page(telling("harmless")).elements
    assert page.texts.count(printable(text)) >= 30


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_all_that_is_in_the_file_prints(text: str) -> None:
    shown = timeline_html(telling(text)).decode()
    assert all(line.isprintable() for line in shown.split("\n"))


def test_every_fact_is_shown() -> None:
    facts = case_facts()
    text = _text(facts)
    expected = [
        facts.origin,
        facts.root_trace_id,
        facts.chain_id,
        facts.chain_hash,
        str(facts.tree_size),
        facts.tree_root,
        "2027-01-15T08:10:00Z",
        "suspended",
        facts.evidence_digest,
        facts.software,
        facts.completeness_caveat,
        *facts.not_established,
        *(text for party in facts.parties for text in party[:1]),
        *(one.entry_id for one in facts.timeline),
        *(value for one in facts.timeline for pair in (*one.said, *one.findings) for value in pair),
        *("E-4", "E-7", "E-9", "E-10", "E-12"),
        *("agent-1", "runtime-1", "2027-01-15T07:59:58.500Z", "2027-01-15T08:00:00Z"),
        *("2 hours 5 minutes after the claimed time", "1 minute 30 seconds BEFORE the claimed time"),
        *("0.7", "0.55", "refund", "partial or human-review"),
        "erased (only its hash is left)",
    ]
    assert [value for value in expected if value not in text] == []


def test_a_table_can_be_read_without_seeing_it() -> None:
    page = _page(case_facts())
    counts = Counter(tag for tag, _ in page.elements)
    assert counts["caption"] == counts["table"] == 4
    assert all(dict(attrs).get("scope") in {"row", "col"} for tag, attrs in page.elements if tag == "th")


@pytest.mark.parametrize("facts", [empty_facts(), no_entries()], ids=["erased", "nothing"])
def test_what_is_not_there_is_said(facts: CaseFacts) -> None:
    text = _text(facts)
    for sentence in ("no event here forms an engagement", "none is named here", "No panel's result", "No writer's"):
        assert sentence in text
    assert facts.completeness_caveat in text


def test_the_same_facts_give_the_same_bytes() -> None:
    assert timeline_html(case_facts()) == timeline_html(case_facts())
