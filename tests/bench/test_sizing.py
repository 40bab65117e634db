"""How many statements are signed for a run."""

import pytest

from bench.drive import Load
from bench.sizing import WARM_UP, needed_for_rounds, needed_for_warm_up


def test_a_warm_up_has_enough_for_a_server_that_reaches_all_its_targets() -> None:
    under_way = sum(load.under_way for load in WARM_UP)
    assert needed_for_warm_up(20_000, 2) >= 2 * (0.3 + 0.5) * 20_000 + under_way


def test_rounds_have_enough_for_a_server_half_as_fast_again_as_in_its_warm_up() -> None:
    loads, rates = (Load(64), Load(256), Load(64, 100)), {"single": 5000.0, "bulk-100": 10_000.0}
    needed = needed_for_rounds(loads, 5, 3, rates)
    assert needed >= 1.5 * 3 * 5 * (5000 + 5000 + 10_000) + 3 * (64 + 256 + 6400)
    assert needed_for_rounds(loads, 5, 6, rates) == 2 * needed


def test_every_mode_is_warmed_up() -> None:
    with pytest.raises(KeyError):
        needed_for_rounds((Load(64, 100),), 5, 3, {"single": 5000.0})
