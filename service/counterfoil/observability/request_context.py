"""Which request the code at hand works for, wherever it runs: log lines and metrics ask here."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class RequestContext:
    """One request under way. ``problem_code`` is the stable code of the problem it ended with, if it did."""

    request_id: str
    problem_code: str | None = None


CURRENT_REQUEST: Final[ContextVar[RequestContext | None]] = ContextVar("counterfoil_request", default=None)
"""Set by the outermost layer of the application; None outside of a request."""


def note_problem(code: str) -> None:
    """Remember the problem that answers the request under way, for its log line and for the metrics."""
    context = CURRENT_REQUEST.get()
    if context is not None:
        context.problem_code = code
