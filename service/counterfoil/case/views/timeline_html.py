"""The timeline of an engagement as one HTML document that fetches nothing and runs nothing."""

from collections.abc import Iterator
from typing import Final

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.exhibit import Row
from counterfoil.case.views.html_entries import entries_table
from counterfoil.case.views.html_parts import bullets, logged, shown, table
from counterfoil.case.views.html_style import STYLE
from counterfoil.case.views.notes import DISPUTES, NO_DISPUTES, NO_WRITERS, NOT_ESTABLISHED, READING, VIEW
from counterfoil.case.views.summaries import DISPUTE_COLUMNS, WRITER_COLUMNS, dispute_row, engagement_rows, writer_row

_TITLE: Final = "Timeline of an engagement"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def timeline_html(facts: CaseFacts) -> bytes:
    """The timeline as a self-contained HTML document in UTF-8: the same facts give the same bytes.

    No text of the facts has effect as markup, and no link leads anywhere but to an entry of the same document.
    """
    return "\n".join(_document(facts)).encode()


def _document(facts: CaseFacts) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{shown(_TITLE)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f"<header><h1>{shown(_TITLE)}</h1>\n<p>{shown(VIEW)}</p>"
    yield f"{_engagement(engagement_rows(facts))}</header>\n<main>"
    yield f"<h2>How to read this</h2>\n{bullets(READING)}"
    yield f"<h2>Timeline</h2>\n{entries_table(facts)}"
    yield f"<h2>Completeness</h2>\n{_completeness(facts)}"
    yield f"<h2>Disputes</h2>\n{_disputes(facts)}"
    yield f"<h2>{shown(NOT_ESTABLISHED)}</h2>\n{bullets(facts.not_established)}"
    yield "</main>\n</body>\n</html>\n"


def _engagement(rows: tuple[Row, ...]) -> str:
    body = "".join(f'<tr><th scope="row">{logged(name)}</th><td>{logged(value)}</td></tr>' for name, value in rows)
    return f'<table class="facts"><caption>The engagement</caption><tbody>{body}</tbody></table>'


def _completeness(facts: CaseFacts) -> str:
    caveat = f"<p>{shown(facts.completeness_caveat)}</p>"
    if not facts.writers:
        return f"<p>{shown(NO_WRITERS)}</p>{caveat}"
    caption = "The numbers that each writer gave to its own events"
    return table(caption, WRITER_COLUMNS, map(writer_row, facts.writers), kind="writers") + caveat


def _disputes(facts: CaseFacts) -> str:
    if not facts.disputes:
        return f"<p>{shown(NO_DISPUTES)}</p>"
    rows = map(dispute_row, facts.disputes)
    return f"<p>{shown(DISPUTES)}</p>" + table("Results of panels", DISPUTE_COLUMNS, rows, kind="disputes")
