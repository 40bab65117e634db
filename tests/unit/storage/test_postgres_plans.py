"""What is asked often is answered by an index, however large the log is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from counterfoil.log.records import Batch
from counterfoil.merkle.tiles import TileId
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage import postgres_sql
from counterfoil.storage.postgres import PostgresStore, open_postgres
from counterfoil.storage.postgres_engine import connect
from counterfoil.storage.postgres_rows import batch_parameters
from counterfoil.storage.rows import Found
from counterfoil.storage.schema import ENTRIES
from counterfoil.storage.stored_log import StoredLog
from tests.contract.rows import append, batch_of, numbered
from tests.contract.said import Said, saying

HASH = sha256(b"a statement").digest()
ASKED: dict[str, Callable[[StoredLog], object]] = {
    "an entry by its number": lambda log: log.entry(7),
    "an entry by its statement": lambda log: log.entry_of(StatementHash(HASH)),
    "a page of entries": lambda log: log.entries(1000, 100),
    "a statement": lambda log: log.content(7),
    "a chain by its id": lambda log: log.chain(ChainId(HASH)),
    "a page of a chain": lambda log: log.chain_entries(0, 100, 100),
    "an event in a chain by its entry": lambda log: log.event(7),
    "references of an entry": lambda log: log.references_of(7),
    "references to entries": lambda log: log.references_to([7, 8, 9], 100),
    "what was written in a chain": lambda log: log.written_by(0, 100),
    "events of a name, of any chain": lambda log: log.events_named(HASH, 10),
    "events of a session, of any chain": lambda log: log.events_of_session(HASH, 10),
    "numbers a writer used in a chain": lambda log: log.numbers_used(256, 5000, {HASH: [1, 2]}),
    "first events of a name in a chain": lambda log: log.first_named(256, 5000, [HASH]),
    "statements by number": lambda log: log.statements([5, 7]),
    "a head by its size": lambda log: log.tree_head(2),
    "the head over an entry": lambda log: log.tree_head_over(7),
    "a head's signatures": lambda log: log.signatures(2),
    "leaves": lambda log: log.leaf_hashes(256, 512),
    "roots of tiles": lambda log: log.tile_roots(0, 0, 4),
    "a tile": lambda log: log.tile(TileId(0, 1)),
}


def some_events(batch: Batch) -> Batch:
    """One in three is an event, of many names, sessions and writers, and refers to an entry before it."""
    said = [
        Said(
            at,
            f"event {entry.number}",
            f"s {entry.number % 50}",
            f"w {entry.number % 9}",
            refers_to=(entry.number // 2,),
        )
        for at, entry in enumerate(batch.entries)
        if entry.number % 3 == 1
    ]
    return saying(batch, said)


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[PostgresStore]:
    """A log that is large enough for reading all of it to look dear, in as many small chains as one large one."""
    with new_database() as url, closing(open_postgres(url)) as store:
        for turn in range(8):
            append(store, numbered(512, f"many {turn}", subjects=256), spoil=some_events)
            append(store, numbered(512, f"turn {turn}", subjects=1), spoil=some_events)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        yield store


def plans_of(store: PostgresStore, asked: Callable[[StoredLog], object], *, forced: bool) -> list[str]:
    """The plan of each query that a read makes; ``forced``: reading a whole table is the last resort."""
    plans: list[str] = []

    def explain(query: Any) -> list[Found]:
        text = query.compile(store.engine, compile_kwargs={"render_postcompile": True})
        with psycopg.connect(store.url) as connection:
            if forced:
                connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
            rows = connection.execute(f"EXPLAIN {text}".encode(), text.params).fetchall()
        plans.append("\n".join(row[0] for row in rows))
        return []

    asked(StoredLog(explain))
    return plans


ON_THEIR_OWN = [name for name in ASKED if "chain" in name or ("entr" in name and "head" not in name)]
"""In tables that are large already; small ones are read whole because that is quicker, for as long as it is."""


@pytest.mark.parametrize(
    ("asked", "forced"), [(name, True) for name in ASKED] + [(name, False) for name in ON_THEIR_OWN]
)
def test_reads_go_by_index(filled: PostgresStore, asked: str, forced: bool) -> None:  # noqa: FBT001 - a parameter
    plans = plans_of(filled, ASKED[asked], forced=forced)
    assert plans
    for plan in plans:
        assert "Index" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan


def test_an_append_works_by_index(filled: PostgresStore) -> None:
    """Also in tables that nobody has counted yet: plans are kept for as long as a connection lives."""
    with filled.append() as begun:
        batch = batch_of(begun, numbered(64, "many 0", subjects=256))
        asked: list[tuple[str, dict[str, Any]]] = [
            (
                postgres_sql.PRIOR,
                {"keys": [DuplicateKey(HASH)] * 64, "ids": [ChainId(HASH)] * 64, "size": 7},
            ),
            (postgres_sql.PLACES, {"hashes": [StatementHash(HASH)] * 64}),
            (postgres_sql.LANDMARKS, {"chains": [1, 2, 3], "starts": [0, 7, 0]}),
            (
                postgres_sql.write_statement(founding=False, evidence=False, events=True, tiles=False),
                batch_parameters(saying(batch, [Said(1, refers_to=(0,))]), begun.head),
            ),
        ]
    with connect(filled.url) as connection:
        for statement, parameters in asked:
            plan = "\n".join(row["QUERY PLAN"] for row in connection.execute(f"EXPLAIN {statement}", parameters))
            assert "Index Scan" in plan
            assert "Seq Scan" not in plan
            assert "Hash" not in plan


def test_a_plan_that_reads_all_would_be_seen(filled: PostgresStore) -> None:
    def without_an_index(log: StoredLog) -> object:
        return log._fetch(select(ENTRIES).where(ENTRIES.c.chain_hash == HASH))

    assert "Seq Scan" in plans_of(filled, without_an_index, forced=True)[0]
