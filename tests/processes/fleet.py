"""Servers of the installed program, each with its worker processes, as a test starts and ends them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from counterfoil.cli.app import run

ORIGIN = "log.example/agents"
_IMPATIENT = """
import sys
from counterfoil.cli.app import run
from counterfoil.http import workers

workers.WORKER_SILENT_SECONDS = {silent}
watch = workers._Team.watch

def watch_impatiently(team):
    workers._START_SECONDS = {starting}
    watch(team)

workers._Team.watch = watch_impatiently
sys.exit(run(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Server:
    """A supervisor and its workers."""

    process: subprocess.Popen[str]
    url: str

    def workers(self) -> list[int]:
        """The worker processes, not those that only help to start them."""
        here = (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())
        found = [int(one.name) for one in here if _parent(one) == self.process.pid and _is_worker(one)]
        return sorted(found)


@contextmanager
def serving(
    data: Path, database: str | None, workers: int, *, silent: float = 15.0, starting: float = 60.0
) -> Iterator[Server]:
    """A server that is there when the block begins, and has ended well when it is over.

    ``silent`` is how long a worker may say nothing, ``starting`` how long one that replaces another may take to serve.
    """
    where = [] if database is None else ["--database", database]
    command = ["serve", "--data", str(data), *where, "--workers", str(workers), "--port", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", _IMPATIENT.format(silent=silent, starting=starting), *command],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the server ended before it served"
        yield Server(process, json.loads(line)["url"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.stdout.close()
    assert process.returncode == 0


def founded(data: Path, database: str | None, *issuers: tuple[str, Path]) -> None:
    """Found a log and name who may register."""
    where = [] if database is None else ["--database", database]
    assert run(["init", "--data", str(data), "--origin", ORIGIN, *where]) == 0
    for name, key in issuers:
        assert run(["issuer", "add", "--data", str(data), "--name", name, "--key", str(key), *where]) == 0


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def end(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def _is_worker(folder: Path) -> bool:
    try:
        return b"spawn_main" in (folder / "cmdline").read_bytes()
    except OSError:
        return False
