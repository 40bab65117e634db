"""How long and how often a client tries again, and what it tries again at all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from counterfoil.client.problem import ServiceProblemError, ServiceUnreachableError

_AGAIN: Final = frozenset({202, 408, 429, 503})
"""What says of itself that a later request may be answered otherwise. Posting the same bytes again is harmless.

202 is no problem of a request, but stands as one in a sequence of answers.
"""

_MAX_RETRY_AFTER_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Patience:
    """Attempts in all, seconds in all, and the longest single wait, also when the service asks for a longer one.

    ``answer_seconds`` is how long each part of an answer may take to come.
    """

    attempts: int = 6
    seconds: float = 45.0
    longest_wait: float = 10.0
    answer_seconds: float = 30.0

    def verdict(self, error: Exception) -> bool | float:
        """Whether to try again after an error; a number where the service has said in how many seconds."""
        if isinstance(error, ServiceUnreachableError):
            return True
        if not isinstance(error, ServiceProblemError) or error.problem.status not in _AGAIN:
            return False
        asked = retry_after_seconds(error.problem.retry_after)
        return True if asked is None else min(asked, self.longest_wait)


IMPATIENT: Final = Patience(attempts=1)
"""One attempt."""


def retry_after_seconds(text: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """What a Retry-After field asks for, in seconds from now; None where it cannot be read (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= _MAX_RETRY_AFTER_DIGITS else float(10**_MAX_RETRY_AFTER_DIGITS)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now()).total_seconds())
