"""One append to PostgreSQL, while it holds the head row."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Select, make_url

from counterfoil.errors import LogCorruptError
from counterfoil.log.records import Batch, ChainNumber, Head, Landmark, Place, Prior
from counterfoil.merkle.bounds import is_tree_number
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage import postgres_sql as sql
from counterfoil.storage.postgres_prior import prior_of
from counterfoil.storage.postgres_rows import batch_parameters
from counterfoil.storage.rows import Found, head_of, landmark_of, place_of
from counterfoil.storage.stored_keys import StoredKeys

_DIALECT: Final = make_url("postgresql+psycopg://").get_dialect()()


class Wire(Protocol):
    """A connection as an append uses it: one statement, and all its rows. Raises our errors only."""

    def ask(self, query: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Found]:
        """Send a statement with its parameters by name; its rows by column, the last ones where there are several."""
        ...


class PostgresAppend(StoredKeys):
    """Implements AppendTransaction over a connection; ``begin`` locks the head row first."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(self._fetch_selected)
        self._wire = wire
        self._head: Head | None = None

    def begin(self) -> None:
        """Begin the transaction and lock the head row, or the place where it will be."""
        rows = self._wire.ask(sql.BEGIN_AND_LOCK)
        if not rows:
            # No row, nothing to lock: two founders would both begin at 0.
            self._wire.ask(sql.LOCK_EMPTY_LOG)
            rows = self._wire.ask(sql.LOCK_HEAD)
        self._head = head_of(rows[0]) if rows else None

    def commit(self) -> None:
        """Make it durable and visible; when it returns, it is."""
        self._wire.ask(sql.COMMIT)

    def roll_back(self) -> None:
        """Leave the log as it was."""
        self._wire.ask(sql.ROLLBACK)

    @property
    def head(self) -> Head | None:
        """The head row as read under the lock; None when the log was not founded yet."""
        return self._head

    def prior(self, keys: Sequence[DuplicateKey], chain_ids: Sequence[ChainId], size: int | None) -> Prior:
        """What the log holds of these keys and chains, and the tree head of that size, in one journey."""
        asked = {
            "keys": list(keys),
            "ids": list(chain_ids),
            "size": size if size is not None and is_tree_number(size) else None,
        }
        return prior_of(self._wire.ask(sql.PRIOR, asked))

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        return dict(map(place_of, self._wire.ask(sql.PLACES, {"hashes": list(hashes)}))) if hashes else {}

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        if not since:
            return []
        asked = {"chains": list(since), "starts": list(since.values())}
        return list(map(landmark_of, self._wire.ask(sql.LANDMARKS, asked)))

    def write(self, batch: Batch) -> None:
        """Write a batch in one statement; it becomes visible and durable when the transaction ends without an error.

        Raises:
            LogCorruptError: The database holds rows that contradict the batch.
            StoreUnavailableError: The database refused.
        """
        begun = 0 if self._head is None else self._head.chain_count
        statement = sql.write_statement(
            founding=self._head is None,
            evidence=any(content.evidence is not None for content in batch.contents),
            events=bool(batch.events),
            tiles=bool(batch.tiles),
        )
        written = self._wire.ask(statement, batch_parameters(batch, self._head))
        grown = sum(chain.number < begun for chain in batch.chains)
        if len(written) != 1:
            raise LogCorruptError("table log_head, row 1: it is not as it was read, under the lock")
        if written[0]["grown"] != grown:
            raise LogCorruptError(
                f"table chains: {grown} chains were to grow, {written[0]['grown']} of them are stored"
            )

    def _fetch_selected(self, query: Select[Any]) -> Sequence[Found]:
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        return self._wire.ask(str(compiled), compiled.params)
