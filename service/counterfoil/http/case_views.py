"""What stands beside the evidence in a case file."""

from collections.abc import Sequence
from typing import Final

from counterfoil.case.build import View

CASE_VIEWS: Final[Sequence[tuple[str, View]]] = ()
"""By file name, in order."""
