"""A log served on a real port, and what tests ask of it."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.cbor import Limits, decode
from counterfoil.http.server import running_server, wire_service
from counterfoil.http.wiring import Service, Timer
from counterfoil.log.local_log import Store
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.profile import Profiles
from tests.builders import CONTENT_TYPE, World, issuer_of

COSE = "application/cose"
PROBLEM = "application/concise-problem-details+cbor"
ADMIN = "an admin token of more than thirty-two characters"
OTHER_ISSUER = "https://other.example"
LONG_ISSUER = "https://" + "a" * (8192 - len("https://"))
PUBLIC_TYPE = "text/plain"
OPERATOR_TYPE = "application/vnd.operator"
QUIET = Settings(page_seconds=3600)
"""The page task writes the first page at once and then nothing for as long as a test runs."""

OTHER = generate_private_key("ES384")
LONG = generate_private_key("ES256")


@dataclass
class Live:
    world: World
    service: Service
    client: httpx.Client
    url: str

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        assert url.port is not None
        return url.host, url.port

    def post(self, body: bytes, content_type: str = COSE, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/entries", content=body, headers={"Content-Type": content_type, **named})

    def register(self, body: bytes) -> str:
        """The path of the entry."""
        response = self.post(body)
        assert response.status_code == 201, response.content
        return response.headers["Location"]

    def size(self) -> int:
        size = self.client.get("/log").json()["size"]
        assert isinstance(size, int)
        return size


@dataclass(frozen=True)
class SeenProblem:
    status: int
    code: str
    title: str
    detail: str


def read_problem(status: int, content_type: str, body: bytes) -> SeenProblem:
    """The problem in an answer, once its form is right."""
    assert content_type == PROBLEM, (status, content_type, body)
    value = decode(body, Limits(4096))
    assert isinstance(value, dict)
    assert set(value) == {-1, -2, 7807}
    tunnel = value[7807]
    assert isinstance(tunnel, dict)
    assert tunnel["status"] == status
    assert isinstance(tunnel["code"], str)
    assert isinstance(value[-1], str)
    assert isinstance(value[-2], str)
    assert value[-1]
    assert value[-2]
    return SeenProblem(status, tunnel["code"], value[-1], value[-2])


def problem_in(response: httpx.Response) -> SeenProblem:
    assert response.headers["Cache-Control"] == "no-store"
    return read_problem(response.status_code, response.headers["Content-Type"], response.content)


def new_world(store: Store, agent: LocalSigner | None = None) -> World:
    """A log with three issuers, and a content type of each visibility. ES384 is not admitted."""
    world = World(store) if agent is None else World(store, agent=agent)
    world.policy = PolicyDocument(
        version=1,
        issuers=(issuer_of(world.agent), issuer_of(OTHER, OTHER_ISSUER), issuer_of(LONG, LONG_ISSUER)),
        algorithms=frozenset({"ES256", "EdDSA"}),
        content_types=(
            ContentTypeRule(CONTENT_TYPE, Visibility.PARTIES, frozenset()),
            ContentTypeRule(PUBLIC_TYPE, Visibility.PUBLIC, frozenset()),
            ContentTypeRule(OPERATOR_TYPE, Visibility.OPERATOR, frozenset()),
        ),
    )
    return world.found()


@contextmanager
def running(
    world: World,
    settings: Settings = QUIET,
    *,
    body_seconds: float | None = None,
    timer: Timer | None = None,
    profiles: Profiles | None = None,
) -> Iterator[Live]:
    """The world's log on a real port; of pages only the last one may be unpaged, as after any start."""
    service = wire_service(world.store, dict(world.signers), settings, world.clock, profiles)
    if body_seconds is not None:
        service = replace(service, body_seconds=body_seconds)
    if timer is not None:
        service = replace(service, timer=timer)
    with running_server(service) as url, httpx.Client(base_url=url, timeout=60) as client:
        live = Live(world, service, client, url)
        wait_until(lambda: client.get("/log").json()["unpagedTail"] <= 1)
        yield live


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> SeenProblem:
        return read_problem(self.status, self.headers["content-type"], self.body)


def exchange(address: tuple[str, int], data: bytes, *, end: bool = False) -> RawAnswer | None:
    """Send bytes as they are and read until the server closes; None when it closes without an answer."""
    with socket.create_connection(address, timeout=60) as connection:
        send_what_is_taken(connection, data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return read_answer(connection)


def send_what_is_taken(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return  # A server may close on what it will not read.


def read_answer(connection: socket.socket) -> RawAnswer | None:
    received = b""
    while True:
        head, separator, body = received.partition(b"\r\n\r\n")
        if separator:
            answer = _parse(head, body)
            if len(answer.body) >= int(answer.headers["content-length"]):
                return answer
        chunk = connection.recv(65536)
        if not chunk:
            assert not received, received
            return None
        received += chunk


def _parse(head: bytes, body: bytes) -> RawAnswer:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return RawAnswer(int(first.split(" ")[1]), headers, body)
