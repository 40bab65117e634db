"""What stands beside the evidence in a case file."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from counterfoil.case import names
from counterfoil.case.build import View
from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.certificate import draft_certificate
from counterfoil.case.views.readme import case_readme
from counterfoil.case.views.timeline_html import timeline_html


@cache
def verifier() -> bytes:
    """The verifier that needs nothing of ours, as it lies in this installation."""
    return files("counterfoil.case").joinpath("standalone", "verify.py").read_bytes()


def _verifier(_facts: CaseFacts) -> bytes:
    return verifier()


def _timeline_pdf(facts: CaseFacts) -> bytes:
    # A sixth of what a server takes to start is reading the library that writes PDF, and many never write one.
    from counterfoil.case.views.timeline_pdf import timeline_pdf  # noqa: PLC0415 - see above

    return timeline_pdf(facts)


CASE_VIEWS: Final[Sequence[tuple[str, View]]] = (
    (names.README, case_readme),
    (names.TIMELINE_HTML, timeline_html),
    (names.TIMELINE_PDF, _timeline_pdf),
    (names.CERTIFICATE, draft_certificate),
    (names.VERIFIER, _verifier),
)
"""By file name, in order."""
