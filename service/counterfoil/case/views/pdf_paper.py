"""Pages of lines as a PDF: the one file that knows the library which draws it."""

from collections.abc import Sequence
from typing import Final

from fpdf import FPDF  # noqa: TID251 - this is the one file
from fpdf.fonts import CORE_FONTS_CHARWIDTHS  # noqa: TID251 - this is the one file

from counterfoil.case.views.pdf_layout import Line, Widths

REGULAR: Final[Widths] = CORE_FONTS_CHARWIDTHS["helvetica"]
BOLD: Final[Widths] = CORE_FONTS_CHARWIDTHS["helveticaB"]
PAGE_WIDTH: Final = 595.28
PAGE_HEIGHT: Final = 841.89
MARGIN: Final = 42.0
_FONT: Final = "Helvetica"
_RULE_GREY: Final = 150
_RULE_ABOVE: Final = 2.0
_LAST_DATE: Final = 253_402_300_799
"""The last second of the year 9999, past which a PDF has no dates."""


def draw(pages: Sequence[Sequence[Line]], *, title: str, created: int) -> bytes:
    """A4 pages with nothing but text and rules; the same arguments give the same bytes under the same libraries.

    ``created`` is in seconds since 1970 and becomes the date of the document. All text is in Latin-1. The document has
    an outline and no links, no actions, no forms, no scripts and no attachments.
    """
    pdf = FPDF(unit="pt", format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.set_display_mode("default")  # It opens at the size that its reader is used to.
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.set_draw_color(_RULE_GREY)
    # The library takes the time of its clock; its type and zone are kept, its value is not.
    clock = pdf.creation_date
    pdf.creation_date = clock.fromtimestamp(min(max(created, 0), _LAST_DATE), clock.tzinfo)
    for page in pages:
        pdf.add_page()
        _draw_page(pdf, page)
    return bytes(pdf.output())


def _draw_page(pdf: FPDF, lines: Sequence[Line]) -> None:
    y, font = MARGIN, (False, 0.0)
    for line in lines:
        if line.bookmark is not None:
            name, level = line.bookmark
            pdf.set_y(y)
            pdf.start_section(name, level)
        if line.ruled:
            pdf.line(MARGIN, y + _RULE_ABOVE, PAGE_WIDTH - MARGIN, y + _RULE_ABOVE)
        y += line.height
        for run in line.runs:
            if (run.bold, run.size) != font:
                font = (run.bold, run.size)
                pdf.set_font(_FONT, style="B" if run.bold else "", size=run.size)
            pdf.text(run.x, y, run.text)
