"""What an append says to PostgreSQL arrives as it was meant, in a thread and in an event loop alike."""
# ruff: noqa: S608 - database names are made here

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from sqlalchemy.util import greenlet_spawn

from counterfoil.errors import LogCorruptError, StoreUnavailableError
from counterfoil.storage.postgres_engine import connect, connect_in_loop
from counterfoil.storage.postgres_loop import LoopAppends
from counterfoil.storage.postgres_loop_wire import LoopWire
from counterfoil.storage.postgres_values import numbered
from counterfoil.storage.postgres_wire import Asked, ThreadWire
from counterfoil.storage.rows import Found
from tests.contract.rows import append
from tests.contract.rows import numbered as new_entries
from tests.postgres.cluster import Cluster

Ask = Callable[..., Sequence[Found]]

NUMBERS = st.integers(-(2**63), 2**63 - 1)
WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


@contextmanager
def in_thread(url: str) -> Iterator[Ask]:
    with closing(connect(url)) as connection:
        yield ThreadWire(connection).ask


@contextmanager
def in_loop(url: str) -> Iterator[Ask]:
    with asyncio.Runner() as runner:
        wire = runner.run(_made(url))
        try:
            yield lambda *asked: runner.run(greenlet_spawn(wire.ask, *asked))
        finally:
            runner.run(wire.close())


async def _made(url: str) -> LoopWire:
    return LoopWire(await connect_in_loop(url))


@pytest.fixture(params=[in_thread, in_loop])
def ask(request: pytest.FixtureRequest, database: str) -> Iterator[Ask]:
    with request.param(database) as asking:
        yield asking


def test_names_become_numbers_one_for_each_name() -> None:
    text, names = numbered("SELECT %(a)b::bytea[], %(b)s, %(a)b::bytea[], %(c)s::BIGINT, 5 % 3")
    assert text == b"SELECT $1::bytea[], $2, $1::bytea[], $3::BIGINT, 5 % 3"
    assert [name for name, _ in names] == ["a", "b", "c"]
    assert [bool(element) for _, element in names] == [True, False, False]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=NUMBERS,
    data=st.binary(max_size=300),
    words=WORDS,
    numbers=st.lists(NUMBERS, max_size=5),
    many=st.lists(st.binary(max_size=40), max_size=5),
    texts=st.lists(WORDS, max_size=5),
)
def test_values_go_there_and_back(
    ask: Ask, number: int, data: bytes, words: str, numbers: list[int], many: list[bytes], texts: list[str]
) -> None:
    once = (
        "SELECT %(number)b::int8 AS number, %(data)b::bytea AS data, %(words)b::text AS words, %(none)b::int8 AS none"
    )
    values = {"number": number, "data": data, "words": words, "none": None}
    assert ask(Asked(once, values)) == [values]
    each = """
    SELECT number, data, words
    FROM unnest(%(numbers)b::int8[], %(many)b::bytea[], %(texts)b::text[]) AS t(number, data, words)
    """
    size = max(len(numbers), len(many), len(texts))
    padded = [[*items, *[None] * (size - len(items))] for items in (numbers, many, texts)]
    rows = [dict(zip(("number", "data", "words"), row, strict=True)) for row in zip(*padded, strict=True)]
    assert ask(Asked(each, {"numbers": numbers, "many": many, "texts": texts}, kept=False)) == rows


def test_it_is_told_what_the_driver_is_told(ask: Ask, database: str) -> None:
    query = "SELECT 1::int2 AS small, 2::int4 AS middle, count(*) AS all, 'x'::text AS words, NULL::bytea AS none"
    with psycopg.connect(database, row_factory=dict_row) as other:
        assert ask(Asked(query)) == other.execute(query).fetchall()


def test_a_type_that_no_table_of_a_log_has_is_not_guessed_at(database: str) -> None:
    with in_loop(database) as ask, pytest.raises(TypeError):
        ask(Asked("SELECT 1.5::float8 AS real"))


@pytest.mark.parametrize("value", [1.5, [b"x"], [None]], ids=["real", "list without a cast", "NULL in a list"])
def test_a_value_that_no_table_of_a_log_holds_is_not_sent(database: str, value: object) -> None:
    query = "SELECT %(value)b::bytea[] AS v" if value == [None] else "SELECT %(value)b AS v"
    with in_loop(database) as ask, pytest.raises(TypeError):
        ask(Asked(query, {"value": value}))


def test_the_rows_are_those_of_the_last_statement(ask: Ask) -> None:
    assert ask(Asked("SELECT 1 AS a"), Asked("SELECT 2 AS b")) == [{"b": 2}]
    assert ask(Asked("SELECT 1 AS a"), Asked("SET application_name = 'x'")) == ()
    assert ask(Asked("SELECT 1 AS a WHERE false")) == []


def test_one_that_fails_keeps_those_behind_it_from_being_done(ask: Ask, database: str) -> None:
    ask(Asked("CREATE TABLE done (step int8)"))
    step = "INSERT INTO done VALUES (%(step)b::int8)"
    ask(Asked("BEGIN"))
    with pytest.raises(LogCorruptError, match="division by zero"):
        ask(Asked(step, {"step": 1}), Asked("SELECT 1 / (%(step)b::int8 - 1)", {"step": 1}), Asked("COMMIT"))
    ask(Asked("ROLLBACK"))
    with psycopg.connect(database) as other:
        assert other.execute("SELECT * FROM done").fetchall() == []
    # And it goes on, with the same statements.
    ask(Asked("BEGIN"), Asked(step, {"step": 3}), Asked("COMMIT"))
    with psycopg.connect(database) as other:
        assert other.execute("SELECT * FROM done").fetchall() == [(3,)]


def test_a_statement_that_cannot_be_prepared_is_not_thought_to_be(ask: Ask) -> None:
    query = "SELECT step FROM not_yet"
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="not_yet"):
            ask(Asked("SELECT 1 AS a"), Asked(query))
    ask(Asked("CREATE TABLE not_yet (step int8)"))
    assert ask(Asked(query)) == []
    assert ask(Asked("SELECT 1 AS a")) == [{"a": 1}]


def test_what_the_kernel_does_not_take_at_once_goes_all_the_same(ask: Ask) -> None:
    large = bytes(range(256)) * 2**15
    query = "SELECT length(%(data)b::bytea) AS size, %(data)b::bytea AS data"
    assert ask(Asked(query, {"data": large}), Asked(query, {"data": large})) == [{"size": len(large), "data": large}]


def test_the_server_keeps_the_plan_of_what_comes_again_and_of_nothing_else(database: str) -> None:
    with in_loop(database) as ask:
        for _ in range(3):
            ask(Asked("SELECT 1 AS comes_again"))
            ask(Asked("SELECT 1 AS comes_once", kept=False))
        kept = ask(Asked("SELECT statement FROM pg_prepared_statements", kept=False))
        assert kept == [{"statement": "SELECT 1 AS comes_again"}]


def on_wire(url: str, test: Callable[[LoopWire], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        wire = await _made(url)
        try:
            await test(wire)
        finally:
            await wire.close()

    asyncio.run(run())


def killing(cluster: Cluster, url: str) -> None:
    name = url.rpartition("/")[2]
    cluster.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def turns(until: Callable[[], bool]) -> None:
    while not until():  # noqa: ASYNC110 - what is waited for is the network's news, and sets no event
        await asyncio.sleep(0.01)


def test_a_connection_that_is_lost_meanwhile_is_known_to_be(database: str, cluster: Cluster) -> None:
    async def run(wire: LoopWire) -> None:
        assert wire.is_usable
        killing(cluster, database)
        await turns(lambda: not wire.is_usable)
        for _ in range(2):
            with pytest.raises(StoreUnavailableError):
                await greenlet_spawn(wire.ask, Asked("SELECT 1 AS a"))
        assert not wire.is_usable

    on_wire(database, run)


def test_a_connection_that_is_lost_on_the_way_is_an_error_and_no_endless_wait(database: str, cluster: Cluster) -> None:
    async def run(wire: LoopWire) -> None:
        asking = asyncio.create_task(greenlet_spawn(wire.ask, Asked("SELECT pg_sleep(60) IS NULL AS slept")))
        for _ in range(20):
            await asyncio.sleep(0.01)
        killing(cluster, database)
        with pytest.raises(StoreUnavailableError):
            await asking
        assert not wire.is_usable

    on_wire(database, run)


def test_a_journey_that_is_broken_off_is_the_last_of_its_connection(database: str) -> None:
    async def run(wire: LoopWire) -> None:
        asking = asyncio.create_task(greenlet_spawn(wire.ask, Asked("SELECT pg_sleep(60) IS NULL AS slept")))
        for _ in range(20):
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not wire.is_usable
        with pytest.raises(StoreUnavailableError, match="broken off"):
            await greenlet_spawn(wire.ask, Asked("SELECT 1 AS a"))

    on_wire(database, run)


def test_a_transaction_under_way_is_no_place_to_begin(database: str) -> None:
    async def run(wire: LoopWire) -> None:
        await greenlet_spawn(wire.ask, Asked("BEGIN"))
        assert not wire.is_usable
        await greenlet_spawn(wire.ask, Asked("ROLLBACK"))
        assert wire.is_usable

    on_wire(database, run)


@pytest.mark.parametrize("lost", [False, True])
def test_a_closed_connection_leaves_nothing_in_the_loop(database: str, cluster: Cluster, *, lost: bool) -> None:
    async def run(wire: LoopWire) -> None:
        number = wire.connection.pgconn.socket
        if lost:
            killing(cluster, database)
            await turns(lambda: wire._lost is not None)
        await wire.close()
        assert not asyncio.get_running_loop().remove_reader(number)

    on_wire(database, run)


def test_an_append_after_a_lost_connection_makes_another_and_fails_for_nobody(database: str, cluster: Cluster) -> None:
    async def run() -> None:
        appends = LoopAppends(database)
        await appends.run(lambda: append(appends, new_entries(2)))
        killing(cluster, database)
        await turns(lambda: appends._wire is not None and not appends._wire.is_usable)
        assert (await appends.run(lambda: append(appends, new_entries(1, "after")))).head.tree.size == 3
        await appends.close()

    asyncio.run(run())
