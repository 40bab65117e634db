"""What must be right before the first request, and how the process ends."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from counterfoil.errors import (
    KeysMismatchError,
    MisconfiguredError,
    NotInitialisedError,
    SignerUnavailableError,
    UnsafeConfigurationError,
)
from counterfoil.http.safety import require_closed, require_lasting
from counterfoil.http.server import open_service, serve, wire_service
from counterfoil.log.founding import found_log
from counterfoil.policy.document import PolicyDocument
from counterfoil.settings import Settings
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import START
from tests.http.live import ADMIN, new_world, read_answer, wait_until


def write_keys(folder: Path) -> None:
    folder.mkdir(parents=True)
    for purpose in KeyPurpose:
        algorithm = "EdDSA" if purpose is KeyPurpose.CHECKPOINT else "ES256"
        write_key_file(folder / f"{purpose}.pem", generate_key_pem(algorithm))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a founded log and its keys."""
    return founded(tmp_path / "data", "log.example/agents")


def founded(data: Path, origin: str) -> Path:
    write_keys(data / "keys")
    signers = {purpose: read_key_file(data / "keys" / f"{purpose}.pem") for purpose in KeyPurpose}
    store = open_sqlite(data / DATABASE, create=True)
    found_log(store, parse_origin(origin), signers, PolicyDocument(version=1), START)
    store.close()
    return data


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "log.example", ""])  # noqa: S104 - refused
def test_an_open_reader_is_not_bound_to_the_network(host: str) -> None:
    with pytest.raises(UnsafeConfigurationError):
        require_closed(Settings(host=host))
    with pytest.raises(UnsafeConfigurationError):
        serve(Settings(host=host))
    require_closed(Settings(host=host, admin_token=ADMIN))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    require_closed(Settings(host=host))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(receipt_key="memory:ES256"),
        Settings(checkpoint_key="memory:EdDSA"),
        Settings(service_key="memory:ES256"),
        Settings(operator_key="memory:ES256"),
    ],
)
def test_production_refuses_a_key_that_dies_with_the_process(data: Path, settings: Settings) -> None:
    with open_service(Settings(data=data)) as service, pytest.raises(UnsafeConfigurationError, match="restart"):
        require_lasting(settings, service.log.genesis)


@pytest.mark.parametrize(
    "origin",
    ["localhost/log", "localhost:8440/log", "127.0.0.1/log", "127.0.0.2:1/log", "log.localhost/x", "log.invalid/x"],
)
def test_production_refuses_a_name_nobody_reaches(tmp_path: Path, origin: str) -> None:
    data = founded(tmp_path / "data", origin)
    with open_service(Settings(data=data)) as service, pytest.raises(UnsafeConfigurationError, match="reach"):
        require_lasting(Settings(data=data), service.log.genesis)
    with pytest.raises(UnsafeConfigurationError, match="reach"):
        serve(Settings(data=data, production=True, port=0))


def test_production_takes_files_and_a_name(data: Path) -> None:
    with open_service(Settings(data=data)) as service:
        require_lasting(Settings(data=data, admin_token="t" * 32), service.log.genesis)


def test_production_needs_an_admin_token(data: Path) -> None:
    with open_service(Settings(data=data)) as service, pytest.raises(UnsafeConfigurationError, match="admin token"):
        require_lasting(Settings(data=data), service.log.genesis)


def test_without_a_log_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError), open_service(Settings()):
        pass
    with pytest.raises(NotInitialisedError), open_service(Settings(data=tmp_path)):
        pass
    open_sqlite(tmp_path / DATABASE, create=True).close()
    write_keys(tmp_path / "keys")
    with pytest.raises(NotInitialisedError), open_service(Settings(data=tmp_path)):
        pass


@pytest.mark.parametrize("purpose", [KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT, KeyPurpose.SERVICE])
def test_other_keys_than_the_genesis_names_are_refused(data: Path, purpose: KeyPurpose) -> None:
    path = data / "keys" / f"{purpose}.pem"
    path.unlink()
    with pytest.raises(SignerUnavailableError), open_service(Settings(data=data)):
        pass
    write_key_file(path, generate_key_pem("EdDSA" if purpose is KeyPurpose.CHECKPOINT else "ES256"))
    with pytest.raises(KeysMismatchError), open_service(Settings(data=data)):
        pass


def test_swapped_keys_are_refused() -> None:
    world = new_world(MemoryStore())
    swapped = {**world.signers, KeyPurpose.SERVICE: world.signers[KeyPurpose.OPERATOR]}
    with pytest.raises(KeysMismatchError):
        wire_service(world.store, dict(swapped), Settings(), world.clock)


PROGRAM = """
import logging, sys
from pathlib import Path
from counterfoil.http import server
from counterfoil.settings import Settings
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
server.SHUTDOWN_SECONDS = 1
server.serve(Settings(data=Path(sys.argv[1]), port=0, page_seconds=1))
"""


@pytest.fixture
def process(data: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = tmp_path / "stderr"
    with log.open("wb") as stderr:
        started = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data)], stderr=stderr)
        try:
            yield started, log
        finally:
            started.kill()
            started.wait()


def url_in(log: Path) -> str:
    wait_until(lambda: "startup complete" in log.read_text())
    (line,) = (line for line in log.read_text().splitlines() if line.startswith("serving "))
    return line.rpartition(" ")[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_that_was_asked_for_is_no_failure(process: tuple[subprocess.Popen[bytes], Path], number: int) -> None:
    started, log = process
    assert httpx.get(url_in(log) + "/readyz").status_code == 200
    os.kill(started.pid, number)
    assert started.wait(timeout=120) == 0, log.read_text()


def test_a_request_without_end_does_not_keep_the_process_alive(process: tuple[subprocess.Popen[bytes], Path]) -> None:
    started, log = process
    url = httpx.URL(url_in(log))
    with socket.create_connection((url.host, url.port or 0), timeout=60) as connection:
        connection.sendall(b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\n")
        connection.sendall(b"Content-Length: 9\r\n\r\nx")
        httpx.get(url.join("/livez"))
        os.kill(started.pid, signal.SIGTERM)
        answer = read_answer(connection)
        assert started.wait(timeout=120) == 0, log.read_text()
    assert answer is not None
    assert (answer.status, answer.problem().code) == (503, "stopping")


def test_a_log_at_odds_with_itself_ends_the_process_with_both_values(
    process: tuple[subprocess.Popen[bytes], Path],
    data: Path,
) -> None:
    started, log = process
    url = url_in(log)
    root = httpx.get(url + "/log").json()["root"]
    wait_until(lambda: httpx.get(url + "/log").json()["size"] == 3)
    forge_head(data / DATABASE)
    # Unless the page that is due found it first, and ended the process before it was asked.
    with suppress(httpx.TransportError):
        assert httpx.get(url + "/readyz").status_code == 503
    assert started.wait(timeout=120) != 0
    assert root
    assert "log-corrupt" in log.read_text()
    assert "ff" * 32 in log.read_text()


def forge_head(path: Path) -> None:
    """What only somebody with the file in hand can do: the triggers are dropped first."""
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE log_head SET root = ?", (b"\xff" * 32,))
        connection.commit()


def test_an_announced_address_is_nobody_elses(data: Path) -> None:
    class AnnouncedError(Exception):
        pass

    def announce(url: str) -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", int(url.rpartition(":")[2])))
        raise AnnouncedError

    with pytest.raises(AnnouncedError):
        serve(Settings(data=data, port=0), announce=announce)
