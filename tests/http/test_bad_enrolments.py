"""Bad enrolments in a row: each is refused, nothing of them is kept, and others are served.

``bench/bad_enrolments.py`` posts ten thousand of the same to a server in a process of its own.
"""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.bad_enrolments import KINDS, Attacker
from counterfoil.statement.genesis import KeyPurpose
from tests.builders import sign_statement
from tests.http.enrolling import PLATFORM, enrolled, enrolling, machine, new_session, post
from tests.http.live import Live, problem_in
from tests.http.test_metrics import value

_WARM, _MORE = 4, 6
_MAX_KEPT = 4096
"""Bytes for each by which the caches of this process, a client's too, may still grow; evidence takes more."""


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with enrolling() as live:
        yield live


def test_what_is_refused_leaves_nothing_behind(live: Live) -> None:
    attacker, codes = Attacker(live.world.signers[KeyPurpose.SERVICE], PLATFORM, PLATFORM.collateral()), Counter[str]()
    size, numbers = live.size(), iter(range(KINDS * (_WARM + _MORE)))

    def attack(rounds: int) -> int:
        for _ in range(KINDS * rounds):
            _, challenge = new_session(live)
            path, body = attacker.made(next(numbers), challenge)
            codes[problem_in(post(live, path, body)).code] += 1
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = attack(_WARM)
        kept = attack(_MORE) - before
    finally:
        tracemalloc.stop()
    assert codes == {
        "challenge-foreign": _WARM + _MORE,
        "challenge-session-not-found": _WARM + _MORE,
        "evidence-signature-invalid": _WARM + _MORE,
        "key-not-bound": _WARM + _MORE,
        "evidence-too-large": _WARM + _MORE,
        "platform-not-admitted": _WARM + _MORE,
        "challenge-mismatch": _WARM + _MORE,
    }
    assert kept / (KINDS * _MORE) < _MAX_KEPT
    assert live.size() == size
    assert value(live.url, "held_body_bytes") == 0
    assert problem_in(live.post(sign_statement(live.world.agent))).code == "attestation-required"
    one = machine(live)
    enrolled(live, one)
    live.register(one.statement())
