"""Who holds the head, for how long at most, and what a lost connection leaves."""
# ruff: noqa: S608 - database names are made here

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import psycopg
import pytest

from counterfoil.errors import AlreadyInitialisedError, LogCorruptError, StoreUnavailableError
from counterfoil.log.founding import found_log
from counterfoil.storage import postgres_engine
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.postgres_append import PostgresAppend, transaction_over
from counterfoil.storage.postgres_loop import LoopAppends
from counterfoil.storage.postgres_wire import Asked, ThreadWire
from tests.builders import START, World, policy_for
from tests.contract.rows import New, append, batch_of, numbered
from tests.contract.whole import check_whole
from tests.postgres.cluster import Cluster


def in_loop(url: str, work: Callable[[LoopAppends], object], *more: Callable[[LoopAppends], object]) -> None:
    """Pieces of work one after another over one connection of an event loop."""

    async def run() -> None:
        appends = LoopAppends(url)
        try:
            for piece in (work, *more):
                await appends.run(partial(piece, appends))
        finally:
            await appends.close()

    asyncio.run(run())


def test_the_database_cuts_off_a_holder_that_says_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "LOCK_IDLE_SECONDS", 1)
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))
        with pytest.raises(StoreUnavailableError), store.append() as stopped:
            # This append waits for the lock, gets it from the database's hand, and goes on.
            append(store, numbered(3, "the next"))
            stopped.write(batch_of(stopped, numbered(4, "never")))
        assert check_whole(store) == 5


def test_in_the_loop_too_and_the_next_append_has_a_new_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "LOCK_IDLE_SECONDS", 1)
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))

        def stop(appends: LoopAppends) -> None:
            with pytest.raises(StoreUnavailableError), appends.append() as stopped:
                append(store, numbered(3, "the next"))
                stopped.write(batch_of(stopped, numbered(4, "never")))

        in_loop(database, stop, lambda appends: append(appends, numbered(1, "after")))
        assert check_whole(store) == 6


def test_who_waits_too_long_is_told_to_come_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "LOCK_WAIT_SECONDS", 1)
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))
        with store.append() as holder:
            with pytest.raises(StoreUnavailableError, match="lock timeout"), store.append():
                pass

            def wait(appends: LoopAppends) -> None:
                with pytest.raises(StoreUnavailableError, match="lock timeout"), appends.append():
                    pass

            in_loop(database, wait)
            holder.write(batch_of(holder, numbered(3, "the holder")))
        assert check_whole(store) == 5


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
def test_an_error_in_the_loop_changes_nothing_and_keeps_the_connection(
    database: str, error: type[BaseException]
) -> None:
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))

        def fail(appends: LoopAppends) -> None:
            with pytest.raises(error), appends.append() as begun:
                begun.write(batch_of(begun, numbered(4, "never")))
                raise error

        connections: list[object] = []
        in_loop(
            database,
            lambda appends: append(appends, numbered(1, "before")),
            lambda appends: connections.append(appends._wire),
            fail,
            lambda appends: append(appends, numbered(1, "after")),
            lambda appends: connections.append(appends._wire),
        )
        assert connections[0] is connections[1]
        assert check_whole(store) == 4


def test_a_connection_that_was_killed_is_made_again(database: str, cluster: Cluster) -> None:
    name = database.rpartition("/")[2]

    def kill(_appends: LoopAppends) -> None:
        cluster.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    with closing(open_postgres(database)) as store:
        append(store, numbered(2))

        def fail(appends: LoopAppends) -> None:
            with pytest.raises(StoreUnavailableError):
                append(appends, numbered(1, "lost"))

        in_loop(
            database,
            lambda appends: append(appends, numbered(1, "before")),
            kill,
            fail,
            lambda appends: append(appends, numbered(1, "after")),
        )
        with pytest.raises(StoreUnavailableError):
            store.head()  # The pool's connections were killed as well; the first who asks finds out.
        assert check_whole(store) == 4


def test_rows_that_contradict_the_head_are_corruption(database: str) -> None:
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("ALTER TABLE log_head DISABLE TRIGGER ALL")
            other.execute("UPDATE log_head SET chain_count = 0")
        with pytest.raises(LogCorruptError, match="duplicate key"):
            append(store, numbered(2, "again"))
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("UPDATE log_head SET chain_count = 5")
        with pytest.raises(LogCorruptError, match="chains were to grow"), store.append() as begun:
            batch = batch_of(begun, [New(b"fresh", "statement-0")])
            with psycopg.connect(database, autocommit=True) as other:
                other.execute("ALTER TABLE chains DISABLE TRIGGER ALL")
                other.execute("UPDATE chains SET chain_id = sha256(chain_id)")
            begun.write(batch)


def test_of_two_founders_at_once_one_founds_the_log(database: str) -> None:
    worlds = [World(open_postgres(database)) for _ in range(2)]
    barrier = threading.Barrier(2)

    def found(world: World) -> bool:
        barrier.wait()
        try:
            found_log(world.store, world.identity, world.signers, policy_for(), START)
        except AlreadyInitialisedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(found, worlds)) == [False, True]
    with closing(open_postgres(database)) as store:
        assert check_whole(store) == 2


def test_no_setting_of_the_database_makes_a_commit_less_than_durable(database: str, cluster: Cluster) -> None:
    cluster.administer(f"ALTER DATABASE {database.rpartition('/')[2]} SET synchronous_commit = off")
    with psycopg.connect(database) as plain:
        assert plain.execute("SHOW synchronous_commit").fetchone() == ("off",)
    with closing(postgres_engine.connect(database)) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchall() == [{"synchronous_commit": "on"}]

    async def in_the_loop() -> object:
        async with await postgres_engine.connect_in_loop(database) as connection:
            return await (await connection.execute("SHOW synchronous_commit")).fetchall()

    assert asyncio.run(in_the_loop()) == [{"synchronous_commit": "on"}]


def test_a_head_that_moved_under_the_lock_takes_no_batch(database: str) -> None:
    with closing(open_postgres(database)) as store, closing(postgres_engine.connect(database)) as connection:
        append(store, numbered(2))
        wire = ThreadWire(connection)
        with (
            pytest.raises(LogCorruptError, match="not as it was read"),
            transaction_over(PostgresAppend(wire)) as moved,
        ):
            wire.ask(Asked("UPDATE log_head SET size = size + 1"))
            moved.write(batch_of(moved, numbered(1, "never")))
        assert check_whole(store) == 2
