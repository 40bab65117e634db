"""The script that wrk runs, against a server that keeps what it is sent."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.drive import Load, Posted, post

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed; apt-get install wrk")

FEW, MANY = 40, 200_000


class Keeping(ThreadingHTTPServer):
    """Answers each post with the next status, the last of them from then on."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, statuses: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = list(statuses)
        self.posted: list[tuple[str | None, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Keeping

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.headers["Content-Type"], body))
        statuses = self.server.statuses
        self.answer(statuses.pop(0) if len(statuses) > 1 else statuses[0])

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def keeping(*statuses: int) -> Iterator[tuple[Keeping, str]]:
    with Keeping(statuses) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def write(folder: Path, count: int) -> tuple[Path, list[bytes]]:
    statements = [b"%d:" % number + b"x" * (number % 300) for number in range(count)]
    file = folder / "statements"
    file.write_bytes(b"".join(len(one).to_bytes(4, "big") + one for one in statements))
    return file, statements


def run(url: str, folder: Path, file: Path, load: Load, offset: int = 0) -> Posted:
    return post(url, load, 1, file, offset, folder)


def test_each_statement_is_posted_once_and_the_next_run_goes_on_behind_them(tmp_path: Path) -> None:
    file, statements = write(tmp_path, MANY)
    with keeping(201) as (server, url):
        first = run(url, tmp_path, file, Load(2))
        second = run(url, tmp_path, file, Load(2), first.position)
        bodies = [body for _, body in server.posted]
    assert (first.trouble, second.trouble) == ("", "")
    assert len(bodies) == len(set(bodies)) >= first.statements + second.statements > 0
    assert set(bodies) <= set(statements)
    assert 0 < first.position < second.position < file.stat().st_size
    assert {kind for kind, _ in server.posted} == {"application/cose"}


def test_a_bulk_is_statements_one_after_another(tmp_path: Path) -> None:
    file, statements = write(tmp_path, MANY)
    with keeping(200) as (server, url):
        posted = run(url, tmp_path, file, Load(1, 10))
        kind, body = server.posted[0]
    assert (posted.trouble, posted.statements % 10) == ("", 0)
    # wrk asks for one request that it never sends.
    assert (kind, body) == ("application/cbor-seq", b"".join(statements[10:20]))


@pytest.mark.parametrize("status", [200, 202, 204, 303, 409, 429, 503])
def test_an_answer_to_one_that_is_not_201_is_no_registration(status: int, tmp_path: Path) -> None:
    file, _ = write(tmp_path, MANY)
    with keeping(status, status, status, 201) as (_, url):
        assert run(url, tmp_path, file, Load(1)).trouble == "3 answers were no registration"


def test_an_answer_to_a_bulk_that_is_not_200_is_no_registration(tmp_path: Path) -> None:
    file, _ = write(tmp_path, MANY)
    with keeping(201, 400, 200) as (_, url):
        assert run(url, tmp_path, file, Load(1, 10)).trouble == "2 answers were no registration"


def test_statements_that_run_out_are_said_to_have(tmp_path: Path) -> None:
    file, statements = write(tmp_path, FEW)
    with keeping(201) as (server, url):
        posted = run(url, tmp_path, file, Load(1))
        bodies = [body for _, body in server.posted]
    assert posted.trouble.endswith("the statements ran out")
    assert bodies == statements[1:]
    assert posted.position == file.stat().st_size
