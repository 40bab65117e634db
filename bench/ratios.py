"""Costs in units of one ES256 verification of the same run: all in turns, medians of rounds, and their spread."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

REFERENCE = "es256"
_MESSAGE = 1024


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is measured. ``cold``: nothing helps it that the process remembers from before.

    But what the functions named in ``known`` remember does: what a log holds is read once, and not for each statement.
    ``target`` is what it may cost at most, in units of the subject named ``unit``, ``source`` whose evidence it is.
    """

    name: str
    run: Callable[[], object]
    cold: bool = False
    known: frozenset[str] = frozenset()
    target: float | None = None
    unit: str = REFERENCE
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """What one costs: the median of its rounds in milliseconds, and in its unit with the least and the most of them."""

    name: str
    source: str
    milliseconds: float
    unit: str
    ratio: float
    least: float
    most: float
    target: float | None

    @property
    def is_met(self) -> bool:
        """Whether it costs no more than it may."""
        return self.target is None or self.ratio <= self.target

    def as_json(self) -> dict[str, object]:
        """One object of build/bench-attestation.json."""
        return {**asdict(self), "met": self.is_met}


def es256() -> Subject:
    """One verification of an ES256 signature over a kilobyte, and nothing else: the unit of all the others."""
    key, message, algorithm = ec.generate_private_key(ec.SECP256R1()), os.urandom(_MESSAGE), ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(message, algorithm), key.public_key()
    return Subject(REFERENCE, lambda: public.verify(signature, message, algorithm))


def measured(subjects: Sequence[Subject], rounds: int, times: int) -> list[Ratio]:
    """Each subject so many times in each of so many rounds, in turns; the units have to be among them."""
    forget = caches()
    taken: dict[str, list[float]] = {one.name: [] for one in subjects}
    for turn in range(rounds):
        for one in subjects if turn % 2 == 0 else subjects[::-1]:
            taken[one.name].append(_once(one, times, forget))
    return [_ratio(one, taken) for one in subjects]


def caches() -> dict[str, Callable[[], object]]:
    """How to empty everything in which this program remembers results, by the name of the function or of the object."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("counterfoil.")]
    found = dict[str, Callable[[], object]]()
    for name, value in ((name, value) for module in modules for name, value in vars(module).items()):
        if callable(getattr(value, "cache_clear", None)):
            found[name] = value.cache_clear
        elif isinstance(known := getattr(value, "_known", None), dict):
            found[name] = known.clear
    return found


def _once(subject: Subject, times: int, forget: Mapping[str, Callable[[], object]]) -> float:
    taken = []
    subject.run()
    for _ in range(times):
        if subject.cold:
            for name, empty in forget.items():
                if name not in subject.known:
                    empty()
        began = time.perf_counter()
        subject.run()
        taken.append(time.perf_counter() - began)
    return median(taken)


def _ratio(subject: Subject, taken: dict[str, list[float]]) -> Ratio:
    mine, units = taken[subject.name], taken[subject.unit]
    ratios = [one / unit for one, unit in zip(mine, units, strict=True)]
    return Ratio(
        name=subject.name,
        source=subject.source,
        milliseconds=round(1000 * median(mine), 4),
        unit=subject.unit,
        ratio=round(median(ratios), 3),
        least=round(min(ratios), 3),
        most=round(max(ratios), 3),
        target=subject.target,
    )


def table(ratios: Sequence[Ratio]) -> list[str]:
    """The ratios as lines of text."""
    head = f"{'what':<44}{'evidence':<11}{'ms':>9}{'ratio':>9}{'min..max':>18}{'at most':>9}  of"
    lines = [head]
    for one in ratios:
        spread = f"{one.least:.2f}..{one.most:.2f}"
        target = "-" if one.target is None else f"{one.target:g}"
        verdict = "" if one.is_met else "  NOT MET"
        lines.append(
            f"{one.name:<44}{one.source or '-':<11}{one.milliseconds:>9.3f}{one.ratio:>9.2f}{spread:>18}{target:>9}"
            f"  {one.unit}{verdict}"
        )
    return lines
