"""A sender owes for what it sent, and waits while it owes a second."""

import pytest

from counterfoil.http.allowances import Allowances


class Timer:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


def taken(allowances: Allowances, sender: str, most: int = 10_000) -> int:
    """How many things of a sender are let in one after another."""
    count = 0
    while count < most and allowances.wait(sender) == 0:
        allowances.charge(sender)
        count += 1
    return count


@pytest.mark.parametrize("rate", [1, 2, 3, 7, 10, 1000])
def test_a_seconds_worth_is_let_in_at_once_and_as_much_each_second_after(timer: Timer, rate: int) -> None:
    allowances = Allowances(rate, timer)
    for _ in range(5):
        assert taken(allowances, "a") == rate
        assert allowances.wait("a") == 1
        timer.now += 1


def test_half_a_second_gives_half_as_much(timer: Timer) -> None:
    allowances = Allowances(10, timer)
    assert taken(allowances, "a") == 10
    timer.now += 0.5
    assert taken(allowances, "a") == 5


def test_a_long_silence_saves_nothing_up(timer: Timer) -> None:
    allowances = Allowances(10, timer)
    timer.now += 3600
    assert taken(allowances, "a") == 10


def test_one_sender_is_not_charged_for_another(timer: Timer) -> None:
    allowances = Allowances(2, timer)
    assert taken(allowances, "a") == 2
    assert taken(allowances, "b") == 2


def test_what_is_larger_than_a_second_is_let_in_and_paid_for_to_the_end(timer: Timer) -> None:
    allowances = Allowances(10, timer)
    assert allowances.wait("a") == 0
    allowances.charge("a", 256)
    for waited in range(25):
        assert allowances.wait("a") == 25 - waited
        timer.now += 1
    assert taken(allowances, "a") == 4


def test_to_wait_as_long_as_one_is_told_is_enough(timer: Timer) -> None:
    allowances = Allowances(3, timer)
    for count in (1, 2, 3, 5, 8, 100):
        allowances.charge("a", count)
        timer.now += allowances.wait("a")
        assert allowances.wait("a") == 0


def test_who_waits_is_not_charged_for_asking(timer: Timer) -> None:
    allowances = Allowances(1, timer)
    allowances.charge("a")
    for _ in range(100):
        assert allowances.wait("a") == 1
    timer.now += 1
    assert allowances.wait("a") == 0


def test_many_senders_are_forgotten(timer: Timer) -> None:
    allowances = Allowances(10, timer)
    for number in range(200_000):
        allowances.charge(str(number))
        timer.now += 0.001
    assert len(allowances) <= 2048


def test_those_who_still_owe_are_not_forgotten_with_the_others(timer: Timer) -> None:
    allowances = Allowances(1, timer)
    allowances.charge("owes", 1000)
    for number in range(5000):
        allowances.charge(str(number))
        timer.now += 0.01
    assert allowances.wait("owes") > 900
