"""How long and how often a client tries again, and what it tries again at all."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from secrets import SystemRandom
from typing import Final

from counterfoil.client.problem import ServiceProblemError, ServiceUnreachableError

_AGAIN: Final = frozenset({202, 408, 429, 503})
"""What says of itself that a later request may be answered otherwise. Posting the same bytes again is harmless.

202 is no problem of a request, but stands as one in a sequence of answers.
"""

_FIRST_WAIT_SECONDS: Final = 0.1
_chance: Final = SystemRandom().random
_MAX_DOUBLINGS: Final = 32
_MAX_RETRY_AFTER_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent, for how long, and the longest single wait, also when a longer one is asked for.

    No attempt begins ``seconds`` after the first one of what was called for; where many statements are submitted, after
    the last answer that got on with them. ``answer_seconds`` is how long a service may be silent, and how long the body
    of an answer may take to come. ``clock`` gives seconds that never go back, ``jitter`` numbers from 0 to 1.
    """

    attempts: int = 6
    seconds: float = 45.0
    longest_wait: float = 10.0
    answer_seconds: float = 30.0
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = _chance

    def until(self) -> float:
        """When, on its clock, what begins now is given up."""
        return self.clock() + self.seconds

    def verdict(self, error: Exception) -> bool | float:
        """Whether to try again after an error; a number where the service has said in how many seconds."""
        if isinstance(error, ServiceUnreachableError):
            return True
        if not isinstance(error, ServiceProblemError) or error.problem.status not in _AGAIN:
            return False
        asked = retry_after_seconds(error.problem.retry_after)
        return True if asked is None else min(asked, self.longest_wait)


class Insistence:
    """Whether and when what failed is tried again: ``patience`` on its clock, with chance in the waits.

    Clients that were refused together do not come back together: each wait is doubled, and a random half of it is left
    out. What the service asked for is waited for as it is.
    """

    def __init__(self, patience: Patience, until: float) -> None:
        self._patience = patience
        self._until = until
        self._failures = 0

    def __call__(self, error: Exception) -> bool | float:
        """False, or in how many seconds the next attempt begins."""
        verdict = self._patience.verdict(error)
        if verdict is False:
            return False
        self._failures += 1
        wait = self._backoff() if verdict is True else verdict
        return False if self._patience.clock() + wait > self._until else float(wait)

    def _backoff(self) -> float:
        doubled = _FIRST_WAIT_SECONDS * 2.0 ** min(self._failures - 1, _MAX_DOUBLINGS)
        return min(self._patience.longest_wait, doubled) * (1 + self._patience.jitter()) / 2


IMPATIENT: Final = Patience(attempts=1, seconds=0.0)
"""One attempt, and no wait for a receipt that comes later."""


def retry_after_seconds(text: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """What a Retry-After field asks for, in seconds from now; None where it cannot be read (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= _MAX_RETRY_AFTER_DIGITS else float(10**_MAX_RETRY_AFTER_DIGITS)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now()).total_seconds())
