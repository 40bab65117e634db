"""The end of a process that found its log at odds with itself."""

import logging
import threading
from collections.abc import Callable

from counterfoil.errors import CorruptError

_logger = logging.getLogger(__name__)


class Failure:
    """The first corruption that this process met. It registers nothing from then on, and stops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: CorruptError | None = None
        self._stop: Callable[[], None] | None = None

    def when_reported(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` at the first report, or now when there was one."""
        with self._lock:
            self._stop = stop
            reported = self._error is not None
        if reported:
            stop()

    def report(self, error: CorruptError) -> None:
        """Log what disagrees, and stop the process; only the first report does anything."""
        with self._lock:
            if self._error is not None:
                return
            self._error, stop = error, self._stop
        _logger.critical("%s: %s; the process stops and repairs nothing", error.code, error.detail)
        if stop is not None:
            stop()

    def require_none(self) -> None:
        """Check that nothing was reported.

        Raises:
            CorruptError: What was.
        """
        if self._error is not None:
            raise self._error
