"""A log on each store, served by the installed program."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from bench.machine import cpu_seconds
from counterfoil.statement.identity import parse_origin
from tests.postgres.cluster import Cluster

_PROGRAM: Final = str(Path(sys.executable).parent / "counterfoil")
_ORIGIN: Final = "log.example/bench"
_PAGES: Final = parse_origin(_ORIGIN).page_subject
_QUIET: Final = {"COUNTERFOIL_RATE_PER_ADDRESS": "0", "COUNTERFOIL_PAGE_SECONDS": "60"}
_STOP_SECONDS: Final = 60
_SETTLE_SECONDS: Final = 0.5
"""Longer than any commit takes; two reads so far apart that agree mean that nothing is under way."""

_SETTLE_READS: Final = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """How a log is stored and served."""

    store: str
    workers: int
    max_batch: int = 256

    def __str__(self) -> str:
        batch = "" if self.max_batch > 1 else ", max-batch 1"
        return f"{self.store}, {self.workers} workers{batch}"


@dataclass(frozen=True, slots=True)
class Grown:
    """Statements that others posted, and the pages of decisions that the log adds itself: together its tree's size."""

    statements: int
    pages: int


@dataclass(slots=True)
class Served:
    """A running server, and how far the file of statements has been posted to it."""

    kind: Kind
    url: str
    process: subprocess.Popen[str]
    cluster: Cluster | None
    where: list[str]
    offset: int = 0

    def grown(self) -> Grown:
        """How far the log has grown."""
        while True:
            pages, size = self._pages(), self._member("/log", "size")
            if pages == self._pages():
                return Grown(size - pages, pages)

    def settled(self) -> Grown:
        """How far, once what wrk left unanswered is registered: none of it falls on the next load."""
        grown = self.grown()
        for _ in range(_SETTLE_READS):
            time.sleep(_SETTLE_SECONDS)
            before, grown = grown, self.grown()
            if grown == before:
                return grown
        raise SystemExit(
            f"{self.kind}: the log still grows {_SETTLE_READS * _SETTLE_SECONDS:.0f} s after the load ended"
        )

    def _pages(self) -> int:
        try:
            return self._member(f"/chains?rootTraceId={quote(_PAGES, safe='')}", "length")
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return 0

    def _member(self, path: str, name: str) -> int:
        with urlopen(f"{self.url}{path}") as answer:  # noqa: S310 - our own server on this machine
            value: int = json.load(answer)[name]
        return value

    def cpu(self) -> float:
        """The processor seconds that the server's processes have used."""
        return cpu_seconds([self.process.pid])

    def database_cpu(self) -> float:
        """Those of the database's processes; 0 where there are none."""
        if self.cluster is None:
            return 0.0
        pid = int((self.cluster.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        return cpu_seconds([pid])


@contextmanager
def serving(kind: Kind, folder: Path, policy: Path, cluster: Cluster | None) -> Iterator[Served]:
    """A new log under the policy, on a free port until the block ends."""
    data = folder / f"{kind.store}-{kind.workers}-{kind.max_batch}"
    where = ["--data", str(data)]
    used = cluster if kind.store == "postgresql" else None
    if used is not None:
        where += ["--database", used.create(f"bench_{kind.workers}_{kind.max_batch}")]
    run(["init", "--origin", _ORIGIN, "--policy", str(policy), *where])
    environment = {**os.environ, **_QUIET, "COUNTERFOIL_MAX_BATCH": str(kind.max_batch)}  # noqa: TID251 - for a child
    command = [_PROGRAM, "serve", *where, "--workers", str(kind.workers), "--port", "0", "--json"]
    said = folder / f"{data.name}.said"
    with said.open("w") as standard_error:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=standard_error, text=True, env=environment)
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise SystemExit(f"counterfoil serve ended before it served: {said.read_text()}")
        yield Served(kind, json.loads(line)["url"], process, used, where)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        sys.stderr.write("a server did not end when it was asked to, and was killed\n")


def run(words: Sequence[str]) -> str:
    """One command of the installed program; what it printed."""
    done = subprocess.run([_PROGRAM, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"counterfoil {' '.join(words[:2])}: {done.stdout}{done.stderr}")
    return done.stdout
