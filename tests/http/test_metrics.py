"""GET /metrics: for the operator, of every process, and never out of bounds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from counterfoil.errors import StoreUnavailableError
from counterfoil.http.metrics import problem_codes
from counterfoil.log.founding import found_log
from counterfoil.log.records import Head
from counterfoil.merkle.hashing import NodeHash
from counterfoil.policy.changes import CRL_CONTENT_TYPE
from counterfoil.policy.document import PolicyDocument
from counterfoil.settings import METRICS_DIRECTORY
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import START, sign_statement
from tests.certificates import DAY, crl, root
from tests.http.live import ADMIN, COSE, QUIET, Live, exchange, new_world, problem_in, running, wait_until
from tests.key_notices import own_statement

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def scraped(url: str) -> Samples:
    response = httpx.get(url + "/metrics")
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    return parsed(response.text)


def value(url: str, name: str, **labels: str) -> float:
    return scraped(url).get((f"counterfoil_{name}", frozenset(labels.items())), 0)


def test_registrations_batches_and_the_head_are_counted(live: Live) -> None:
    before = value(live.url, "registrations_total", result="new")
    batches = value(live.url, "batch_entries_sum")
    posts = value(live.url, "http_requests_total", method="POST", route="/entries", status="2xx")
    timed = value(live.url, "registration_request_seconds_count")
    for _ in range(3):
        live.register(sign_statement(live.world.agent))
    assert value(live.url, "registrations_total", result="new") == before + 3
    assert value(live.url, "batch_entries_sum") == batches + 3
    assert value(live.url, "commit_lock_wait_seconds_count") == value(live.url, "commit_write_seconds_count") > 0
    assert value(live.url, "commit_write_seconds_sum") > 0
    assert value(live.url, "http_requests_total", method="POST", route="/entries", status="2xx") == posts + 3
    assert value(live.url, "registration_request_seconds_count") == timed + 3
    assert value(live.url, "tree_size") == live.size()
    assert value(live.url, "unpaged_decisions") == live.client.get("/log").json()["unpagedTail"]
    assert value(live.url, "log_readable") == 1
    assert value(live.url, "queue_length") == value(live.url, "held_body_bytes") == 0
    live.world.clock.now += 90
    assert value(live.url, "head_age_seconds") == 90


def test_the_same_bytes_again_append_nothing(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    live.register(statement)
    before = value(live.url, "registrations_total", result="new")
    live.register(statement)
    assert value(live.url, "registrations_total", result="new") == before


def test_the_same_bytes_again_are_counted_as_such(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    live.register(statement)
    before = value(live.url, "registrations_total", result="duplicate")
    live.register(statement)
    assert value(live.url, "registrations_total", result="duplicate") == before + 1


def problems(live: Live, code: str) -> float:
    return value(live.url, "problems_total", code=code)


def test_refusals_are_counted_by_their_code(live: Live) -> None:
    counts = {"not-cose-sign1": 0.0, "route-not-found": 0.0, "method-not-allowed": 0.0, "malformed-http": 0.0}
    before = {code: problems(live, code) for code in counts}
    assert problem_in(live.post(b"\x01")).code == "not-cose-sign1"
    live.client.get("/nothing")
    live.client.delete("/log")
    exchange(live.address, b"no HTTP at all\r\n\r\n")
    assert {code: problems(live, code) - before[code] for code in counts} == dict.fromkeys(counts, 1)


def test_no_client_makes_a_series(live: Live) -> None:
    live.client.get("/warm-up")
    live.client.request("BREW", "/log")
    before = set(scraped(live.url))
    for number in range(20):
        live.client.get(f"/made-up/{number}")
        live.client.get(f"/entries/{number:064x}")
        live.client.get(f"/chains/{number:064x}")
        live.client.request(f"BREW{number}", "/log")
    new = set(scraped(live.url)) - before
    assert {dict(labels)["route"] for name, labels in new if name == "counterfoil_http_requests_total"} <= {
        "/entries/{entry_id}",
        "/chains/{chain_id}",
    }
    assert not any(str(number) in str(labels) for _, labels in new for number in (f"{7:064x}", "BREW7", "made-up"))
    assert len(new) <= 8


def test_every_code_of_the_service_has_a_series_of_its_own(live: Live) -> None:
    assert len(problem_codes()) > 80
    for code in ("rate-limited", "internal-error", "log-corrupt", "too-many-requests", "method-not-allowed"):
        assert code in problem_codes()
    assert problems(live, "other") == 0


def test_a_head_is_counted_as_what_was_asked(live: Live) -> None:
    before = value(live.url, "http_requests_total", method="HEAD", route="/log", status="2xx")
    live.client.head("/log")
    assert value(live.url, "http_requests_total", method="HEAD", route="/log", status="2xx") == before + 1


@pytest.mark.parametrize("token", [None, ADMIN])
def test_metrics_are_the_operators(token: str | None) -> None:
    with running(new_world(MemoryStore()), replace(QUIET, admin_token=token)) as live:
        given = {} if token is None else {"Authorization": f"Bearer {token}"}
        strangers = (
            {"Authorization": "Bearer " + "x" * 32},
            {"X-Forwarded-For": "192.0.2.1"} if token is None else {},
            {"Host": "rebound.example"} if token is None else {"Authorization": ADMIN},
        )
        assert live.client.get("/metrics", headers=given).status_code == 200
        for headers in strangers[0 if token else 1 :]:
            response = live.client.get("/metrics", headers=headers)
            assert (response.status_code, problem_in(response).code) == (401, "credential-required")
            assert b"counterfoil_" not in response.content


class ForgetfulStore(MemoryStore):
    """A store whose head cannot be read, or is another, when a test says so."""

    error: Exception | None = None
    forged: Head | None = None

    def head(self) -> Head | None:
        if self.error is not None:
            raise self.error
        return super().head() if self.forged is None else self.forged


def test_counters_are_seen_when_the_store_is_gone() -> None:
    store = ForgetfulStore()
    with running(new_world(store)) as live:
        live.register(sign_statement(live.world.agent))
        store.error = StoreUnavailableError("gone")
        seen = scraped(live.url)
        names = {name for name, _ in seen}
        assert seen["counterfoil_log_readable", frozenset()] == 0
        assert "counterfoil_tree_size" not in names
        assert "counterfoil_registrations_total" in names
        store.error = None
        assert value(live.url, "log_readable") == 1


def test_a_corruption_that_a_scrape_finds_stops_the_service() -> None:
    store = ForgetfulStore()
    with running(new_world(store)) as live:
        head = store.head()
        assert head is not None
        store.forged = replace(head, tree=replace(head.tree, root=NodeHash(bytes(32))))
        assert value(live.url, "log_readable") == 0
        assert live.service.failure._error is not None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a founded log and its keys."""
    (tmp_path / "keys").mkdir()
    for purpose in KeyPurpose:
        algorithm = "EdDSA" if purpose is KeyPurpose.CHECKPOINT else "ES256"
        write_key_file(tmp_path / "keys" / f"{purpose}.pem", generate_key_pem(algorithm))
    signers = {purpose: read_key_file(tmp_path / "keys" / f"{purpose}.pem") for purpose in KeyPurpose}
    store = open_sqlite(tmp_path / "log.db", create=True)
    found_log(store, parse_origin("log.example/agents"), signers, PolicyDocument(version=1), START)
    store.close()
    return tmp_path


@contextmanager
def worker(data: Path, shared: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "counterfoil.cli", "serve", "--data", str(data), "--port", "0", "--json"]
    command = ["env", f"{METRICS_DIRECTORY}={shared}", *command]
    with (data / f"stderr-{len(list(data.iterdir()))}").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        wait_until(lambda: answers(url))
        yield process, url
    finally:
        process.kill()
        process.communicate(timeout=120)


def answers(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_several_processes_answer_as_one_and_a_killed_one_is_still_counted(data: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    with ExitStack() as stack:
        (first, one), (_, other) = (stack.enter_context(worker(data, shared)) for _ in range(2))
        for url, times in ((one, 2), (other, 3)):
            for _ in range(times):
                httpx.post(url + "/entries", content=b"\x01", headers={"Content-Type": COSE})
        assert value(one, "problems_total", code="not-cose-sign1") == 5
        assert value(other, "problems_total", code="not-cose-sign1") == 5
        wait_until(lambda: httpx.get(one + "/log").json()["size"] == 3)
        assert value(one, "tree_size") == value(other, "tree_size") == 3
        assert value(one, "registrations_total", result="new") == 1
        first.kill()
        first.wait(timeout=120)
        assert value(other, "problems_total", code="not-cose-sign1") == 5


def test_collateral_and_enrolled_keys_are_shown(live: Live) -> None:
    assert value(live.url, "enrolled_keys") == 0
    assert ("counterfoil_enrolled_keys", frozenset()) in scraped(live.url)
    own = crl(root("ca"))
    live.register(own_statement(live.world, CRL_CONTENT_TYPE, own))
    aged = value(live.url, "collateral_age_seconds", kind="crl", about="CN=ca")
    live.world.clock.now += 60
    assert value(live.url, "collateral_age_seconds", kind="crl", about="CN=ca") == aged + 60
    assert value(live.url, "collateral_remaining_seconds", kind="crl", about="CN=ca") == 2 * DAY - aged - 60
