"""The costly part of an audit, shared among processes: each stretch is read and repeated in one of them."""

import atexit
import gc
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Final, Self

from counterfoil.audit.enrolled_rules import EnrolmentEntry
from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.stretch import Stretch, repeat_stretch
from counterfoil.audit.timeline import RulesEntry, Timeline, read_timeline
from counterfoil.cli.audit_source import EntriesFrom, Source
from counterfoil.statement.genesis import Genesis, parse_genesis

STRETCH: Final = 1000
"""Entries of a stretch: one answer of a service, and some hundredths of a second of one processor."""

_COLLECT_AFTER: Final = 100_000
"""Objects of a process that were made and are still there, before circles among them are looked for."""

_WORTH_A_PROCESS: Final = 4
"""Stretches that are done while another process starts."""

_AHEAD: Final = 3
"""Stretches under way for each process: enough that none waits, few enough to hold."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a process needs to repeat any stretch of one log: all of it bytes, since keys cannot be sent.

    Of the enrolments it is where they are, None where that is not known; each process reads those that it needs.
    """

    source: Source
    genesis: bytes
    rules: tuple[RulesEntry, ...]
    enrolments: tuple[EnrolmentEntry, ...] | None = ()

    def timeline(self, entries: EntriesFrom) -> Timeline:
        """The rules of the log, decided again; errors as for ``read_timeline``."""

        def read(number: int) -> AuditedEntry | None:
            return next((one for one in entries(number, number + 1) if one.number == number), None)

        return read_timeline(self.rules, parse_genesis(self.genesis), self.enrolments, read)


def work_on(
    source: Source, genesis: Genesis, rules: Sequence[RulesEntry], enrolments: Sequence[EnrolmentEntry] | None = ()
) -> Work:
    """The work on a log that was opened here."""
    return Work(source, genesis.encode(), tuple(rules), None if enrolments is None else tuple(enrolments))


class Workers:
    """So many processes that repeat stretches; with one it is this process itself.

    Made before a log is opened: where nothing else runs beside it, this process is copied with all that it has loaded,
    and what it opens later is nobody else's. Elsewhere each of them is a new interpreter, which takes a second or two.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        if jobs > 1 and sys.platform == "linux" and threading.active_count() == 1:
            self._pool = ProcessPoolExecutor(jobs, get_context("fork"), _begin)
            self._pool.submit(_nothing).result()  # By then all of them are there.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def repeat(self, work: Work, start: int, stop: int) -> Iterator[Stretch]:
        """The stretches of a range, in order.

        Raises:
            CounterfoilError: The entries cannot be read.
        """
        bounds = [(at, min(at + STRETCH, stop)) for at in range(start, stop, STRETCH)]
        if min(self._jobs, len(bounds) // _WORTH_A_PROCESS) <= 1:
            with _Worker(work) as worker:
                yield from (worker.repeat(*one) for one in bounds)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._jobs, get_context("spawn"), _begin)
        yield from _in_order(self._pool, work, bounds, self._jobs * _AHEAD)


def _in_order(
    pool: ProcessPoolExecutor, work: Work, bounds: Sequence[tuple[int, int]], ahead: int
) -> Iterator[Stretch]:
    waiting: deque[Future[Stretch]] = deque()
    left = iter(bounds)
    waiting.extend(pool.submit(_repeat, work, *one) for one in islice(left, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(_repeat, work, *one) for one in islice(left, 1))


class _Worker:
    """A process's own connection, with the rules of the log."""

    def __init__(self, work: Work) -> None:
        self._stack = ExitStack()
        self._entries: EntriesFrom = self._stack.enter_context(work.source.opened())
        self._timeline = work.timeline(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def repeat(self, start: int, stop: int) -> Stretch:
        return repeat_stretch(self._entries(start, stop), start, stop, self._timeline)


_workers: Final[list[tuple[Work, _Worker]]] = []
"""The one of this process, with the work that it was made for."""


def _begin() -> None:
    # Who interrupts means the process that started this one, and that ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What repeating a decision makes it also lets go of; looking for circles in it would take a tenth of the time.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def _nothing() -> None:
    """What a process does to show that it is there."""


def _repeat(work: Work, start: int, stop: int) -> Stretch:
    if not _workers:
        worker = _Worker(work)
        _workers.append((work, worker))
        atexit.register(worker.__exit__)
    known, worker = _workers[0]
    if known != work:
        raise ValueError("a process works on one log")
    return worker.repeat(start, stop)
