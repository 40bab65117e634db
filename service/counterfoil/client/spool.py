"""What an agent's program has signed and the log has not yet receipted, on its own disk."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import ClassVar, Final

from counterfoil.errors import MisconfiguredError

_PRIVATE: Final = 0o600
"""What an agent did is not for everybody on the machine; the write-ahead log takes over the mode of the file."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spool (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  chain TEXT NOT NULL,
  issuer TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  statement BLOB NOT NULL,
  receipt BLOB,
  UNIQUE (chain, issuer, sequence)
)
"""


class SpoolBusyError(MisconfiguredError):
    """Another process, or another engagement of this one, writes to the spool."""

    code: ClassVar[str] = "spool-busy"


class SpoolUnwritableError(MisconfiguredError):
    """The disk refuses the spool; nothing was kept of what was being written."""

    code: ClassVar[str] = "spool-unwritable"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One statement in the spool."""

    place: int
    chain: str
    statement: bytes


class Spool:
    """Statements in the order in which they were signed, each with its receipt once there is one.

    One writer at a time. Nothing is taken out and nothing changes but that a receipt comes to a statement.

    Raises:
        SpoolBusyError: Somebody else has it open.
        SpoolUnwritableError: It cannot be opened or made.
    """

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        try:
            path.touch(_PRIVATE)
            self._sql = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise SpoolUnwritableError(f"{path} cannot be opened: {error}") from error
        try:
            # Exclusive before WAL: the lock is then held until the connection or its process ends, however it ends.
            self._sql.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=FULL")
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.execute(_SCHEMA)
            self._sql.execute("COMMIT")
        except sqlite3.Error as error:
            self._sql.close()
            if "locked" in str(error):
                raise SpoolBusyError(f"{path} is in use by another writer") from error
            raise SpoolUnwritableError(f"{path} cannot be used as a spool: {error}") from error

    def add(
        self, chain: str, issuer: str, make: Callable[[int, bytes | None], tuple[bytes, bytes]]
    ) -> tuple[int, bytes]:
        """Keep what ``make`` gives (hash, statement) for the next sequence number and the writer's last hash.

        When this returns its sequence number and hash, the statement survives a crash of the machine.

        Raises:
            SpoolUnwritableError: The disk refuses; nothing was kept, and the sequence number is free again.
        """
        with self._lock:
            try:
                last = self._sql.execute(
                    "SELECT sequence, hash FROM spool WHERE chain = ? AND issuer = ? ORDER BY sequence DESC LIMIT 1",
                    (chain, issuer),
                ).fetchone()
                sequence, previous = (0, None) if last is None else (last[0] + 1, last[1])
                digest, statement = make(sequence, previous)
                self._sql.execute(
                    "INSERT INTO spool (chain, issuer, sequence, hash, statement) VALUES (?, ?, ?, ?, ?)",
                    (chain, issuer, sequence, digest, statement),
                )
            except sqlite3.Error as error:
                raise SpoolUnwritableError(f"the spool cannot be written: {error}") from error
        return sequence, digest

    def heads(self) -> list[Spooled]:
        """The first statement without a receipt of each chain, oldest first."""
        with self._lock:
            rows = self._sql.execute(
                "SELECT place, chain, statement FROM spool WHERE place IN"
                " (SELECT min(place) FROM spool WHERE receipt IS NULL GROUP BY chain) ORDER BY place",
            ).fetchall()
        return [Spooled(*row) for row in rows]

    def receipted(self, place: int, receipt: bytes) -> None:
        """Keep a receipt, by which its statement is registered.

        Raises:
            SpoolUnwritableError: The disk refuses; the statement is as it was and may be sent again.
        """
        with self._lock:
            try:
                self._sql.execute("UPDATE spool SET receipt = ? WHERE place = ? AND receipt IS NULL", (receipt, place))
            except sqlite3.Error as error:
                raise SpoolUnwritableError(f"the spool cannot be written: {error}") from error

    def receipt(self, statement_hash: bytes) -> bytes | None:
        """The receipt of a statement, once it is registered."""
        with self._lock:
            row = self._sql.execute("SELECT receipt FROM spool WHERE hash = ?", (statement_hash,)).fetchone()
        return None if row is None else row[0]

    def waiting(self) -> int:
        """How many statements have no receipt."""
        with self._lock:
            return int(self._sql.execute("SELECT count(*) FROM spool WHERE receipt IS NULL").fetchone()[0])

    def close(self) -> None:
        """Let go of it; others may open it."""
        with self._lock:
            self._sql.close()
