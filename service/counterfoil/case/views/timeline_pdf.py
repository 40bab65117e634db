"""The timeline of an engagement as a PDF that holds text and nothing that acts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.exhibit import Exhibit, Row, exhibit, exhibit_label
from counterfoil.case.views.notes import (
    DISPUTES,
    LATIN_ONLY,
    NO_DISPUTES,
    NO_WRITERS,
    NOT_ESTABLISHED,
    READING,
    VIEW,
)
from counterfoil.case.views.pdf_blocks import (
    SMALL,
    SMALL_LEADING,
    bullets,
    entry_heading,
    heading,
    paragraph,
    rows,
    small,
)
from counterfoil.case.views.pdf_layout import Line, Run, paginate
from counterfoil.case.views.pdf_paper import MARGIN, PAGE_HEIGHT, PAGE_WIDTH, draw
from counterfoil.case.views.summaries import DISPUTE_COLUMNS, WRITER_COLUMNS, dispute_row, engagement_rows, writer_row

_TITLE: Final = "Timeline of an engagement"
_FOOTNOTE: Final = "Signs beyond Western Europe's letters are spelled out, such as \\u4e2d; timeline.html shows them."
_HEADER_LINES: Final = 4
"""As much of a rootTraceId as stands on every page; page 1 has all of it."""

MAX_ON_PAPER: Final = 2000
"""Some 500 pages, made in two seconds: nobody prints more, and timeline.html has all of them."""

_PAGE_NUMBER_X: Final = PAGE_WIDTH - MARGIN - 80


def timeline_pdf(facts: CaseFacts) -> bytes:
    """The timeline as a PDF of A4 pages: the same facts give the same bytes.

    It has what ``timeline_html`` has, with characters beyond Latin-1 spelled out, of the first ``MAX_ON_PAPER``
    entries, and says so where there are more. Nothing in it is a link, an action, a form or a script. Every page names
    the engagement and the SHA-256 of the evidence's manifest.
    """
    header = _header(facts)
    used = sum(line.height for line in header) + 3 * SMALL_LEADING
    pages = paginate(_lines(facts), PAGE_HEIGHT - 2 * MARGIN - used)
    room = PAGE_HEIGHT - 2 * MARGIN - SMALL_LEADING
    framed = [
        [*header, *page, *_footer(number, len(pages), room - sum(line.height for line in (*header, *page)))]
        for number, page in enumerate(pages, 1)
    ]
    return draw(framed, title=_TITLE, created=facts.head_time)


def _header(facts: CaseFacts) -> Sequence[Line]:
    rest = f"... (in full on page 1; chain id {facts.chain_id})"
    lines = [
        *small(f"rootTraceId {facts.root_trace_id}", most=_HEADER_LINES, rest=rest),
        *small(f"SHA-256 of evidence/manifest.json {facts.evidence_digest}", most=1, rest=""),
    ]
    return (*lines, Line(SMALL_LEADING, (), ruled=True))


def _footer(number: int, count: int, above: float) -> Iterator[Line]:
    yield Line(above, ())
    page = Run(_PAGE_NUMBER_X, f"Page {number} of {count}", SMALL)
    yield Line(SMALL_LEADING, (Run(MARGIN, _FOOTNOTE, SMALL), page))


def _lines(facts: CaseFacts) -> Iterator[Line]:
    yield from heading(_TITLE, 16, level=0)
    yield from paragraph(VIEW)
    yield from _section("The engagement", rows(engagement_rows(facts)))
    yield from _section("How to read this", bullets((*READING, LATIN_ONLY)))
    yield from _section("Timeline", _timeline(facts))
    yield from _section("Completeness", _completeness(facts))
    yield from _section("Disputes", _disputes(facts))
    yield from _section(NOT_ESTABLISHED, bullets(facts.not_established))


def _timeline(facts: CaseFacts) -> Iterator[Line]:
    count = len(facts.timeline)
    if count > MAX_ON_PAPER:
        yield from paragraph(f"The first {MAX_ON_PAPER} of {count} entries; timeline.html has all of them.")
    yield from chain.from_iterable(_entry(exhibit(entry)) for entry in facts.timeline[:MAX_ON_PAPER])


def _section(name: str, lines: Iterable[Line]) -> Iterator[Line]:
    yield from heading(name, 12, level=0)
    yield from lines


def _entry(one: Exhibit) -> Iterator[Line]:
    yield from entry_heading(one.label, one.event)
    yield from rows((*one.identity, *one.who, *one.clocks))
    # What was logged stands on the right only, so that no name in it passes for one of ours.
    yield from rows(_several("Said", [f"{name}: {value}" for name, value in one.said]))
    yield from rows(_several("Finding", [f"{name}: {what}" for name, what in one.findings]))
    yield from rows(_several("Refers to", _links(one.references)))
    yield from rows(_several("Referred to by", _links(one.annotations)))


def _links(links: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{exhibit_label(number)} ({relation})" for relation, number in links]


def _several(name: str, values: Sequence[str]) -> Iterable[Row]:
    return ((name, value) for value in values or ["none"])


def _completeness(facts: CaseFacts) -> Iterator[Line]:
    if not facts.writers:
        yield from paragraph(NO_WRITERS)
    for writer in facts.writers:
        yield from _ruled(rows(zip(WRITER_COLUMNS, writer_row(writer), strict=True)))
    yield from paragraph(facts.completeness_caveat)


def _disputes(facts: CaseFacts) -> Iterator[Line]:
    yield from paragraph(DISPUTES if facts.disputes else NO_DISPUTES)
    for dispute in facts.disputes:
        yield from _ruled(rows(zip(DISPUTE_COLUMNS, dispute_row(dispute), strict=True)))


def _ruled(lines: Iterable[Line]) -> Iterator[Line]:
    first, *others = lines
    yield replace(first, height=first.height + 4, ruled=True)
    yield from others
    yield Line(SMALL_LEADING, ())
