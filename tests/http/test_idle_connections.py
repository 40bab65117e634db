"""Ten thousand clients that connect and say nothing, against the server as a process of its own."""

import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from counterfoil.cose import labels
from counterfoil.http.limits import RESERVED_DESCRIPTORS
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import World, sign_statement
from tests.http.live import wait_until
from tests.http.test_server import url_in, write_keys
from tests.http.test_slow_clients import open_sockets

PAST = 1_700_000_000
"""The process has the clock of this machine."""

IDLE = 10_000
OWN_DESCRIPTORS = 300
"""What the test process has open besides."""

BYTES_EACH = 20 * 1024
"""Nearly three times what an idle connection takes; a buffer for each would show."""

PROGRAM = """
import logging, resource, sys
from pathlib import Path
from counterfoil.http import protocol, server
from counterfoil.settings import Settings
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
protocol.HEAD_SECONDS = 600
server.serve(Settings(data=Path(sys.argv[1]), port=0, page_seconds=3600))
"""


@dataclass
class Served:
    world: World
    process: int
    url: str
    log: Path

    def register(self) -> None:
        statement = sign_statement(self.world.agent, claims={labels.CWT_IAT: PAST})
        answer = httpx.post(f"{self.url}/entries", content=statement, headers={"Content-Type": "application/cose"})
        assert answer.status_code == 201, self.log.read_text()

    def memory(self) -> int:
        """Bytes that the process holds."""
        (line,) = (line for line in Path(f"/proc/{self.process}/status").read_text().splitlines() if "VmRSS" in line)
        return int(line.split()[1]) * 1024


@pytest.fixture
def enough_descriptors() -> Iterator[int]:
    """How many clients this process can be, with its soft limit raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(IDLE, hard - OWN_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def serving(folder: Path, descriptors: int = 0) -> Iterator[Served]:
    """A log of its own, served by a process that may open so many descriptors; 0 leaves it the limit it has."""
    data, log = folder / "data", folder / "stderr"
    write_keys(data / "keys")
    signers = {purpose: read_key_file(data / "keys" / f"{purpose}.pem") for purpose in KeyPurpose}
    store = open_sqlite(data / DATABASE, create=True)
    world = World(store, signers=signers)
    world.clock.now = PAST
    world.found()
    store.close()
    with log.open("wb") as stderr:
        started = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data), str(descriptors)], stderr=stderr)
        try:
            yield Served(world, started.pid, url_in(log), log)
        finally:
            started.kill()
            started.wait()


@contextmanager
def silent(url: str, number: int) -> Iterator[list[socket.socket]]:
    target = httpx.URL(url)
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection((target.host, target.port or 0), timeout=60))
            for _ in range(number)
        ]


def test_ten_thousand_idle_connections_keep_nobody_else_from_registering(
    tmp_path: Path, enough_descriptors: int
) -> None:
    number = enough_descriptors
    with serving(tmp_path) as served:
        served.register()
        before, memory = open_sockets(served.process), served.memory()
        with silent(served.url, number):
            for _ in range(20):
                served.register()
            wait_until(lambda: open_sockets(served.process) >= before + number)
            served.register()
            assert served.memory() - memory < number * BYTES_EACH
        wait_until(lambda: open_sockets(served.process) <= before)
        served.register()
    if number < IDLE:
        pytest.skip(f"passed with {number} connections: the hard limit of descriptors allows no more")


def test_more_connections_than_descriptors_do_not_stop_the_server(tmp_path: Path, enough_descriptors: int) -> None:
    descriptors = 300
    with serving(tmp_path, descriptors) as served:
        served.register()
        before = open_sockets(served.process)
        with silent(served.url, min(3000, enough_descriptors)):
            for _ in range(20):
                served.register()
            wait_until(lambda: open_sockets(served.process) <= descriptors - RESERVED_DESCRIPTORS + 64 + before)
        wait_until(lambda: open_sockets(served.process) <= before)
        served.register()
        assert "out of system resource" not in served.log.read_text()
        assert "Traceback" not in served.log.read_text()
