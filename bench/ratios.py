"""Costs in units of one ES256 verification of the same run: all in turns, medians of rounds, and their spread."""

import gc
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
    """What one costs: the median of its rounds in milliseconds of the processor, and in its unit with their spread."""

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


def signatures() -> tuple[Subject, Subject]:
    """One verification of an ES256 signature over a kilobyte, the unit of all others, and one of ES384.

    Chips of AMD, the Nitro module and GPUs sign with P-384: how much more that takes is the machine's, not ours.
    """
    return _signature(REFERENCE, ec.SECP256R1(), hashes.SHA256()), _signature("es384", ec.SECP384R1(), hashes.SHA384())


def _signature(name: str, curve: ec.EllipticCurve, hashed: hashes.HashAlgorithm) -> Subject:
    key, message, algorithm = ec.generate_private_key(curve), os.urandom(_MESSAGE), ec.ECDSA(hashed)
    signature, public = key.sign(message, algorithm), key.public_key()
    return Subject(name, lambda: public.verify(signature, message, algorithm))


def measured(subjects: Sequence[Subject], rounds: int, times: int) -> list[Ratio]:
    """Each subject so many times in each of so many rounds, in turns, right after its unit, which is one of them."""
    forget, named = caches(), {one.name: one for one in subjects}
    taken: dict[str, list[tuple[float, float]]] = {one.name: [] for one in subjects}
    gc.disable()
    for turn in range(rounds):
        for one in subjects if turn % 2 == 0 else subjects[::-1]:
            unit = _once(named[one.unit], times, forget)
            taken[one.name].append((unit if one.name == one.unit else _once(one, times, forget), unit))
        gc.collect()
    gc.enable()
    return [_ratio(one, taken[one.name]) for one in subjects]


def caches() -> dict[str, Callable[[], object]]:
    """How to empty everything in which this program remembers results, by the module and name of each."""
    modules = [(path, module) for path, module in list(sys.modules.items()) if path.startswith("counterfoil.")]
    return {
        f"{path}.{name}": value.cache_clear
        for path, module in modules
        for name, value in vars(module).items()
        if not isinstance(value, type) and callable(getattr(value, "cache_clear", None))
    }


def _once(subject: Subject, times: int, forget: Mapping[str, Callable[[], object]]) -> float:
    taken = []
    subject.run()
    for _ in range(times):
        if subject.cold:
            for name, empty in forget.items():
                if name.rpartition(".")[2] not in subject.known:
                    empty()
        began = time.thread_time()
        subject.run()
        taken.append(time.thread_time() - began)
    return median(taken)


def _ratio(subject: Subject, taken: Sequence[tuple[float, float]]) -> Ratio:
    ratios = [mine / unit for mine, unit in taken]
    return Ratio(
        name=subject.name,
        source=subject.source,
        milliseconds=round(1000 * median(mine for mine, _ in taken), 4),
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
