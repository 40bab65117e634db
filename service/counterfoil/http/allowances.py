"""How much somebody may still send: a rate for each sender, kept as one number."""

import math
from collections.abc import Callable
from typing import Final

_LEAST_SWEPT: Final = 1024
"""Below this many senders nothing is tidied up."""

_ROUNDING: Final = 1e-9


class Allowances:
    """``per_second`` for each sender, with up to a second's worth at once. Belongs to one event loop.

    A sender owes each thing that was taken for 1 / ``per_second`` of a second, and is asked to wait while it owes a
    whole second. So something large may be taken at once and is paid for afterwards. A sender that owes nothing is
    forgotten, so the senders held are those of the last moments only. ``timer`` gives seconds and never goes back.
    """

    def __init__(self, per_second: int, timer: Callable[[], float]) -> None:
        self._each = 1 / per_second
        self._timer = timer
        self._paid_at: dict[str, float] = {}
        self._sweep_at = _LEAST_SWEPT

    def __len__(self) -> int:
        return len(self._paid_at)

    def wait(self, sender: str) -> int:
        """Whole seconds until the sender may send again, at least one; 0 when it may now."""
        owed = self._paid_at.get(sender, 0.0) - self._timer()
        return 0 if owed < 1 - _ROUNDING else max(1, math.ceil(owed - 1))

    def charge(self, sender: str, count: int = 1) -> None:
        """Count so many things of the sender, whether or not it had to wait."""
        now = self._timer()
        paid_at = self._paid_at.get(sender)
        if paid_at is None and len(self._paid_at) >= self._sweep_at:
            self._sweep(now)
        self._paid_at[sender] = max(now, paid_at or 0.0) + count * self._each

    def _sweep(self, now: float) -> None:
        self._paid_at = {sender: paid_at for sender, paid_at in self._paid_at.items() if paid_at > now}
        self._sweep_at = max(_LEAST_SWEPT, 2 * len(self._paid_at))
