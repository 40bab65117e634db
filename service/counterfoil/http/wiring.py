"""What the routes work with, put together once."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from counterfoil.case.source import Notes, sign_notes
from counterfoil.cose.signer import Signer
from counterfoil.http.body import BodyBudget
from counterfoil.http.failure import Failure
from counterfoil.http.limits import BODY_SECONDS
from counterfoil.http.rate_limits import RateLimits
from counterfoil.http.request_id import RequestIds
from counterfoil.log.local_log import LocalLog
from counterfoil.log.records import ChainHead
from counterfoil.observability.metrics import Metrics
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.register import OpenLog
from counterfoil.settings import Settings

Clock = Callable[[], int]
"""Whole seconds since 1970."""

Timer = Callable[[], float]
"""Seconds from some moment on, never going back; for how long something took."""


Release = Callable[[int], bool]
"""Whether receipts that cover an entry of this number may leave: once enough others have seen a head over it.

Heads are committed and seen as a whole, so with an entry all before it and all of its batch are released, for good.
"""


def everything_is_released(_number: int) -> bool:
    """What is durable may leave."""
    return True


class CheckpointSource:
    """The latest checkpoint, signed at most once in a second and only of a committed head."""

    def __init__(self, log: LocalLog, signer: Signer, clock: Clock) -> None:
        self._log = log
        self._signer = signer
        self._clock = clock
        self._lock = threading.Lock()
        self._second: int | None = None
        self._size = -1
        self._text = ""

    def latest(self) -> str:
        """The signed note of a head that is, or a second ago was, the latest.

        Raises:
            CorruptError, UnavailableError: The head cannot be read.
        """
        with self._lock:
            now = self._clock()
            if now != self._second:
                self._sign_if_new()
                self._second = now
            return self._text

    def notes(self, tree: TreeHead, chain: ChainHead) -> Notes:
        """The signed notes about a chain that is as of a committed head; the same texts each time."""
        return sign_notes(self._signer, self._log.genesis.identity.origin, tree, chain)

    def _sign_if_new(self) -> None:
        head = self._log.head().tree
        if head.size != self._size:
            checkpoint = Checkpoint(self._log.genesis.identity.origin, head.size, head.root)
            self._text, self._size = sign_checkpoint(self._signer, checkpoint), head.size


@dataclass(frozen=True, slots=True)
class Service:
    """An open log with everything that serving it takes.

    ``failure`` is told when the log disagrees with itself. ``metrics`` is shared with other processes through the
    directory ``shared_metrics``, where there is one. Statements of others are registered through ``registering``, which
    is ``log`` with the limits of issuers. ``released`` says whether receipts of an entry may leave (SCRAPI, 202).
    ``case_files`` is held while one is made.
    """

    log: LocalLog
    checkpoints: CheckpointSource
    service_signer: Signer
    settings: Settings
    clock: Clock
    failure: Failure
    bodies: BodyBudget = field(default_factory=BodyBudget)
    body_seconds: float = BODY_SECONDS
    metrics: Metrics = field(default_factory=Metrics)
    shared_metrics: Path | None = None
    timer: Timer = time.perf_counter
    released: Release = everything_is_released
    case_files: threading.Semaphore = field(default_factory=threading.BoundedSemaphore)
    limits: RateLimits = field(init=False)
    registering: OpenLog = field(init=False)
    request_ids: RequestIds = field(init=False)

    def __post_init__(self) -> None:
        limits = RateLimits(self.settings, self.timer)
        object.__setattr__(self, "limits", limits)
        object.__setattr__(self, "registering", limits.limited(self.log))
        object.__setattr__(self, "request_ids", RequestIds(secrets.token_bytes, limits.addresses))


async def service_of(request: Request) -> Service:
    """The service that the application of a request was made with."""
    return service_in(request.scope)


def service_in(scope: Scope) -> Service:
    """The service that the application of a request was made with, for what is no route."""
    service = scope["app"].state.service
    if not isinstance(service, Service):
        raise TypeError("the application was made without a service")
    return service


def service_of_app(app: object) -> Service | None:
    """The service of an application, for what works below it; None where it has none."""
    service = getattr(getattr(app, "state", None), "service", None)
    return service if isinstance(service, Service) else None


Wired = Annotated[Service, Depends(service_of)]
"""The service, as a parameter of a route."""
