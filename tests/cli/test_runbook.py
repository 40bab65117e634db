"""The procedures of the runbook, walked as they are written, over each store."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from alembic import command
from alembic.config import Config

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.storage.migrate import find_migrations
from counterfoil.storage.sqlite_engine import locking, sqlite_engine
from tests.cli.commands import AGENT, ORIGIN, TRACE, Outcome, Shell
from tests.postgres.cluster import Cluster
from tests.processes.fleet import serving


@dataclass(frozen=True)
class Place:
    """A founded log: where its keys are, and where its entries."""

    data: Path
    database: str | None
    shell: Shell

    @property
    def where(self) -> list[str]:
        return ["--data", str(self.data), *([] if self.database is None else ["--database", self.database])]

    def run(self, *words: object) -> Outcome:
        return self.shell(*words, *self.where)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[str | None]:
    """A database without tables, or none: the log then lies in the data directory."""
    if request.param == "sqlite":
        yield None
        return
    yield cluster.create("runbook")
    for name in ("runbook", "restored"):
        cluster.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def place(database: str | None, shell: Shell, tmp_path: Path) -> Place:
    made = Place(tmp_path / "data", database, shell)
    assert made.run("init", "--origin", ORIGIN).code == ExitCode.OK
    shell.ok("keygen", "--out", tmp_path / "agent.pem", "--alg", "ES256")
    added = made.run("issuer", "add", "--name", AGENT, "--key", tmp_path / "agent.pem.pub")
    assert added.code == ExitCode.OK
    return made


def register(place: Place, url: str, text: str) -> None:
    folder = place.data.parent
    (folder / "s.json").write_text(f'{{"said": "{text}"}}')
    named = ("--issuer", AGENT, "--subject", TRACE, "--content-type", "application/json")
    out = folder / f"{text}.cose"
    place.shell.ok("sign", "--key", folder / "agent.pem", *named, "--in", folder / "s.json", "--out", out)
    place.shell.ok("submit", "--url", url, out, "--out", folder / f"{text}.receipt")


def test_start_and_is_it_well(place: Place) -> None:
    with serving(place.data, place.database, 1) as server:
        assert httpx.get(f"{server.url}/livez").json() == {"status": "alive"}
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
        register(place, server.url, "first")
        checked = place.run("fsck")
        assert (checked.code, checked.out.partition(":")[0]) == (ExitCode.OK, "clean")
    assert place.run("db", "check").out.startswith("the schema is at revision")


def test_founding_again_leaves_the_log_alone(place: Place, tmp_path: Path) -> None:
    assert place.run("init", "--origin", ORIGIN).code == ExitCode.MISCONFIGURED
    other = Place(tmp_path / "other", place.database, place.shell)
    if place.database is not None:
        refused = other.run("init", "--origin", "log.example/other")
        assert refused.code == ExitCode.MISCONFIGURED
        assert "error[already-initialised]" in refused.err
    assert place.run("fsck").code == ExitCode.OK


def test_an_interrupted_founding_in_a_database_is_ended_by_the_next(place: Place) -> None:
    if place.database is None:
        pytest.skip("a founding in a file is one rename")
    genesis = place.shell.ok("keys", *place.where)
    (place.data / "init-unfinished").touch()
    again = place.run("init", "--origin", ORIGIN)
    assert again.code == ExitCode.OK
    assert place.shell.ok("keys", *place.where) == genesis
    assert not (place.data / "init-unfinished").exists()


def test_back_up_and_restore(place: Place, tmp_path: Path, cluster: Cluster) -> None:
    kept, proof, new, genesis = (tmp_path / name for name in ("kept.note", "proof.cose", "new.note", "genesis.cose"))
    with serving(place.data, place.database, 1) as server:
        for text in ("one", "two"):
            register(place, server.url, text)
        kept.write_bytes(httpx.get(f"{server.url}/checkpoint").content)
        entry = httpx.get(f"{server.url}/log").json()["genesisEntry"]["entryId"]
        genesis.write_bytes(httpx.get(f"{server.url}/entries/{entry}/statement").content)
        register(place, server.url, "three")
        back_up(place, tmp_path / "copy")
        register(place, server.url, "lost")
    restored = restore(place, tmp_path / "copy", tmp_path / "restored", cluster)
    assert restored.run("fsck").code == ExitCode.OK
    size = int(kept.read_text().splitlines()[1])
    with serving(restored.data, restored.database, 1) as server:
        register(restored, server.url, "after")
        accept = {"Accept": "application/cose"}
        proof.write_bytes(httpx.get(f"{server.url}/consistency", params={"from": size}, headers=accept).content)
        new.write_bytes(httpx.get(f"{server.url}/checkpoint").content)
    words = ("verify", new, "--old", kept, "--proof", proof, "--keys", genesis)
    assert place.shell(*words).code == ExitCode.OK
    # A checkpoint of the log that went on without the backup does not fit.
    assert place.shell("verify", kept, "--old", new, "--proof", proof, "--keys", genesis).code != ExitCode.OK


def back_up(place: Place, copy: Path) -> None:
    if place.database is None:
        with closing(sqlite3.connect(place.data / "log.db")) as live, closing(sqlite3.connect(copy)) as target:
            live.backup(target)
    else:
        dump = shutil.which("pg_dump")
        assert dump is not None
        subprocess.run([dump, "--format=custom", f"--file={copy}", place.database], check=True)


def restore(place: Place, copy: Path, data: Path, cluster: Cluster) -> Place:
    data.mkdir()
    shutil.copytree(place.data / "keys", data / "keys")
    if place.database is None:
        shutil.copy(copy, data / "log.db")
        return Place(data, None, place.shell)
    url = cluster.create("restored")
    program = shutil.which("pg_restore")
    assert program is not None
    subprocess.run([program, f"--dbname={url}", str(copy)], check=True)
    return Place(data, url, place.shell)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_server_on_one_address_or_with_other_keys_does_not_start(place: Place, tmp_path: Path) -> None:
    with serving(place.data, place.database, 2) as server:
        port = server.url.rpartition(":")[2]
        for workers in ("1", "2"):
            taken = place.run("serve", "--port", port, "--workers", workers)
            assert (taken.code, taken.err.partition(":")[0]) == (ExitCode.MISCONFIGURED, "error[misconfigured]")
    shutil.copytree(place.data, tmp_path / "other")
    other = Place(tmp_path / "other", place.database, place.shell)
    shutil.copy(tmp_path / "agent.pem", other.data / "keys" / "receipt.pem")
    for workers in ("1", "2"):
        refused = other.run("serve", "--port", "0", "--workers", workers)
        assert (refused.code, refused.err.partition(":")[0]) == (ExitCode.CORRUPT, "error[keys-mismatch]")


def test_fsck_says_no(place: Place) -> None:
    if place.database is None:
        with closing(sqlite3.connect(place.data / "log.db")) as database, database:
            database.execute("DROP TRIGGER entries_no_update")
            database.execute("UPDATE entries SET chain_hash = zeroblob(32) WHERE number = 1")
    else:
        url = place.database.replace("counterfoil_owner", "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE entries SET chain_hash = sha256(chain_hash) WHERE number = 1")
    checked = place.run("fsck")
    assert checked.code == ExitCode.CORRUPT
    assert any(line.startswith("entry 1: chain hash") for line in checked.out.splitlines())


def test_a_wrong_schema_version_serves_nothing(place: Place) -> None:
    change = "UPDATE alembic_version SET version_num = '0001'"
    if place.database is None:
        with closing(sqlite3.connect(place.data / "log.db")) as database, database:
            database.execute(change)
    else:
        with psycopg.connect(place.database, autocommit=True) as connection:
            connection.execute(change.encode())
    for words in (["serve", "--port", "0"], ["serve", "--port", "0", "--workers", "2"], ["db", "check"]):
        refused = place.run(*words)
        assert (refused.code, refused.err.partition(":")[0]) == (ExitCode.CORRUPT, "error[schema-mismatch]")
    assert place.run("fsck").code == ExitCode.CORRUPT


def test_the_first_releases_database_is_upgraded(shell: Shell, tmp_path: Path) -> None:
    """A file at the first release's revision, with a log in it: the same log afterwards."""
    place = Place(tmp_path / "data", None, shell)
    assert place.run("init", "--origin", ORIGIN).code == ExitCode.OK
    before = dump(place.data / "log.db")
    first = at_the_first_revision(tmp_path / "first.db", before)
    shutil.move(first, place.data / "log.db")
    for suffix in ("-wal", "-shm"):
        (place.data / f"log.db{suffix}").unlink(missing_ok=True)
    assert place.run("db", "check").code == ExitCode.CORRUPT
    upgraded = place.shell.ok("db", "upgrade", *place.where)
    assert upgraded["before"] == "0001"
    assert place.run("db", "check").code == ExitCode.OK
    assert dump(place.data / "log.db") == before
    assert place.run("fsck").code == ExitCode.OK


def dump(file: Path) -> list[str]:
    """Every row as SQL, but for the revision."""
    with closing(sqlite3.connect(file)) as database:
        return [line for line in database.iterdump() if line.startswith("INSERT") and "alembic" not in line]


def at_the_first_revision(file: Path, rows: list[str]) -> Path:
    file.touch()
    engine = sqlite_engine(file)
    config = Config()
    config.set_main_option("script_location", str(find_migrations()))
    with locking(engine.connect()) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(file)) as database, database:
        for row in rows:
            database.execute(row)
    return file
