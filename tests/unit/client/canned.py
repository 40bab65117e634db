"""A service on this machine that answers whatever a test tells it to."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Canned:
    """One answer. ``missing`` bytes of its body never come; ``dripping`` is the pause after each that does.

    ``before`` is done before it is sent.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    dripping: float = 0.0
    before: Callable[[], None] | None = None


Answers = Canned | list[Canned]
"""One answer for ever, or several one after another."""


class _Handler(BaseHTTPRequestHandler):
    answers: Mapping[str, Answers]
    lock: threading.Lock
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 - the signature is the standard library's
        return

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        found = self.answers.get(self.path.partition("?")[0], Canned(status=404))
        with self.lock:
            # Of several the next; the last one again and again.
            canned = found if isinstance(found, Canned) else found.pop(0) if len(found) > 1 else found[0]
        if canned.before is not None:
            canned.before()
        self.send_response(canned.status)
        for name, value in canned.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(canned.body)))
        with suppress(OSError):  # Who asked may be gone.
            self.end_headers()
            self._write(canned)

    def _write(self, canned: Canned) -> None:
        sent = canned.body[: len(canned.body) - canned.missing]
        self.close_connection = self.close_connection or canned.missing > 0
        pieces = [sent[place : place + 1] for place in range(len(sent))] if canned.dripping else [sent]
        for piece in pieces:
            self.wfile.write(piece)
            time.sleep(canned.dripping)


@dataclass(frozen=True)
class Service:
    """A running service: where it is, and the requests it got."""

    url: str
    seen: list[tuple[str, str, dict[str, str], bytes]]


@contextmanager
def answering(answers: Mapping[str, Answers]) -> Iterator[Service]:
    """A service with these answers by path; 404 without a body for any other."""
    seen: list[tuple[str, str, dict[str, str], bytes]] = []
    handler = type("Handler", (_Handler,), {"answers": answers, "seen": seen, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Service(f"http://127.0.0.1:{server.server_address[1]}", seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
