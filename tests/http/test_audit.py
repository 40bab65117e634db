"""What a service gives out for an audit, and the audit of one."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from counterfoil.audit.entry import AuditedEntry, audited, parse_audited, withheld
from counterfoil.audit.report import AuditReport, Verdict
from counterfoil.cli.audit import audit_range
from counterfoil.cli.audit_log import service_to_audit
from counterfoil.cli.audit_work import Workers
from counterfoil.policy.document import Visibility
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.audit.planting import kinds
from tests.builders import World, sign_statement
from tests.http.live import ADMIN, OPERATOR_TYPE, PUBLIC_TYPE, Live, new_world, problem_in, running
from tests.key_notices import announcement, retirement
from tests.log.material import certificate_of, register_all, with_evidence

SEQUENCE = {"Accept": "application/cbor-seq"}
AS_OPERATOR = {**SEQUENCE, "Authorization": f"Bearer {ADMIN}"}
GUARDED = Settings(page_seconds=3600, admin_token=ADMIN)


@dataclass(frozen=True)
class Served:
    """A log of 300 entries, of which some are public, behind a credential that lies in a file."""

    live: Live
    credential: Path

    @property
    def store(self) -> MemoryStore:
        assert isinstance(self.live.world.store, MemoryStore)
        return self.live.world.store

    def get(self, query: str = "", headers: Mapping[str, str] = AS_OPERATOR) -> httpx.Response:
        return self.live.client.get(f"/entries{query}", headers=headers)

    def audit(self, start: int = 0, stop: int | None = None, *, credential: bool = True) -> AuditReport:
        with service_to_audit(self.live.url, None, None, self.credential if credential else None) as log:
            return audit_range(log, start, log.tree.size if stop is None else stop, Workers(1))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world = new_world(MemoryStore())
    types = (PUBLIC_TYPE, OPERATOR_TYPE, "application/json")
    data = [sign_statement(world.agent, b"a secret <%d>" % n, content_type=types[n % 3]) for n in range(290)]
    data += [with_evidence(world.agent, certificate_of(world.agent)) for _ in range(3)]
    asyncio.run(register_all(data, world.open()))
    credential = tmp_path_factory.mktemp("served") / "credential"
    credential.write_text(f"{ADMIN}\n")
    with running(world, GUARDED) as live:
        yield Served(live, credential)


def entries_in(answer: httpx.Response) -> list[AuditedEntry]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/cbor-seq"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Accept" in answer.headers["Vary"]
    return list(parse_audited(answer.content))


@pytest.mark.parametrize(("start", "limit"), [(0, 1), (0, 100), (250, 100), (290, 1000), (295, 1)])
def test_a_run_of_entries_is_what_the_store_holds(served: Served, start: int, limit: int) -> None:
    held = [audited(kept) for kept in served.store.kept(start, limit)]
    assert entries_in(served.get(f"?from={start}&limit={limit}")) == held
    assert held


def test_there_are_100_unless_more_are_asked_for(served: Served) -> None:
    assert [entry.number for entry in entries_in(served.get())] == list(range(100))


@pytest.mark.parametrize("query", [f"?from={2**63 - 1}", "?from=100000&limit=1000"])
def test_behind_the_end_there_is_nothing(served: Served, query: str) -> None:
    assert served.get(query).content == b""


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?from=-1", "?from=x", f"?from={2**63}"])
def test_no_other_range_is_answered(served: Served, query: str) -> None:
    assert problem_in(served.get(query, {"Authorization": f"Bearer {ADMIN}"})).code == "malformed-parameter"


def test_an_answer_ends_once_it_is_large(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.http.audited_entries.MAX_RUN_BYTES", 1000)
    few = entries_in(served.get("?from=7&limit=1000"))
    assert 1 < len(few) < 10
    assert few == [audited(kept) for kept in served.store.kept(7, len(few))]
    monkeypatch.setattr("counterfoil.http.audited_entries.MAX_RUN_BYTES", 1)
    assert len(entries_in(served.get("?from=7&limit=1000"))) == 1


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, application/cbor-seq;q=0.9"])
def test_an_index_is_the_answer_to_everybody_else(served: Served, accept: str) -> None:
    answer = served.get(headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json"
    assert {"entries", "next", "size"} == set(answer.json())


@pytest.mark.parametrize("headers", [SEQUENCE, {**SEQUENCE, "Authorization": f"Bearer {ADMIN}x"}])
def test_who_may_not_read_gets_hashes(served: Served, headers: Mapping[str, str]) -> None:
    answer = served.get("?limit=1000", headers)
    found = entries_in(answer)
    held = served.store.kept(0, 1000)
    visible = [kept.content for kept in held]
    assert found == [
        audited(kept) if content is not None and content.visibility is Visibility.PUBLIC else withheld(kept)
        for kept, content in zip(held, visible, strict=True)
    ]
    hidden = [c for c in visible if c is not None and c.visibility is not Visibility.PUBLIC]
    assert len(hidden) > 100
    assert not [content.number for content in hidden if content.statement in answer.content]
    assert b"a secret <1>" not in answer.content


def test_of_an_erased_entry_the_record_is_the_operators(served: Served) -> None:
    content = served.store._contents.pop(2)
    try:
        (kept,) = served.store.kept(2, 1)
        assert entries_in(served.get("?from=2&limit=1")) == [audited(kept)]
        assert entries_in(served.get("?from=2&limit=1", SEQUENCE)) == [withheld(kept)]
        assert kinds(served.audit()) == [("statement-missing", 2)]
    finally:
        served.store._contents[2] = content


@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 2), (7, 8), (255, 257), (200, None)])
def test_each_range_of_an_honest_log_is_clean(served: Served, start: int, stop: int | None) -> None:
    report = served.audit(start, stop)
    assert (report.verdict, report.faults) == (Verdict.CLEAN, ())
    assert report.repeated == report.stop - start


def test_who_may_not_read_everything_has_not_audited_it(served: Served) -> None:
    report = served.audit(credential=False)
    assert (report.verdict, report.faults) == (Verdict.INCOMPLETE, ())
    assert report.withheld + report.repeated == report.entries
    assert report.withheld > 100
    assert report.pages == 1, "the digests of all decisions are public"


def test_a_record_that_was_written_over_is_found_over_http(served: Served) -> None:
    entry = served.store._entries[21]
    record = replace(parse_decision_record(entry.decision), key_thumbprint=bytes(32))
    served.store._entries[21] = replace(entry, decision=record.encode())
    try:
        assert ("decision-differs", 21) in kinds(served.audit())
        assert [kind for kind, _ in kinds(served.audit(credential=False))] == ["page-differs"]
    finally:
        served.store._entries[21] = entry


def test_an_entry_that_is_not_in_the_tree_is_found_over_http(served: Served) -> None:
    world: World = served.live.world
    other = sign_statement(world.agent, content_type=OPERATOR_TYPE)
    entry, content = served.store._entries[21], served.store._contents[21]
    statement = parse_signed_statement(other)
    served.store._entries[21] = replace(entry, statement_hash=statement.hash)
    served.store._contents[21] = replace(content, statement=statement.encoded)
    try:
        for start, stop in ((0, None), (0, 100), (15, 30)):
            report = served.audit(start, stop)
            assert kinds(report) == [("tree-differs", None)]
        assert served.audit(30).verdict is Verdict.CLEAN
    finally:
        served.store._entries[21], served.store._contents[21] = entry, content


def test_a_log_whose_receipt_key_changed_is_audited_by_its_genesis_statement(tmp_path: Path) -> None:
    world, key = new_world(MemoryStore()), generate_private_key("ES256")
    first, pinned = world.signers[KeyPurpose.RECEIPT], tmp_path / "genesis.cose"
    log = world.open()
    genesis = world.store.content(1)
    assert genesis is not None
    pinned.write_bytes(attach_receipts(genesis.statement, [log.receipts.stable(1)]))
    asyncio.run(register_all([announcement(world, key)], log))
    later = replace(world, signers={**world.signers, KeyPurpose.RECEIPT: key})
    for data in (sign_statement(world.agent), retirement(world, first), sign_statement(world.agent)):
        asyncio.run(register_all([data], later.open()))
    with running(later, Settings(page_seconds=3600)) as live, service_to_audit(live.url, pinned, None, None) as opened:
        for start, stop in ((0, opened.tree.size), (2, 4), (3, opened.tree.size)):
            report = audit_range(opened, start, stop, Workers(1))
            assert (report.verdict, report.faults) == (Verdict.CLEAN, ())
        assert not any("whose log" in point for point in opened.open_points)
