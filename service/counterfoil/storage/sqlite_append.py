"""One append to SQLite, while it holds the write lock."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select

from counterfoil.errors import LogCorruptError
from counterfoil.log.records import Batch, ChainHead, ChainNumber, Head, Landmark, Place, Prior
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage import sqlite_sql as sql
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.rows import Found, chain_of, head_of, landmark_of, place_of
from counterfoil.storage.stored_keys import StoredKeys, registered_of
from counterfoil.storage.written_rows import added_values, chain_values, head_values

_HEAD_ID: Final = 1


class SqliteAppend(StoredKeys):
    """Implements AppendTransaction over a connection whose transaction has begun; it neither commits nor ends it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(self._read)
        self._connection = connection
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("the connection is none of SQLite's")
        self._cursor = driver.cursor()
        rows = self._ask(sql.HEAD)
        self._head = head_of(rows[0]) if rows else None

    def close(self) -> None:
        """Refuse every later use: the connection goes on, and must not write what somebody still holds on to."""
        self._cursor.close()

    @property
    def head(self) -> Head | None:
        """The head row as read under the lock; None when the log was not founded yet."""
        return self._head

    def prior(self, keys: Sequence[DuplicateKey], chain_ids: Sequence[ChainId], size: int | None) -> Prior:
        """What the log holds of these keys and chains, and the tree head of that size."""
        registered = dict(registered_of(row) for row in self._ask_each(sql.REGISTERED, keys))
        chains = [chain_of(row) for row in self._ask_each(sql.CHAIN, chain_ids)]
        head = None if size is None else self.tree_head(size)
        return Prior(registered, {chain.chain_id: chain for chain in chains}, head)

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        return dict(place_of(row) for row in self._ask_each(sql.PLACE, hashes))

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        return [landmark_of(row) for asked in since.items() for row in self._ask(sql.LANDMARKS, *asked)]

    def write(self, batch: Batch) -> None:
        """Write a batch; it becomes visible and durable together, when the transaction ends without an error.

        Raises:
            LogCorruptError: The database holds rows that contradict the batch.
            StoreUnavailableError: The database refused.
        """
        with our_errors():
            # Chains go first and the head last: rows refer to those before them.
            self._write_chains(batch.chains)
            for table, rows in added_values(batch).items():
                if rows:
                    self._cursor.executemany(sql.insert_into(table), rows)
            self._write_head(batch.head)

    def _write_chains(self, chains: Sequence[ChainHead]) -> None:
        begun = 0 if self._head is None else self._head.chain_count
        new = [chain_values(chain) for chain in chains if chain.number >= begun]
        grown = [chain_values(chain) for chain in chains if chain.number < begun]
        self._cursor.executemany(sql.insert_into("chains"), new)
        written = self._cursor.executemany(sql.GROW_CHAIN, grown).rowcount if grown else 0
        if written != len(grown):
            raise LogCorruptError(f"table chains: {len(grown)} chains were to grow, {written} of them are stored")

    def _write_head(self, head: Head) -> None:
        if self._head is None:
            self._cursor.execute(sql.insert_into("log_head"), {"id": _HEAD_ID, **head_values(head)})
            return
        size = self._head.tree.size
        if self._cursor.execute(sql.MOVE_HEAD, {"size_before": size, **head_values(head)}).rowcount != 1:
            raise LogCorruptError(f"table log_head, row {_HEAD_ID}: the size is not {size} any more, under the lock")

    def _ask(self, query: str, *parameters: int) -> Sequence[Found]:
        with our_errors():
            return self._named(self._cursor.execute(query, parameters).fetchall())

    def _ask_each(self, query: str, keys: Sequence[bytes]) -> Sequence[Found]:
        """The one row of each key that has one: the same statement, prepared once, however many keys there are."""
        found: list[Any] = []
        with our_errors():
            for key in keys:
                found += self._cursor.execute(query, (key,)).fetchall()
            return self._named(found)

    def _named(self, rows: Sequence[Any]) -> Sequence[Found]:
        names = [column[0] for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _read(self, query: Select[Any]) -> Sequence[Found]:
        with our_errors():
            return self._connection.execute(query).mappings().all()
