"""Bad evidence, one piece after another: how fast it is refused, and whether memory grows."""

import gc
import random
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from bench.evidence import Sample
from counterfoil.attestation.evidence import Platform
from counterfoil.errors import CounterfoilError

_FULL: Final = 0.2
"""The part of them after which whatever remembers something remembers as much as it ever does."""

MAX_GROWTH_BYTES: Final = 512 * 1024
"""Less than fifty bytes a piece of ten thousand: what is kept of each would be more."""


@dataclass(frozen=True, slots=True)
class BadEvidence:
    """How much of it was refused in how long, what was not refused, and by how much memory grew meanwhile."""

    refused: int
    accepted: int
    seconds: float
    growth: int

    @property
    def is_flat(self) -> bool:
        """Whether memory stayed as it was."""
        return self.growth <= MAX_GROWTH_BYTES

    def told(self) -> str:
        """It as a line of text."""
        rate = (self.refused + self.accepted) / self.seconds
        flat = "flat" if self.is_flat else "GROWS"
        return (
            f"{self.refused} pieces of bad evidence refused, {self.accepted} that hold all the same, {rate:.0f}/s "
            f"with every allocation traced; memory {flat}, {self.growth / 1024:+.0f} KiB"
        )


def refuse(samples: Mapping[Platform, Sample], count: int, seed: int = 1) -> BadEvidence:
    """Change a byte of evidence of each platform in turn, so many times in all, and have it verified."""
    choose, names = random.Random(seed), sorted(samples)  # noqa: S311 - which byte is changed is no secret
    refused = accepted = base = 0
    tracemalloc.start()
    began = time.perf_counter()
    for number in range(count):
        if number == int(count * _FULL):
            base = _held()
        try:
            _changed(samples[names[number % len(names)]], choose).verify()
            accepted += 1
        except CounterfoilError:
            refused += 1
    seconds, growth = time.perf_counter() - began, _held() - base
    tracemalloc.stop()
    return BadEvidence(refused, accepted, seconds, growth)


def _changed(sample: Sample, choose: random.Random) -> Sample:
    name = choose.choice(sorted(sample.evidence.parts))
    data = bytearray(sample.evidence.parts[name])
    data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    return replace(sample, evidence=replace(sample.evidence, parts={**sample.evidence.parts, name: bytes(data)}))


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
