"""What this process counts and times, in Prometheus' terms.

With ``PROMETHEUS_MULTIPROC_DIR`` in the environment when this package is first imported, prometheus_client keeps every
value in a file of that directory, and any of several processes can show the sum of all.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

OTHER: Final = "other"
"""The label of every value that is not one of a known set: a client must not be able to make series."""

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "POST"})
_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""From a commit on a fast disk to the time after which nobody waits for one any more."""

# The library gives the constructor, which registers itself, no types.
_collect_from: Final[Callable[[CollectorRegistry, str], object]] = MultiProcessCollector


_forget: Final[Callable[[int, str], object]] = mark_process_dead


def forget_process(pid: int, directory: Path) -> None:
    """Take a process that has ended out of what lives in the shared directory; what it counted stays counted."""
    _forget(pid, str(directory))


class CommitTimes:
    """Times the commits of one group commit, which come one after another (``log.group_commit.CommitObserver``)."""

    def __init__(self, metrics: "Metrics", timer: Callable[[], float]) -> None:
        self._metrics = metrics
        self._timer = timer
        self._begun = self._locked = 0.0

    def begun(self) -> None:
        """The head is being locked."""
        self._begun = self._locked = self._timer()

    def locked(self) -> None:
        """The head is locked, and the batch is being read, written and committed."""
        self._locked = self._timer()

    def committed(self, entries: int) -> None:
        """The batch is durable."""
        self._metrics.committed(entries, self._locked - self._begun, self._timer() - self._locked)


class Metrics:
    """The counters and histograms of one service. ``codes`` are the problem codes that have a series of their own.

    Safe from any thread.
    """

    def __init__(self, codes: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._codes = frozenset(codes)
        registrations = Counter(
            "counterfoil_registrations",
            "Statements that were appended, the log's own among them, and posts of what was on the log already.",
            ["result"],
            registry=self.registry,
        )
        self._new = registrations.labels("new")
        self._duplicate = registrations.labels("duplicate")
        self._challenges = Counter(
            "counterfoil_challenges", "Challenges to enrol a key that were given.", registry=self.registry
        )
        self._enrolments = Counter(
            "counterfoil_challenge_answers",
            "Answers to challenges by outcome: enrolled, repeated, or the stable code of a problem.",
            ["outcome"],
            registry=self.registry,
        )
        self._problems = Counter(
            "counterfoil_problems", "Refusals and other problems, by stable code.", ["code"], registry=self.registry
        )
        self._problem: dict[str, Counter] = {}
        self._requests = Counter(
            "counterfoil_http_requests",
            "Requests that were answered, by route and class of status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._request: dict[tuple[str, str, int], Counter] = {}
        self._request_seconds = self._histogram(
            "counterfoil_registration_request_seconds", "From the headers of POST /entries to the start of the answer."
        )
        self._batch = self._histogram("counterfoil_batch_entries", "Entries in one transaction.", _BATCHES)
        self._lock_wait = self._histogram(
            "counterfoil_commit_lock_wait_seconds", "How long a batch waited for the lock on the head."
        )
        self._write = self._histogram(
            "counterfoil_commit_write_seconds", "From the lock on the head to the end of the transaction."
        )
        self._queue = self._gauge("counterfoil_queue_length", "Statements that wait for a commit.")
        self._held = self._gauge("counterfoil_held_body_bytes", "Bytes of bodies that are being read or registered.")

    def committed(self, entries: int, lock_wait: float, write: float) -> None:
        """A transaction ended well with so many new entries; times in seconds."""
        self._lock_wait.observe(lock_wait)
        self._write.observe(write)
        if entries:
            self._new.inc(entries)
            self._batch.observe(entries)

    def duplicate(self) -> None:
        """Somebody posted what was on the log already, and got its receipt."""
        self._duplicate.inc()

    def challenged(self) -> None:
        """A challenge was given."""
        self._challenges.inc()

    def enrolled(self, outcome: str) -> None:
        """A challenge was answered: ``enrolled``, ``repeated`` where the entry was there, or a problem's code."""
        known = outcome in self._codes or outcome in {"enrolled", "repeated"}
        self._enrolments.labels(outcome if known else OTHER).inc()

    def refused(self, code: str) -> None:
        """A request, or one statement of a bulk, ended with that problem."""
        counter = self._problem.get(code)
        if counter is None:
            label = code if code in self._codes else OTHER
            counter = self._problems.labels(label)
            if label is not OTHER:
                self._problem[code] = counter
        counter.inc()

    def answered(self, method: str, route: str, status: int) -> None:
        """A request was answered. ``route`` is a template, never a path; status 0: the client was gone before."""
        key = (method, route, status // 100)
        counter = self._request.get(key)
        if counter is None:
            known = method in _METHODS
            status_class = f"{status // 100}xx" if status else "none"
            counter = self._requests.labels(method if known else OTHER, route, status_class)
            if known:
                self._request[key] = counter
        counter.inc()

    def registration_took(self, seconds: float) -> None:
        """A request to register was answered after so long."""
        self._request_seconds.observe(seconds)

    def show(self, queue_length: int, held_bytes: int) -> None:
        """Set what this process holds at this moment."""
        self._queue.set(queue_length)
        self._held.set(held_bytes)

    def exposition(self, shared: Path | None, beside: Collector) -> bytes:
        """All of it as text, with what ``beside`` collects; summed over all processes that share a directory."""
        extra = CollectorRegistry()
        extra.register(beside)
        if shared is None:
            return generate_latest(self.registry) + generate_latest(extra)
        merged = CollectorRegistry()
        _collect_from(merged, str(shared))
        return generate_latest(merged) + generate_latest(extra)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry, multiprocess_mode="livesum")
