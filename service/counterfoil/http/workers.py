"""Several processes behind one port: a supervisor that starts them, replaces what dies or hangs, and ends them all."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from counterfoil.errors import CorruptError, CounterfoilError, LogCorruptError, MisconfiguredError
from counterfoil.http.limits import SHUTDOWN_SECONDS, WORKER_SILENT_SECONDS
from counterfoil.http.safety import require_closed, require_lasting
from counterfoil.http.server import listen, open_service, run_until_stopped, url_of
from counterfoil.http.stop_signals import on_stop_signals
from counterfoil.observability.metrics import forget_process
from counterfoil.settings import METRICS_DIRECTORY, Settings, environment_for_children

_logger = logging.getLogger(__name__)

_SPAWN: Final = multiprocessing.get_context("spawn")
_TICK_SECONDS: Final = 0.5
_START_SECONDS: Final = 60.0
"""Importing everything takes a second or two, on a machine that does nothing else."""

_EARLY_DEATHS: Final = 3
"""Workers that die before they serve will not serve the next time either."""

_CORRUPT: Final = 7
_FAILED: Final = 1

Prepare = Callable[[], object]
"""What a worker does first, its logging above all; it goes to another process, so it is a function of a module."""


def no_preparation() -> None:
    """Nothing."""


def serve_workers(
    settings: Settings,
    *,
    announce: Callable[[str], None] = lambda _url: None,
    prepare: Prepare = no_preparation,
) -> None:
    """Serve the log with ``settings.workers`` processes until SIGINT or SIGTERM; requests under way are ended first.

    ``announce`` is told the address once every worker serves. A worker that dies is replaced, and so is one that says
    nothing for ``WORKER_SILENT_SECONDS``. One that finds the log at odds with itself ends all.

    Raises:
        UnsafeConfigurationError, MisconfiguredError, CorruptError, UnavailableError: As ``serve``.
    """
    require_closed(settings)
    with open_service(settings) as service:
        if settings.production:
            require_lasting(settings, service.log.genesis)
        origin = service.log.genesis.identity.origin
    with ExitStack() as stack:
        metrics = stack.enter_context(_shared_metrics())
        listeners = _listen_together(settings, stack)
        team = _Team(settings, listeners, prepare, metrics)
        with on_stop_signals(team.stop), team.at_work():
            team.await_all()
            _logger.info("serving %s with %d workers on %s", origin, settings.workers, url_of(listeners[0]))
            announce(url_of(listeners[0]))
            team.watch()


@contextmanager
def _shared_metrics() -> Iterator[Path]:
    """A directory in which the workers share their metrics: whichever answers, answers for all."""
    with (
        TemporaryDirectory(prefix="counterfoil-metrics-") as folder,
        environment_for_children(METRICS_DIRECTORY, folder),
    ):
        yield Path(folder)


def _listen_together(settings: Settings, stack: ExitStack) -> Sequence[socket.socket]:
    """One socket for each worker at the same address: the kernel spreads connections over them.

    A shared address would also be shared with another server, so it is first taken as nobody else's for a moment. The
    supervisor keeps them all open: what waits for a worker that died is answered by the one in its place.
    """
    with listen(settings.host, settings.port) as probe:
        port = probe.getsockname()[1]
    return [stack.enter_context(listen(settings.host, port, shared=True)) for _ in range(settings.workers)]


@dataclass
class _Worker:
    """One process and the pipe on which it says that it is alive."""

    process: SpawnProcess
    alive: Connection
    heard: float = field(default_factory=time.monotonic)
    serves: bool = False


class _Team:
    def __init__(self, settings: Settings, listeners: Sequence[socket.socket], prepare: Prepare, metrics: Path) -> None:
        self._settings = settings
        self._listeners = listeners
        self._prepare = prepare
        self._metrics = metrics
        self._workers: list[_Worker] = []
        self._early_deaths = 0
        self._stopping = False

    def stop(self) -> None:
        """Ask all to end; ``watch`` then returns."""
        self._stopping = True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Start everybody; end everybody when the block ends, however it does."""
        try:
            for place in range(len(self._listeners)):
                self._workers.append(self._start(place))
            yield
        finally:
            self._stopping = True
            self._end()

    def await_all(self) -> None:
        """Wait until each worker serves.

        Raises:
            MisconfiguredError: One does not.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._stopping and not all(worker.serves for worker in self._workers):
            self._turn()
            if time.monotonic() > deadline:
                raise MisconfiguredError(f"a worker did not serve within {_START_SECONDS:g} seconds")

    def watch(self) -> None:
        """Replace workers that die or hang, until asked to stop.

        Raises:
            CorruptError: One found the log at odds with itself.
        """
        while not self._stopping:
            self._turn()

    def _turn(self) -> None:
        self._hear()
        for place, worker in enumerate(self._workers):
            if self._stopping:
                return
            if worker.process.is_alive():
                self._kill_if_silent(worker)
            else:
                self._workers[place] = self._replace(place, worker)

    def _hear(self) -> None:
        by_pipe = {worker.alive: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), _TICK_SECONDS):
            worker = by_pipe[cast("Connection", pipe)]
            try:
                worker.alive.recv_bytes()
            except (EOFError, OSError):
                worker.process.join(_TICK_SECONDS)  # The pipe's end is the process's.
            else:
                worker.heard, worker.serves, self._early_deaths = time.monotonic(), True, 0

    def _kill_if_silent(self, worker: _Worker) -> None:
        # One that hangs before it serves has its place among the listening sockets all the same.
        patience = WORKER_SILENT_SECONDS if worker.serves else _START_SECONDS
        if time.monotonic() - worker.heard > patience:
            _logger.error("worker %s says nothing and is replaced", worker.process.pid)
            worker.process.kill()

    def _replace(self, place: int, worker: _Worker) -> _Worker:
        code = worker.process.exitcode
        worker.alive.close()
        forget_process(worker.process.pid or 0, self._metrics)
        if code == _CORRUPT:
            raise LogCorruptError(f"worker {worker.process.pid} found the log at odds with itself; its log says how")
        _logger.error("worker %s ended with %s and is replaced", worker.process.pid, code)
        if not worker.serves:
            self._early_deaths += 1
            if self._early_deaths >= _EARLY_DEATHS:
                raise MisconfiguredError(f"{_EARLY_DEATHS} workers ended before they served; their logs say why")
            time.sleep(_TICK_SECONDS)
        return self._start(place)

    def _start(self, place: int) -> _Worker:
        reader, writer = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(
            target=_work,
            args=(self._settings, self._listeners[place], writer, self._prepare),
            name=f"counterfoil-worker-{place}",
        )
        process.start()
        writer.close()
        return _Worker(process, reader)

    def _end(self) -> None:
        for worker in self._workers:
            # One that was stopped would not hear it.
            with suppress(ProcessLookupError):
                os.kill(worker.process.pid or 0, signal.SIGCONT)
            worker.process.terminate()
        deadline = time.monotonic() + 2 * SHUTDOWN_SECONDS + 5
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.alive.close()


def _work(settings: Settings, listener: socket.socket, alive: Connection, prepare: Prepare) -> None:
    """The whole life of a worker process."""
    prepare()

    def beat() -> None:
        try:
            alive.send_bytes(b".")
        except OSError:
            # Nobody listens any more: without its supervisor nothing would ever end this process.
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        with open_service(settings) as service:
            run_until_stopped(service, listener, beat)
    except CorruptError as error:
        _logger.critical("%s: %s", error.code, error.detail)
        raise SystemExit(_CORRUPT) from error
    except CounterfoilError as error:
        _logger.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - the text says it all
        raise SystemExit(_FAILED) from error
