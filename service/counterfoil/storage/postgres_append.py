"""One append to PostgreSQL, while it holds the head row."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Select, make_url

from counterfoil.errors import CounterfoilError
from counterfoil.log.records import Batch, ChainNumber, Head, Landmark, Place, Prior
from counterfoil.merkle.bounds import is_tree_number
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage import postgres_sql as sql
from counterfoil.storage.postgres_prior import prior_of
from counterfoil.storage.postgres_rows import batch_parameters
from counterfoil.storage.postgres_wire import Asked, Wire
from counterfoil.storage.rows import Found, head_of, landmark_of, place_of
from counterfoil.storage.stored_keys import StoredKeys

_DIALECT: Final = make_url("postgresql+psycopg://").get_dialect()()


class PostgresAppend(StoredKeys):
    """Implements AppendTransaction over a connection; ``begin`` locks the head row first."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(self._fetch_selected)
        self._wire = wire
        self._head: Head | None = None
        self._written: Asked | None = None

    def begin(self) -> None:
        """Begin the transaction and lock the head row, or the place where it will be."""
        rows = self._wire.ask(Asked(sql.BEGIN), Asked(sql.LOCK_HEAD))
        if not rows:
            # No row, nothing to lock: two founders would both begin at 0.
            rows = self._wire.ask(Asked(sql.LOCK_EMPTY_LOG), Asked(sql.LOCK_HEAD))
        self._head = head_of(rows[0]) if rows else None

    def commit(self) -> None:
        """Write what there is to write and make it durable and visible; when it returns, it is.

        Raises:
            LogCorruptError: The database holds rows that contradict the batch; nothing is written.
            StoreUnavailableError: The database refused.
        """
        commit = Asked(sql.COMMIT)
        self._wire.ask(commit) if self._written is None else self._wire.ask(self._written, commit)

    def roll_back(self) -> None:
        """Leave the log as it was."""
        self._wire.ask(Asked(sql.ROLLBACK))

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
        return prior_of(self._wire.ask(Asked(sql.PRIOR, asked)))

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        return dict(map(place_of, self._wire.ask(Asked(sql.PLACES, {"hashes": list(hashes)})))) if hashes else {}

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        if not since:
            return []
        asked = {"chains": list(since), "starts": list(since.values())}
        return list(map(landmark_of, self._wire.ask(Asked(sql.LANDMARKS, asked))))

    def write(self, batch: Batch) -> None:
        """Write a batch in one statement, which goes with the commit, so that it is one journey less."""
        statement = sql.write_statement(
            founding=self._head is None,
            evidence=any(content.evidence is not None for content in batch.contents),
            events=bool(batch.events),
            tiles=bool(batch.tiles),
        )
        self._written = Asked(statement, batch_parameters(batch, self._head))

    def _fetch_selected(self, query: Select[Any]) -> Sequence[Found]:
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        return self._wire.ask(Asked(str(compiled), compiled.params, kept=False))


@contextmanager
def transaction_over(append: PostgresAppend) -> Iterator[PostgresAppend]:
    """Begin an append, commit it when the block ends without an error, and roll it back when it does not."""
    try:
        append.begin()
        yield append
        append.commit()
    except BaseException:
        # A connection that is lost cannot be told; the database then rolls back by itself.
        with suppress(CounterfoilError):
            append.roll_back()
        raise
