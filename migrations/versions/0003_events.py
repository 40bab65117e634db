"""Statements of a profile can be found by what they say: events, and what they refer to.

What is written here stays as it is: a later change of the schema is a later migration.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEYS: Final = {
    "events": ("number = NEW.number",),
    "event_references": ("rowid = NEW.rowid", "(number = NEW.number AND position = NEW.position)"),
}


def upgrade() -> None:
    _create_events()
    _create_references()
    if op.get_context().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("chain_number", _NUMBER, nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("landmark", _NUMBER, nullable=False),
        sa.Column("by_party", _NUMBER, nullable=False),
        sa.Column("writer", sa.LargeBinary, nullable=False),
        sa.Column("writer_sequence", _NUMBER, nullable=False),
        sa.Column("event_key", sa.LargeBinary, nullable=False),
        sa.Column("session_key", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sa.CheckConstraint("length(kind) BETWEEN 1 AND 64", name=op.f("ck_events_kind")),
        sa.CheckConstraint("landmark IN (0, 1)", name=op.f("ck_events_landmark")),
        sa.CheckConstraint("by_party IN (0, 1)", name=op.f("ck_events_by_party")),
        sa.CheckConstraint("length(writer) = 32", name=op.f("ck_events_writer")),
        sa.CheckConstraint("length(event_key) = 32", name=op.f("ck_events_event_key")),
        sa.CheckConstraint("length(session_key) = 32", name=op.f("ck_events_session_key")),
        *_of_entries("events"),
        sqlite_strict=True,
    )
    op.create_index("ix_events_event_key", "events", ["event_key", "number"])
    op.create_index("ix_events_session_key", "events", ["session_key", "number"])
    op.create_index("ix_events_writer", "events", ["chain_number", "writer", "writer_sequence"])
    # The few events that decide what may follow, of a chain that may have any number of others.
    landmark = sa.text("landmark = 1")
    op.create_index(
        "ix_events_landmarks",
        "events",
        ["chain_number", "sequence"],
        sqlite_where=landmark,
        postgresql_where=landmark,
    )


def _create_references() -> None:
    op.create_table(
        "event_references",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("position", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("target", _NUMBER, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", "position", name=op.f("pk_event_references")),
        sa.CheckConstraint("target < number", name=op.f("ck_event_references_target")),
        sa.CheckConstraint("length(relation) BETWEEN 1 AND 64", name=op.f("ck_event_references_relation")),
        *_of_entries("event_references"),
        sqlite_strict=True,
    )
    op.create_index("ix_event_references_target", "event_references", ["target", "number", "position"])


def _of_entries(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    if op.get_context().dialect.name == "postgresql":
        return ()  # There one statement writes both sides of every reference; see 0002.
    return (sa.ForeignKeyConstraint(["number"], ["entries.number"], name=op.f(f"fk_{table}_number")),)


def _refuse_on_postgresql() -> None:
    for table in _KEYS:
        _on_postgresql(table, "no_change", "BEFORE UPDATE OR DELETE", "EACH ROW")
        _on_postgresql(table, "no_statement", "BEFORE UPDATE OR DELETE OR TRUNCATE", "EACH STATEMENT")


def _on_postgresql(table: str, name: str, event: str, each: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_{name} {event} ON {table} FOR {each} EXECUTE FUNCTION counterfoil_refuse()")


def _refuse_on_sqlite() -> None:
    for table, keys in _KEYS.items():
        _on_sqlite(f"{table}_no_delete", f"DELETE ON {table}")
        there_already = f"SELECT 1 FROM {table} WHERE " + " OR ".join(keys)  # noqa: S608 - both are constants above
        _on_sqlite(f"{table}_no_replace", f"INSERT ON {table} WHEN EXISTS ({there_already})")
        _on_sqlite(f"{table}_no_update", f"UPDATE ON {table}")


def _on_sqlite(name: str, event: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'append-only'); END")
