"""A PostgreSQL cluster of the tests' own, from Debian's package, run by a user that is not root.

One to each test process, started when the first test asks for it and stopped when the process ends.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.free_port import free_port

_DEBIAN: Final = Path("/usr/lib/postgresql")
_OLDEST: Final = 15
_USERS: Final = ("postgres", "nobody")
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_messages": "fatal",
    "max_wal_size": "2GB",
}
MISSING: Final = "PostgreSQL 15 or newer is not installed; apt-get install postgresql"
OWNER: Final = "counterfoil_owner"


_running: Final[set[int]] = set()


def running_ports() -> frozenset[int]:
    """The ports of the clusters that this process has running."""
    return frozenset(_running)


def find_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs; None where there is none new enough."""
    folders = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    fit = [path for path in folders if int(path.parent.name) >= _OLDEST and (path / "initdb").is_file()]
    return max(fit, key=lambda path: int(path.parent.name), default=None)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster; its superuser is ``postgres``, and everybody on loopback is believed."""

    programs: Path
    folder: Path
    port: int

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def administer(self, *statements: str | SQL | Composed, database: str = "postgres") -> None:
        """Run statements as the superuser, outside a transaction."""
        with psycopg.connect(self.url(database, "postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode() if isinstance(statement, str) else statement)

    def create(self, name: str, template: str = "template0") -> str:
        """A new database of the owner's, from a template nobody is connected to; its URL."""
        # Copying the files is quicker than logging each page, and no checkpoint waits for the disk where fsync is off.
        query = SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(query.format(Identifier(name), Identifier(OWNER), Identifier(template)))
        return self.url(name)

    def control(self, *words: str) -> None:
        """Start, stop or restart it, as ``pg_ctl`` does."""
        data = str(self.folder / "data")
        options = ("-w", "-D", data, "-l", str(self.folder / "log"))
        _run(self.folder, [str(self.programs / "pg_ctl"), *words, *options])


@contextmanager
def running_cluster(programs: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """A new cluster on a free port, gone at the end of the block. ``durable``: as in production, at its price."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-postgres-"))
    try:
        if os.getuid() == 0:
            os.chown(folder, *_unprivileged())
        cluster = Cluster(programs, folder, free_port())
        _run(folder, [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N"])
        _configure(cluster, durable=durable)
        cluster.control("start")
        try:
            cluster.administer(f"CREATE ROLE {OWNER} LOGIN")
            _running.add(cluster.port)
            yield cluster
        finally:
            _running.discard(cluster.port)
            cluster.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(cluster: Cluster, *, durable: bool) -> None:
    settings = {**_SETTINGS, "port": str(cluster.port), "unix_socket_directories": str(cluster.folder)}
    if not durable:
        # The machine does not crash in these tests, and what a killed process leaves is the same.
        settings |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
    lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    with (cluster.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(lines)


def _run(folder: Path, command: Sequence[str]) -> None:
    if os.getuid() == 0:
        user, group = _unprivileged()
        command = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *command]
    # To a file: a server that was started keeps a pipe open for as long as it runs.
    with (folder / "said").open("ab") as said:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
    if done.returncode != 0:
        raise AssertionError((folder / "said").read_text(errors="replace")[-2000:])


def _unprivileged() -> tuple[int, int]:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in _USERS if name in known)
    return entry.pw_uid, entry.pw_gid
