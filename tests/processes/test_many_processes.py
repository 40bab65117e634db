"""Any number of processes append to one log; whatever happens to one of them, the others and the log go on."""

import signal
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from threading import Lock

import httpx
import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose.keys import public_key_pem
from counterfoil.signing.generate import generate_private_key
from counterfoil.storage.fsck import fsck_store
from counterfoil.storage.opening import open_store
from counterfoil.verify import parse_log_keys, verify_receipt
from tests.builders import ISSUER, sign_statement
from tests.processes.fleet import Server, end, founded, serving, wait_until

AGENT = generate_private_key("ES256")
COSE = {"Content-Type": "application/cose"}


Place = tuple[Path, str | None]


@dataclass(frozen=True)
class Fleet:
    """Two servers of two workers each over one log, shared by two tests: starting six processes is most of the work."""

    place: Place
    one: Server
    other: Server


@dataclass
class Logged:
    """Receipts by the statement they were given for, and how many requests were told to come back."""

    receipts: dict[bytes, bytes] = field(default_factory=dict)
    again: int = 0
    lock: Lock = field(default_factory=Lock)


def place_in(folder: Path, database: str | None = None) -> Place:
    """A data directory with a founded log in it or in a database."""
    key = folder / "agent.pub"
    key.write_text(public_key_pem(AGENT.public_key))
    founded(folder / "data", database, (ISSUER, key))
    return folder / "data", database


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with ExitStack() as stack:
        database: str | None = None
        if request.param == "postgres":
            database = stack.enter_context(request.getfixturevalue("new_database")())
        place = place_in(tmp_path_factory.mktemp("fleet"), database)
        one = stack.enter_context(serving(*place, 2, silent=6.0))
        yield Fleet(place, one, stack.enter_context(serving(*place, 2)))


def statements(count: int) -> list[bytes]:
    return [sign_statement(AGENT, subject=f"trace-{i % 7}", claims={6: 1_700_000_000}) for i in range(count)]


def register_patiently(data: bytes, client: httpx.Client, logged: Logged) -> None:
    """Post until it is registered: what is lost on the way may be sent again without harm."""
    for _ in range(200):
        try:
            answer = client.post("/entries", content=data, headers=COSE)
        except httpx.TransportError:
            with logged.lock:
                logged.again += 1
            continue
        if answer.status_code == 201:
            with logged.lock:
                logged.receipts[data] = answer.content
            return
        assert answer.status_code in {429, 503}, answer.content
        with logged.lock:
            logged.again += 1
    raise AssertionError("it was never registered")


def load(servers: Sequence[Server], sent: Sequence[bytes], logged: Logged) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(12) as pool:
        clients = cycle([stack.enter_context(httpx.Client(base_url=one.url, timeout=5)) for one in servers])
        for done in [pool.submit(register_patiently, data, next(clients), logged) for data in sent]:
            done.result()


def check(place: Place, url: str, logged: Logged, sent: Sequence[bytes]) -> None:
    """The numbers are dense, every receipt verifies, and the whole log is clean."""
    assert logged.receipts.keys() == set(sent)
    # A worker that replaces another may still be starting, and who came to it waits for it.
    keys = parse_log_keys(httpx.get(f"{url}/.well-known/scitt-keys", timeout=120).content)
    indexes = [verify_receipt(data, receipt, keys).inclusion.leaf_index for data, receipt in logged.receipts.items()]
    assert len(set(indexes)) == len(indexes)
    data, database = place
    with closing(open_store(database, data)) as store:
        head = store.head()
        assert head is not None
        # The servers still run, and a page may come after the head was read.
        assert [entry.number for entry in store.entries(0, head.tree.size)] == list(range(head.tree.size))
        assert set(indexes) <= set(range(head.tree.size))
    report = fsck_store(database, data)
    assert report.findings == ()
    assert report.entries >= head.tree.size


def counted(server: Server) -> float:
    """The least that six requests are told was registered: each has its own connection, so comes to any worker."""
    told = []
    for _ in range(6):
        lines = httpx.get(f"{server.url}/metrics", timeout=60).text.splitlines()
        (line,) = (line for line in lines if 'registrations_total{result="new"}' in line)
        told.append(float(line.rpartition(" ")[2]))
    return min(told)


def test_four_processes_append_under_load_and_any_worker_shows_what_all_have_counted(fleet: Fleet) -> None:
    one, other, sent, logged = fleet.one, fleet.other, statements(240), Logged()
    assert len(one.workers()) == len(other.workers()) == 2
    before = counted(one) + counted(other)
    load([one, other], sent, logged)
    # The same again, to the other one: the same receipts.
    again = Logged()
    load([other, one], sent[:40], again)
    assert again.receipts == {statement: logged.receipts[statement] for statement in sent[:40]}
    # The pages that the service writes count as well.
    assert counted(one) + counted(other) - before >= len(sent)
    check(fleet.place, one.url, logged, sent)


def test_a_worker_that_dies_or_stops_is_replaced_and_the_others_go_on(fleet: Fleet) -> None:
    one, other, sent, logged = fleet.one, fleet.other, statements(200), Logged()
    dying, stopping = one.workers()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, [one, other], sent, logged)
        wait_until(lambda: len(logged.receipts) > 30)
        end(dying, signal.SIGKILL)
        wait_until(lambda: len(logged.receipts) > 100)
        end(stopping, signal.SIGSTOP)
        loading.result()
    wait_until(lambda: len(one.workers()) == 2 and not {dying, stopping} & set(one.workers()))
    more = statements(20)
    load([one], more, logged)
    check(fleet.place, one.url, logged, [*sent, *more])


def test_a_worker_that_stops_before_it_serves_is_replaced_too(place: Place) -> None:
    data, database = place
    # Long enough for a worker that does start, on a machine that does much else.
    with serving(data, database, 2, silent=1000.0, starting=20.0) as server:
        before = set(server.workers())
        end(min(before), signal.SIGKILL)
        wait_until(lambda: bool(set(server.workers()) - before))
        (starting,) = set(server.workers()) - before
        end(starting, signal.SIGSTOP)
        wait_until(lambda: starting not in server.workers() and len(server.workers()) == len(before))
        sent, logged = statements(20), Logged()
        load([server], sent, logged)
        check(place, server.url, logged, sent)


def test_a_worker_that_finds_the_log_at_odds_with_itself_ends_all(place: Place) -> None:
    data, database = place
    with pytest.raises(AssertionError), serving(data, database, 2) as server:
        with closing(sqlite3.connect(data / "log.db", isolation_level=None)) as tampered:
            for (name,) in tampered.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                tampered.execute(f"DROP TRIGGER {name}")
            tampered.execute("UPDATE log_head SET root = zeroblob(32)")
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        wait_until(lambda: server.process.poll() is not None)
    assert server.process.returncode == ExitCode.CORRUPT
    assert server.workers() == []


def test_a_server_ends_with_a_stopped_worker(place: Place) -> None:
    data, database = place
    with serving(data, database, 2) as server:
        end(server.workers()[0], signal.SIGSTOP)
    assert server.workers() == []


def test_workers_end_when_their_supervisor_is_killed(place: Place) -> None:
    data, database = place
    with pytest.raises(AssertionError), serving(data, database, 2) as server:
        workers = server.workers()
        assert len(workers) == 2
        end(server.process.pid, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
