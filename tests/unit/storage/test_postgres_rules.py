"""Append-only is the database's own rule: who connects meets it, the owner of the tables and the superuser too."""
# ruff: noqa: S608 - table and column names are constants

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from counterfoil.errors import MisconfiguredError, SchemaMismatchError, StoreUnavailableError
from counterfoil.statement.evidence import Evidence
from counterfoil.storage.migrate import revision_of, upgrade, upgrade_if_empty
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.postgres_engine import postgres_engine
from counterfoil.storage.postgres_fsck import fsck_postgres
from counterfoil.storage.postgres_roles import grant_rights
from counterfoil.storage.postgres_rules import CONSTRAINTS, TRIGGERS
from counterfoil.storage.revision import require_head
from counterfoil.storage.schema import METADATA
from tests.contract.rows import New, append, numbered
from tests.contract.said import Said, saying
from tests.contract.stores import everything
from tests.postgres.cluster import Cluster

APPEND_ONLY = [
    "entries", "statements", "evidence", "events", "event_references", "tiles", "tree_heads", "head_signatures",
]  # fmt: skip
TABLES = [*APPEND_ONLY, "chains", "log_head"]
CALLS = "EXECUTE FUNCTION counterfoil_refuse()"
FUNCTION = "CREATE OR REPLACE FUNCTION counterfoil_refuse() RETURNS trigger LANGUAGE plpgsql AS"
BACKWARDS = [
    "chains SET number = number + 1000",
    "chains SET chain_id = sha256(chain_id)",
    "chains SET length = length - 1, chain_hash = sha256(chain_hash)",
    "chains SET chain_hash = sha256(chain_hash)",
    "chains SET visibility = 'public'",
    "log_head SET size = size - 1",
    "log_head SET root = sha256(root)",
    "log_head SET id = 2, size = size + 1",
    *(
        f'log_head SET size = size + 1, "{column}" = "{column}" - 1'
        for column in ("time", "next_page", "chain_count", "rules_entry", "policy_entry")
    ),
]


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A log with a row in every table, which holds the same after all that was tried."""
    with new_database() as url:
        with closing(open_postgres(url)) as store:
            append(store, numbered(2))
            append(
                store,
                [New(b"with evidence", evidence=Evidence("x5chain", b"\x81\x41\x00")), *numbered(300, "m")],
                spoil=lambda batch: saying(batch, [Said(1), Said(4, refers_to=(3,))]),
            )
            before = everything(store)
        yield url
        with closing(open_postgres(url)) as store:
            assert everything(store) == before


@pytest.fixture(params=["counterfoil_owner", "postgres"])
def connection(request: pytest.FixtureRequest, filled: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(filled.replace("counterfoil_owner", request.param), autocommit=True) as opened:
        yield opened


def refused(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        connection.execute(statement.encode())


def test_each_table_is_tried() -> None:
    assert set(TABLES) == set(METADATA.tables)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_update(connection: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    for column in METADATA.tables[table].columns:
        refused(connection, f'UPDATE {table} SET "{column.name}" = "{column.name}"')
    refused(connection, f"UPDATE {table} SET {next(iter(METADATA.tables[table].columns)).name} = NULL WHERE false")


@pytest.mark.parametrize("table", TABLES)
def test_no_delete(connection: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    refused(connection, f"DELETE FROM {table}")
    refused(connection, f"DELETE FROM {table} WHERE false")
    refused(connection, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_takes_the_place_of_another(connection: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    column = next(iter(METADATA.tables[table].columns)).name
    key = ", ".join(f'"{found.name}"' for found in METADATA.tables[table].primary_key.columns)
    refused(
        connection,
        f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET {column} = {table}.{column}",
    )


@pytest.mark.parametrize("change", BACKWARDS)
def test_nothing_goes_back(connection: psycopg.Connection[tuple[object, ...]], change: str) -> None:
    refused(connection, f"UPDATE {change}")


def test_a_second_head_is_none(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute('INSERT INTO log_head SELECT 2, size, root, "time", frontier, 0, 0, 0, 0 FROM log_head')


def test_the_migrations_lead_to_the_tables(filled: str) -> None:
    engine = postgres_engine(filled)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA)
    engine.dispose()
    # There are no foreign keys on PostgreSQL, see the migration; all else is the same.
    assert {change[0] for change in found} == {"add_fk"}


def test_revisions(cluster: Cluster) -> None:
    url = cluster.create("unmade")
    assert revision_of(url) is None
    with pytest.raises(SchemaMismatchError, match="at revision None"):
        open_postgres(url)
    upgrade_if_empty(url)
    upgrade_if_empty(url)
    upgrade(url)
    engine = postgres_engine(url)
    require_head(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(SchemaMismatchError, match="9999"):
        open_postgres(url)
    with pytest.raises(SchemaMismatchError):
        upgrade(url)
    assert [finding.where for finding in fsck_postgres(url).findings] == ["database"]


def test_the_database_of_something_else_is_left_alone(cluster: Cluster) -> None:
    url = cluster.create("guests")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE guests (name text)")
    upgrade_if_empty(url)
    with pytest.raises(SchemaMismatchError, match="no log made them"):
        upgrade(url)
    assert revision_of(url) is None


@pytest.mark.parametrize(
    "url", ["", "mysql://x", "postgresql:/x", "postgresql://h/d?nonsense=1", "host=x", "postgresql://["]
)
def test_urls_of_no_database(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        open_postgres(url)


def test_a_database_that_is_not_there(cluster: Cluster) -> None:
    for url in (cluster.url("absent"), "postgresql://x@127.0.0.1:1/x"):
        with pytest.raises(StoreUnavailableError):
            open_postgres(url)
        with pytest.raises(StoreUnavailableError):
            fsck_postgres(url)


def test_the_serving_role_appends_and_can_do_nothing_else(cluster: Cluster, database: str) -> None:
    cluster.administer("CREATE ROLE serves LOGIN", "CREATE ROLE reads LOGIN")
    grant_rights(database, ["serves"], ["reads"])
    serving, reading = (database.replace("counterfoil_owner", role) for role in ("serves", "reads"))
    with closing(open_postgres(serving)) as store:
        append(store, numbered(2))
        append(store, numbered(300, "more"))
        held = everything(store)
    with closing(open_postgres(reading)) as store:
        assert everything(store) == held
        with pytest.raises(StoreUnavailableError, match="permission denied"):
            append(store, numbered(2, "by a reader"))
    for url in (serving, reading):
        with psycopg.connect(url, autocommit=True) as connection:
            for table in [*TABLES, "alembic_version"]:
                for statement in (
                    f"DELETE FROM {table}",
                    f"TRUNCATE {table}",
                    f"DROP TABLE {table}",
                    f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                    f"UPDATE {table} SET {'version_num' if table == 'alembic_version' else TABLE_KEYS[table]} = NULL",
                ):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(statement.encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SET session_replication_role = replica")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (x int)")
    with psycopg.connect(reading, autocommit=True) as connection:
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"INSERT INTO {table} SELECT * FROM {table}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM log_head FOR UPDATE")


TABLE_KEYS = {name: next(iter(table.primary_key.columns)).name for name, table in METADATA.tables.items()}


def test_rights_go_to_roles_that_are_there(database: str) -> None:
    with pytest.raises(MisconfiguredError):
        grant_rights(database, ["nobody_of_that_name"], [])


def test_a_clean_log_is_clean(filled: str) -> None:
    of_database = [finding for finding in fsck_postgres(filled).findings if finding.where == "database"]
    assert of_database == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        *((f"DROP TRIGGER {name.partition('.')[2]} ON {name.partition('.')[0]}", name) for name in TRIGGERS),
        ("ALTER TABLE entries DISABLE TRIGGER entries_no_change", "entries.entries_no_change"),
        ("ALTER TABLE tiles ENABLE REPLICA TRIGGER tiles_no_change", "tiles.tiles_no_change"),
        (
            f"CREATE OR REPLACE TRIGGER chains_only_forward BEFORE UPDATE ON chains FOR EACH ROW WHEN (false) {CALLS}",
            "chains.chains_only_forward",
        ),
        (
            "CREATE TRIGGER another BEFORE INSERT ON tiles FOR EACH ROW EXECUTE FUNCTION counterfoil_refuse()",
            "tiles.another",
        ),
        (
            f"{FUNCTION} $$ BEGIN RETURN NEW; END $$",
            "counterfoil_refuse",
        ),
        *(
            (f"ALTER TABLE {name.split('_', 1)[1].split('_')[0]} DROP CONSTRAINT {name} CASCADE", name)
            for name in ("uq_entries_duplicate_key", "uq_entries_statement_hash", "pk_statements", "ck_tiles_hashes")
        ),
        ("CREATE TABLE another (x int)", "another"),
    ],
)
def test_a_changed_rule_is_found(database: str, change: str, named: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(change.encode())
    with closing(open_postgres(database)) as store:
        append(store, numbered(2))
    assert [named in str(finding) for finding in fsck_postgres(database).findings if finding.where == "database"] == [
        True
    ]


def test_constraints_have_names() -> None:
    assert all(name.startswith(("pk_", "uq_", "ck_")) for name in CONSTRAINTS)
    assert {"pk_entries", "uq_entries_duplicate_key", "ck_log_head_single"} <= CONSTRAINTS
