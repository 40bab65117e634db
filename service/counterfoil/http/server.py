"""Serving a data directory: what must be right before the first request, and how the process ends."""

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from counterfoil.cose.signer import Signer
from counterfoil.errors import KeysMismatchError, MisconfiguredError
from counterfoil.http.app import create_app
from counterfoil.http.connections import BoundedConfig, raise_descriptor_limit
from counterfoil.http.failure import Failure
from counterfoil.http.limits import ALIVE_SECONDS, BACKLOG, KEEP_ALIVE_SECONDS, SHUTDOWN_SECONDS
from counterfoil.http.metrics import problem_codes
from counterfoil.http.profiles import load_profiles
from counterfoil.http.protocol import BoundedProtocol
from counterfoil.http.safety import require_closed, require_lasting
from counterfoil.http.stop_signals import on_stop_signals
from counterfoil.http.wiring import CheckpointSource, Clock, Service
from counterfoil.log.local_log import LocalLog, Store
from counterfoil.observability.metrics import CommitTimes, Metrics
from counterfoil.settings import Settings, read_metrics_directory
from counterfoil.signing.uri import open_signer
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.profile import Profiles
from counterfoil.storage.opening import appends_to, open_store

_logger = logging.getLogger(__name__)

_START_SECONDS: Final = 30.0
_GC_THRESHOLDS: Final = (20_000, 50, 100)
"""Some hundred requests between two looks at what is young; hardly anything here is part of a cycle."""


def system_clock() -> int:
    """Whole seconds since 1970, by this machine."""
    return int(time.time())


def serve(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve the log in ``settings.data`` until SIGINT or SIGTERM; requests under way are ended first.

    ``announce`` is told the address once nothing stands in the way any more.

    Raises:
        UnsafeConfigurationError: The configuration would open what must stay closed, or would not last.
        MisconfiguredError: There is no log to open, no key, or the address is taken.
        CorruptError: The log disagrees with itself or with the keys; the process must exit with an error.
    """
    require_closed(settings)
    with open_service(settings, clock) as service, listen(settings.host, settings.port) as listener:
        if settings.production:
            require_lasting(settings, service.log.genesis)

        def begin() -> None:
            _logger.info("serving %s on %s", service.log.genesis.identity.origin, url_of(listener))
            announce(url_of(listener))

        run_until_stopped(service, listener, begin=begin)


def run_until_stopped(
    service: Service,
    listener: socket.socket,
    alive: Callable[[], None] = lambda: None,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a listening socket until SIGINT or SIGTERM; ``alive`` is called about once a second from the event loop.

    ``begin`` is called once whoever is told to stop does so in order.

    Raises:
        CorruptError: The log disagrees with itself.
    """
    raise_descriptor_limit()
    server = _server(service, alive)
    _leave_what_stays()
    with on_stop_signals(_stopping(server)):
        # uvicorn raises the signal again once it has shut down; it is taken here.
        begin()
        server.run(sockets=[listener])
    service.failure.require_none()


def _leave_what_stays() -> None:
    """Keep the garbage collector from looking through all that was imported, again and again, while somebody waits.

    Measured with 64 clients: the slowest hundredth of answers takes half as long, and an answer a tenth less work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


@contextmanager
def open_service(settings: Settings, clock: Clock = system_clock) -> Iterator[Service]:
    """The log in ``settings.data`` with the keys that its genesis statement names, open until the block ends.

    Raises:
        MisconfiguredError: No data directory is given, it holds no log, or a key is not to be had.
        CorruptError: The log disagrees with itself, or the keys are others.
    """
    if settings.data is None:
        raise MisconfiguredError("no data directory is given")
    with closing(open_store(settings.database, settings.data)) as store:
        yield wire_service(store, _signers(settings, settings.data), settings, clock)


def wire_service(
    store: Store,
    signers: dict[KeyPurpose, Signer],
    settings: Settings,
    clock: Clock = system_clock,
    profiles: Profiles | None = None,
) -> Service:
    """A service over an open store, with signers for receipts, checkpoints and pages.

    ``profiles`` are those that this installation has unless they are given.

    Raises:
        ProfileUnusableError: An installed profile cannot be loaded.
        KeysMismatchError: A signer does not hold the key that the genesis statement names.
        NotInitialisedError, CorruptError: The store holds no log, or one that disagrees with itself.
    """
    failure, metrics = Failure(), Metrics(problem_codes())
    log = LocalLog(
        store,
        signers[KeyPurpose.RECEIPT],
        clock,
        appends=appends_to(store),
        max_batch=settings.max_batch,
        on_corrupt=failure.report,
        observer=CommitTimes(metrics, time.perf_counter),
        profiles=load_profiles() if profiles is None else profiles,
    )
    for purpose in (KeyPurpose.CHECKPOINT, KeyPurpose.SERVICE):
        _require_named(log.genesis, purpose, signers[purpose])
    checkpoints = CheckpointSource(log, signers[KeyPurpose.CHECKPOINT], clock)
    return Service(
        log,
        checkpoints,
        signers[KeyPurpose.SERVICE],
        settings,
        clock,
        failure,
        metrics=metrics,
        shared_metrics=read_metrics_directory(),
    )


@contextmanager
def running_server(service: Service, *, host: str = "127.0.0.1") -> Iterator[str]:
    """The service on a free port of this machine, in a thread, as a base URL; it has ended when the block has.

    Raises:
        MisconfiguredError: It did not start.
    """
    server = _server(service)
    with listen(host, 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="counterfoil-http")
        thread.start()
        try:
            _await_start(server, thread)
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """uvicorn's server, which ends the answers that would go on before it waits for those under way."""

    def __init__(self, config: BoundedConfig, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)


def _signers(settings: Settings, data: Path) -> dict[KeyPurpose, Signer]:
    uris = {
        KeyPurpose.RECEIPT: settings.receipt_key,
        KeyPurpose.CHECKPOINT: settings.checkpoint_key,
        KeyPurpose.SERVICE: settings.service_key,
    }
    return {purpose: open_signer(uri, data) for purpose, uri in uris.items()}


def _require_named(genesis: Genesis, purpose: KeyPurpose, signer: Signer) -> None:
    expected, held = genesis.keys[purpose].thumbprint, signer.public_key.thumbprint
    if held != expected:
        raise KeysMismatchError(
            f"the genesis statement names {expected.hex()} as the {purpose} key, and the signer holds {held.hex()}",
        )


def _server(service: Service, alive: Callable[[], None] = lambda: None) -> uvicorn.Server:
    async def notify() -> None:
        alive()

    app = create_app(service)
    server = _Server(
        BoundedConfig(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            workers=1,
            # An access log would hold every rootTraceId that somebody asked for.
            access_log=False,
            log_config=None,
            # The peer's address decides who may read; no header may change it.
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            callback_notify=notify,
            timeout_notify=ALIVE_SECONDS,
            headers=[("X-Content-Type-Options", "nosniff")],
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ),
        app.end_streams,
    )

    service.failure.when_reported(_stopping(server))
    return server


def _stopping(server: uvicorn.Server) -> Callable[[], None]:
    def stop() -> None:
        server.should_exit = True

    return stop


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that listens at an address, which is then nobody else's; ``shared``: but for others that say so too.

    Raises:
        MisconfiguredError: The address is not to be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise MisconfiguredError(f"cannot listen on {host}: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        # Bound alone, the address would still be free for another process that does the same.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise MisconfiguredError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise MisconfiguredError("the server did not start")
        time.sleep(0.01)
