"""A little of ``make fuzz`` in every test run, with a seed that never changes."""

import asyncio
from collections import Counter
from random import Random

import pytest

from counterfoil.register import register
from tests.builders import sign_statement
from tests.fuzz.noise import make_input
from tests.fuzz.run import Tally, fuzz
from tests.fuzz.seeds import make_material
from tests.fuzz.targets import PARSERS, Registering

INPUTS = 1500

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
"""The library warns of certificates that a later release of it will refuse; either is well."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return fuzz(INPUTS, seed=20_260_101)[0]


def test_only_our_errors_come_out(tally: Tally) -> None:
    assert tally.failures == []


def test_every_target_reads_something_and_refuses_something(tally: Tally) -> None:
    """An input that every parser refuses at its first byte would show nothing."""
    for name, outcomes in tally.outcomes.items():
        assert outcomes["read"] > 0, name
        assert len(outcomes) > 1, name


def test_the_inputs_reach_deep(tally: Tally) -> None:
    assert len(tally.outcomes["register"]) >= 12
    assert len(tally.outcomes["parse_signed_statement"]) >= 10
    assert len(tally.outcomes["verify_transparent_statement"]) >= 8


def test_an_escaped_error_and_a_slow_input_are_reported() -> None:
    tally = Tally()
    tally.feed("broken", lambda data: data[100], b"abc")
    tally.feed("sound", len, b"abc")
    (failure,) = tally.failures
    assert "IndexError" in failure
    assert b"abc".hex() in failure
    assert tally.outcomes["sound"] == Counter(read=1)


def test_a_seed_repeats_its_inputs() -> None:
    material = make_material()
    seeds, messages = material.seeds, material.messages
    assert seeds == make_material().seeds
    one, other = Random(7), Random(7)  # noqa: S311 - repeatable is what it must be
    assert [make_input(one, seeds, messages) for _ in range(50)] == [
        make_input(other, seeds, messages) for _ in range(50)
    ]


def test_registering_notices_an_append() -> None:
    material = make_material()
    registering = Registering(material)
    try:
        registering(material.statement)
        asyncio.run(register(sign_statement(material.world.agent, b"new"), material.world.open()))
        with pytest.raises(AssertionError, match="appended"):
            registering(material.statement)
    finally:
        registering.close()


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff" * 40, *(byte * 5000 for byte in (b"\x9f", b"\x81", b"[", b"\xd2"))]
)
def test_the_oldest_tricks(name: str, data: bytes) -> None:
    tally = Tally()
    tally.feed(name, PARSERS[name], data)
    assert tally.failures == []
