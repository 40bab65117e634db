"""Reads of SQLite go by the index that keeps them small, also where nobody has counted the tables."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from counterfoil.log.records import ChainNumber
from counterfoil.storage.rows import Found
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from counterfoil.storage.stored_log import StoredLog
from tests.contract.rows import append, numbered
from tests.contract.said import Said, saying

HASH = b"h" * 32
ASKED: dict[str, tuple[Callable[[StoredLog], object], str]] = {
    "first events of a name in a chain": (
        lambda log: log.first_named(0, 5000, [bytes([at]) * 32 for at in range(100)]),
        "event_key=?",
    ),
    "numbers a writer used in a chain": (
        lambda log: log.numbers_used(0, 5000, {HASH: [1, 2]}),
        "chain_number=? AND writer=? AND writer_sequence=?",
    ),
    "references to entries": (lambda log: log.references_to([1, 2], 10), "target=?"),
    "statements by number": (lambda log: log.statements([1, 2]), "PRIMARY KEY"),
    "entries of a chain": (lambda log: log.chain_entries(0, 100, 100), "chain_number=? AND sequence>? AND sequence<?"),
    "landmarks": (
        lambda log: log.landmarks({ChainNumber(0): 7}),
        "ix_events_landmarks (chain_number=? AND sequence>?)",
    ),
    "events of a name": (lambda log: log.events_named(HASH, 10), "event_key=?"),
    "events of a session": (lambda log: log.events_of_session(HASH, 10), "session_key=?"),
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    with closing(open_sqlite(tmp_path_factory.mktemp("plans") / "log.sqlite", create=True)) as store:
        said = [Said(at, f"event {at}", "session", refers_to=(0,) if at else ()) for at in range(300)]
        append(store, numbered(300, subjects=1), spoil=lambda batch: saying(batch, said))
        yield store


@pytest.mark.parametrize("name", ASKED)
def test_reads_go_by_the_index_that_keeps_them_small(filled: SqliteStore, name: str, tmp_path: Path) -> None:
    asked, index = ASKED[name]
    plans: list[str] = []

    def explain(query: Any) -> Sequence[Found]:
        compiled = query.compile(filled.engine, compile_kwargs={"render_postcompile": True})
        parameters = tuple(compiled.params[key] for key in compiled.positiontup)
        with filled.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters).fetchall()
        plans.append("\n".join(str(row[3]) for row in rows))
        return []

    asked(StoredLog(explain))
    assert plans
    for plan in plans:
        assert "SCAN" not in plan
        assert index in plan, plan
