"""The audit as a command, over a store and over a running service."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterfoil.audit.entry import AuditedEntry
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import open_sqlite
from tests.audit.planting import Planted
from tests.builders import ORIGIN, World, sign_statement
from tests.cli.commands import Shell
from tests.http.live import ADMIN, Live, running
from tests.unit.client.canned import Canned, answering


@dataclass(frozen=True)
class Log:
    """A log in a data directory, served behind a credential; its genesis statement and the credential in files."""

    live: Live
    data: Path

    @property
    def url(self) -> tuple[str, ...]:
        return "--url", self.live.url, "--keys", str(self.data / "genesis.cose")

    @property
    def credential(self) -> tuple[str, str]:
        return "--credential", str(self.data / "credential")

    @property
    def store(self) -> tuple[str, str]:
        return "--data", str(self.data)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    data = tmp_path_factory.mktemp("audit")
    with closing(open_sqlite(data / DATABASE, create=True)) as store:
        world = World(store).found()
        with running(world, Settings(page_seconds=3600, admin_token=ADMIN)) as live:
            for _ in range(3):
                live.register(sign_statement(world.agent))
            genesis = live.client.get("/log").json()["genesisEntry"]["entryId"]
            answer = live.client.get(f"/entries/{genesis}/statement")
            (data / "genesis.cose").write_bytes(answer.content)
            (data / "credential").write_text(f"{ADMIN}\n")
            yield Log(live, data)


def test_a_store_and_a_service_are_audited_alike(log: Log, shell: Shell) -> None:
    stored = shell.ok("audit", *log.store)
    asked = shell.ok("audit", *log.url, *log.credential)
    apart = {"notEstablished"}
    assert {name: stored[name] for name in stored if name not in apart} == {
        name: asked[name] for name in asked if name not in apart
    }
    assert (stored["verdict"], stored["faults"], stored["faultCount"]) == ("clean", [], 0)
    assert (stored["origin"], stored["from"], stored["to"]) == (ORIGIN, 0, stored["treeSize"])
    assert stored["repeated"] == stored["treeSize"] == log.live.size()
    assert any("whose log" in sentence for sentence in stored["notEstablished"])
    assert not any("whose log" in sentence for sentence in asked["notEstablished"])
    unpinned = shell.ok("audit", *log.url[:2], *log.credential)
    assert any("whose log" in sentence for sentence in unpinned["notEstablished"])


def test_people_read_what_was_done_and_what_it_does_not_show(log: Log, shell: Shell) -> None:
    outcome = shell("audit", *log.store, "--from", "1", "--to", "4")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("CLEAN: 3 of 3 decisions repeated, entries 1 to 3 of a signed tree of ")
    assert "this does not show:\n  - " in outcome.out


def test_what_may_not_be_read_is_an_exit_code_of_its_own(log: Log, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("another credential, which is not this log's")
    for credential in ((), ("--credential", tmp_path / "wrong")):
        outcome = shell("audit", *log.url, *credential, "--json")
        assert (outcome.code, outcome.json["verdict"]) == (ExitCode.INCOMPLETE, "incomplete")
        assert (outcome.json["withheld"], outcome.json["faults"]) == (3, [])
    assert "; 3 entries may not be read; " in shell("audit", *log.url).out


def test_faults_end_with_7_and_a_line_for_each(log: Log, shell: Shell) -> None:
    planted = Planted(log.data, log.live.world)
    number = planted.append(planted.decided(sign_statement(log.live.world.agent, content_type="image/png")))
    log.live.world.clock.now += 1  # A checkpoint is signed at most once a second.
    for place in (log.store, (*log.url, *log.credential)):
        outcome = shell("audit", *place)
        assert outcome.code == ExitCode.CORRUPT
        first, second, *_ = outcome.out.splitlines()
        assert first.startswith(f"entry {number}: not-admitted: ")
        assert first.endswith("(content-type-not-admitted)")
        assert second.startswith("1 FAULTS: ")
        told = shell("audit", *place, "--json")
        (fault,) = told.json["faults"]
        assert (fault["kind"], fault["entry"], fault["code"]) == ("not-admitted", number, "content-type-not-admitted")
        assert (told.code, told.json["verdict"], told.json["faultCount"]) == (ExitCode.CORRUPT, "faulty", 1)
        assert shell("audit", *place, "--to", number).code == ExitCode.OK


@pytest.mark.parametrize("bounds", [("--from", "3", "--to", "3"), ("--from", "4", "--to", "3"), ("--to", "1000")])
def test_a_range_has_to_be_there(bounds: tuple[str, ...], log: Log, shell: Shell) -> None:
    for place in (log.store, log.url):
        outcome = shell("audit", *place, *bounds, "--json")
        assert (outcome.code, outcome.error["code"]) == (ExitCode.MALFORMED, "malformed-parameter")


@pytest.mark.parametrize("words", [("--from", "-1"), ("--to", "0"), ("--jobs", "0"), ("--from", "x")])
def test_numbers_are_numbers(words: tuple[str, ...], log: Log, shell: Shell) -> None:
    assert shell("audit", *log.store, *words).code == ExitCode.USAGE


def test_keys_of_another_log_and_no_log_at_all(log: Log, shell: Shell, tmp_path: Path) -> None:
    with running(World(MemoryStore()).found()) as other:
        outcome = shell("audit", "--url", other.url, *log.url[2:], "--json")
    assert outcome.code == ExitCode.UNVERIFIED
    none = shell("audit", "--data", tmp_path, "--json")
    assert (none.code, none.error["code"]) == (ExitCode.MISCONFIGURED, "not-initialised")
    unread = shell("audit", *log.url, "--credential", tmp_path / "none", "--json")
    assert (unread.code, unread.error["code"]) == (ExitCode.MISCONFIGURED, "file-unreadable")


def canned(log: Log) -> dict[str, Canned]:
    """What the service answers when it is asked about its policies."""
    get, subject = log.live.client.get, log.live.world.identity.policy_subject
    chain = get("/chains", params={"rootTraceId": subject})
    size = chain.json()["treeHead"]["size"]
    entries = [f"/entries/{entry['entryId']}" for entry in chain.json()["entries"]]
    return {
        "/.well-known/scitt-keys": Canned(
            get("/.well-known/scitt-keys", headers={"Accept": "application/cbor"}).content
        ),
        "/log": Canned(get("/log").content),
        "/checkpoint": Canned(get("/checkpoint").content),
        "/chains": Canned(chain.content),
        **{path: Canned(get(path, params={"size": size}).content) for path in entries},
    }


def test_a_service_whose_checkpoint_is_not_the_logs_is_not_audited(log: Log, shell: Shell) -> None:
    head = log.live.service.log.head().tree
    forged = sign_checkpoint(generate_private_key("EdDSA"), Checkpoint(ORIGIN, head.size, head.root))
    with answering({**canned(log), "/checkpoint": Canned(forged.encode())}) as liar:
        outcome = shell("audit", "--url", liar.url, *log.url[2:], "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.UNVERIFIED, "log-key-unknown")


def test_a_service_that_gives_out_nothing_has_faults_and_comes_to_an_end(log: Log, shell: Shell) -> None:
    first = AuditedEntry(0, StatementHash(bytes(32)), None, listed_digest=bytes(32)).encode()
    for answer in (b"", first):
        with answering({**canned(log), "/entries": Canned(answer)}) as liar:
            outcome = shell("audit", "--url", liar.url, *log.url[2:], "--to", log.live.size(), "--json")
        assert outcome.code == ExitCode.CORRUPT
        assert {fault["kind"] for fault in outcome.json["faults"]} == {"entry-missing", "tree-differs"} | (
            {"change-left-out"} if outcome.json["ruleChanges"] else set()
        )
    with answering({**canned(log), "/entries": Canned(b"\x00")}) as liar:
        assert shell("audit", "--url", liar.url, *log.url[2:]).code == ExitCode.MALFORMED
