"""One append to SQLite, while it holds the write lock."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, insert, update

from counterfoil.errors import LogCorruptError
from counterfoil.log.records import Batch, ChainHead, Head
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.rows import Found, head_of
from counterfoil.storage.schema import CHAINS, LOG_HEAD, METADATA
from counterfoil.storage.stored_keys import StoredKeys
from counterfoil.storage.written_rows import Values, added_values, chain_values, head_values

_HEAD_ID: Final = 1


class SqliteAppend(StoredKeys):
    """Implements AppendTransaction over a connection whose transaction has begun; it neither commits nor ends it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(self._read)
        self._connection = connection
        rows = self._read(LOG_HEAD.select())
        self._head = head_of(rows[0]) if rows else None

    @property
    def head(self) -> Head | None:
        """The head row as read under the lock; None when the log was not founded yet."""
        return self._head

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
                    self._connection.execute(insert(METADATA.tables[table]), rows)
            self._write_head(batch.head)

    def _write_chains(self, chains: Sequence[ChainHead]) -> None:
        begun = 0 if self._head is None else self._head.chain_count
        new = [chain for chain in chains if chain.number >= begun]
        grown = [chain for chain in chains if chain.number < begun]
        if new:
            self._connection.execute(insert(CHAINS), [chain_values(chain) for chain in new])
        if grown:
            self._grow_chains(grown)

    def _grow_chains(self, chains: Sequence[ChainHead]) -> None:
        query = update(CHAINS).where(CHAINS.c.number == bindparam("at"), CHAINS.c.chain_id == bindparam("of"))
        written = self._connection.execute(query, [_moving_values(chain) for chain in chains]).rowcount
        if written != len(chains):
            raise LogCorruptError(f"table chains: {len(chains)} chains were to grow, {written} of them are stored")

    def _write_head(self, head: Head) -> None:
        if self._head is None:
            self._connection.execute(insert(LOG_HEAD).values(id=_HEAD_ID, **head_values(head)))
            return
        size = self._head.tree.size
        query = update(LOG_HEAD).where(LOG_HEAD.c.id == _HEAD_ID, LOG_HEAD.c.size == size)
        if self._connection.execute(query.values(head_values(head))).rowcount != 1:
            raise LogCorruptError(f"table log_head, row {_HEAD_ID}: the size is not {size} any more, under the lock")

    def _read(self, query: Select[Any]) -> Sequence[Found]:
        with our_errors():
            return self._connection.execute(query).mappings().all()


def _moving_values(chain: ChainHead) -> Values:
    values = chain_values(chain)
    return {"at": values.pop("number"), "of": values.pop("chain_id"), **values}
