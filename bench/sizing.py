"""How many statements a run needs: they are signed before it, and each is posted once."""

from collections.abc import Iterable
from typing import Final

from bench.drive import Load

WARM_SECONDS: Final = 2
WARM_UP: Final = (Load(64), Load(16, 100))
"""One load of each mode. What it measures says how many statements the counted rounds need."""

_WARM_SHARE: Final = 0.6
"""Of the rate of verifying alone: more than any load is to reach. A warm-up that runs out has measured all the same."""

_MARGIN: Final = 2.0
"""256 clients get up to half as much again through as the 64 of the warm-up; the rest is for a machine less busy."""


def needed_for_warm_up(verified: float, seconds: int) -> int:
    """How many each server's warm-up takes, where ``verified`` signatures are verified in a second."""
    return int(len(WARM_UP) * seconds * _WARM_SHARE * verified) + sum(2 * load.under_way for load in WARM_UP)


def needed_for_rounds(loads: Iterable[Load], seconds: int, rounds: int, rates: dict[str, float]) -> int:
    """How many a server is posted at most in its rounds, by the rate of each mode that its warm-up measured.

    Raises:
        KeyError: The warm-up had no load of a mode.
    """
    each = (int(_MARGIN * seconds * rates[load.mode]) + 2 * load.under_way for load in loads)
    return rounds * sum(each)
