"""``python -m tests.fuzz.run --inputs 200000 [--seed N]``: every input to every parser and verifier.

Exit status 1, with a reproducer for each, when anything but an error of ours comes out or an input takes too long.
"""
# ruff: noqa: T201 - a command prints

import argparse
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType

from counterfoil.errors import CounterfoilError
from tests.fuzz.noise import make_input
from tests.fuzz.seeds import make_material
from tests.fuzz.targets import PARSERS, Registering, Target, verifiers

MAX_CPU_SECONDS = 1.0
_GIVE_UP_SECONDS = 20.0
"""An input that takes this long is interrupted, so that an endless loop is reported too."""

_MAX_SHOWN = 20


class StuckError(Exception):
    """An input was interrupted."""


@dataclass(slots=True)
class Tally:
    """What came out of each target, and what must not have."""

    outcomes: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)

    def feed(self, name: str, target: Target, data: bytes) -> None:
        """Give one input to one target."""
        start = time.process_time()
        try:
            target(data)
        except CounterfoilError as error:
            self.outcomes[name][error.code] += 1
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            self.outcomes[name][f"!! {type(error).__name__}"] += 1
            self._fail(name, data, "".join(traceback.format_exception(error)))
        else:
            self.outcomes[name]["read"] += 1
        spent = time.process_time() - start
        if spent > MAX_CPU_SECONDS:
            self._fail(name, data, f"took {spent:.1f} s of CPU")

    def _fail(self, name: str, data: bytes, what: str) -> None:
        self.failures.append(f"{name}: {what}\n  reproducer: {data.hex()}")


def fuzz(inputs: int, seed: int) -> tuple[Tally, int]:
    """Feed that many inputs to everything; the tally, and how many of the seeds were shared vectors."""
    material, rng, tally = make_material(), Random(seed), Tally()  # noqa: S311 - repeatable is what it must be
    registering, messages = Registering(material), material.messages
    targets: Mapping[str, Target] = {**PARSERS, **verifiers(material), "register": registering}
    try:
        for name, target in targets.items():
            for data in material.seeds:
                tally.feed(name, target, data)
        with _interrupting():
            for _ in range(inputs):
                data = make_input(rng, material.seeds, messages)
                signal.setitimer(signal.ITIMER_PROF, _GIVE_UP_SECONDS)
                for name, target in targets.items():
                    tally.feed(name, target, data)
    finally:
        registering.close()
    return tally, material.shared


@contextmanager
def _interrupting() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise StuckError(f"{_GIVE_UP_SECONDS:g} s of CPU and no end")

    before = signal.signal(signal.SIGPROF, stop)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = Random().randrange(2**32) if arguments.seed is None else arguments.seed  # noqa: S311 - no secret
    start = time.monotonic()
    tally, shared = fuzz(arguments.inputs, seed)
    spent = time.monotonic() - start
    for name, outcomes in tally.outcomes.items():
        print(f"{name}: {', '.join(f'{code} {count}' for code, count in outcomes.most_common())}")
    for failure in tally.failures[:_MAX_SHOWN]:
        print(f"\nFAILED {failure}\n  seed {seed}", file=sys.stderr)
    vectors = f"own seeds and {shared} shared vectors" if shared else "own seeds; the shared vectors are absent"
    rate = arguments.inputs / spent
    print(
        f"{arguments.inputs} inputs, each to {len(tally.outcomes)} targets, {rate:.0f} inputs/s, seed {seed}; "
        f"{vectors}; {len(tally.failures)} failures",
    )
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
