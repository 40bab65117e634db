"""What stands beside the evidence in a case file."""

from collections.abc import Sequence
from typing import Final

from counterfoil.case import names
from counterfoil.case.build import View
from counterfoil.case.views.certificate import draft_certificate
from counterfoil.case.views.readme import case_readme
from counterfoil.case.views.timeline_html import timeline_html
from counterfoil.case.views.timeline_pdf import timeline_pdf

CASE_VIEWS: Final[Sequence[tuple[str, View]]] = (
    (names.README, case_readme),
    (names.TIMELINE_HTML, timeline_html),
    (names.TIMELINE_PDF, timeline_pdf),
    (names.CERTIFICATE, draft_certificate),
)
"""By file name, in order."""
