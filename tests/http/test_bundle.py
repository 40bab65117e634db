"""Case files over a real port: for those who may read the chain, at a head that is released, one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from counterfoil.case.archive import read_case_archive
from counterfoil.case.verify import verify_case
from counterfoil.http.server import running_server, wire_service
from counterfoil.statement.links import chain_id
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast, engagement
from tests.http.live import QUIET, Live, problem_in
from tests.http.test_withheld import Gate


@dataclass
class Served:
    """A log with an engagement on it, and what holds its receipts back."""

    live: Live
    cast: Cast
    gate: Gate

    @property
    def path(self) -> str:
        return f"/chains/{chain_id(self.cast.root).hex()}/bundle"

    def get(self, **query: int) -> httpx.Response:
        return self.live.client.get(self.path, params=query)


@pytest.fixture
def served() -> Iterator[Served]:
    cast, gate, world = Cast(), Gate(10**9), World(MemoryStore())
    world.policy = cast.policy(issuer_of(world.agent))
    world.found()
    service = replace(wire_service(world.store, dict(world.signers), QUIET, world.clock), released=gate)
    with running_server(service) as url, httpx.Client(base_url=url, timeout=60) as client:
        live = Live(world, service, client, url)
        for event in engagement(cast):
            live.register(event)
        yield Served(live, cast, gate)


def test_a_case_file_holds_evidence_and_what_people_read(served: Served) -> None:
    answer = served.get()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="case-')
    files = read_case_archive(answer.content)
    assert [name for name in files if "/" not in name] == [
        "README.txt", "timeline.html", "timeline.pdf", "certificate-draft.txt", "verify.py",
    ]  # fmt: skip
    verified = verify_case(answer.content)
    assert verified.evidence_digest.hex().encode() in files["README.txt"]
    assert served.get().content == answer.content


def test_who_may_not_read_the_chain_gets_no_case_file_and_learns_of_none(served: Served) -> None:
    elsewhere = {"X-Forwarded-For": "192.0.2.1"}
    absent = f"/chains/{'0' * 64}/bundle"
    for path in (served.path, absent):
        problem = problem_in(served.live.client.get(path, headers=elsewhere))
        assert (problem.status, problem.code) == (401, "credential-required")
    assert problem_in(served.live.client.get(absent)).status == 404


@pytest.mark.parametrize(("size", "status"), [(1, 404), (2, 404), (10**6, 404), (2**63, 400)])
def test_trees_that_hold_nothing_of_it(served: Served, size: int, status: int) -> None:
    assert problem_in(served.get(size=size)).status == status


def test_no_receipt_leaves_in_a_case_file_before_it_may(served: Served) -> None:
    whole = verify_case(served.get().content)
    served.gate.below = whole.tree_size - 4
    early = verify_case(served.get().content)
    assert early.tree_size == whole.tree_size - 4
    assert early.entries == whole.entries[: len(early.entries)]
    withheld = served.get(size=whole.tree_size)
    assert (withheld.status_code, withheld.content) == (204, b"")
    assert int(withheld.headers["Retry-After"]) >= 1
    served.gate.below = 0
    assert served.get().status_code == 204


def test_one_is_made_at_a_time(served: Served) -> None:
    with served.live.service.case_files:
        busy = served.get()
        assert problem_in(busy).code == "queue-full"
        assert int(busy.headers["Retry-After"]) >= 1
    assert served.get().status_code == 200


def test_a_chain_that_is_too_long_for_one(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.case.source.MAX_CASE_ENTRIES", 11)
    problem = problem_in(served.get())
    assert (problem.status, problem.code) == (413, "too-large")
    assert served.get(size=13).status_code == 200


def test_a_public_chain_is_anybodys(served: Served) -> None:
    live = served.live
    live.register(sign_statement(live.world.agent, subject="public", content_type="text/plain"))
    path = f"/chains/{chain_id('public').hex()}/bundle"
    answer = live.client.get(path, headers={"X-Forwarded-For": "192.0.2.1"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
