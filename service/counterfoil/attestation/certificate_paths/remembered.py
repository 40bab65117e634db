"""What was verified lately, each once while it holds. What is remembered changes no answer."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from counterfoil.cose.x509_path.certificate import parse_certificate

MAX_REMEMBERED: Final = 1024
"""Paths of devices and endorsements that were judged lately, some kilobytes each."""


class Dated(Protocol):
    """What holds for a while, in whole seconds since 1970, both ends included."""

    @property
    def holds_from(self) -> int:
        """The first second."""
        ...

    @property
    def holds_until(self) -> int:
        """The last one."""
        ...


_DatedT = TypeVar("_DatedT", bound=Dated)


@dataclass(frozen=True, slots=True)
class Verified(Generic[_DatedT]):
    """What came of it. ``is_only``: at every time that it holds, nothing else can come of the same bytes."""

    found: _DatedT
    is_only: bool


class Remembered(Generic[_DatedT]):
    """Results by the bytes that they are of, for any threads. Failures are not remembered."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _DatedT] = {}

    def find(self, name: Hashable, at: int, verify: Callable[[], Verified[_DatedT]]) -> _DatedT:
        """The result under that name where it holds at the time ``at``; else what ``verify`` gives, or raises."""
        known = self._known.get(name)
        if known is not None and known.holds_from <= at <= known.holds_until:
            return known
        verified = verify()
        if verified.is_only:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[name] = verified.found
        return verified.found

    def cache_clear(self) -> None:
        """Begin again: the next of each is verified anew."""
        self._known.clear()


def is_only_path(path: Sequence[bytes], at_hand: Iterable[bytes]) -> bool:
    """Whether no certificate at hand has the name of a CA in ``path`` without being it.

    Where one has, another path may be the first to hold at another time.
    """
    names = {parse_certificate(der).subject for der in path[1:]}
    return not any(parse_certificate(der).subject in names for der in at_hand if der not in path)
