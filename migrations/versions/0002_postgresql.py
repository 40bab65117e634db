"""PostgreSQL as a store of production: append-only by the database's own rule. SQLite has its rules from 0001 on.

What is written here stays as it is: a later change of the schema is a later migration.
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

_APPEND_ONLY: Final = ("entries", "statements", "evidence", "tiles", "tree_heads", "head_signatures")
# The two tables whose rows move on: a chain with its next entry, the head with the next batch, neither ever back.
_MOVES_BACK: Final = {
    "chains": "NEW.number <> OLD.number OR NEW.chain_id <> OLD.chain_id OR NEW.length <= OLD.length",
    "log_head": (
        'NEW.id <> OLD.id OR NEW.size <= OLD.size OR NEW."time" < OLD."time" OR NEW.next_page < OLD.next_page '
        "OR NEW.chain_count < OLD.chain_count OR NEW.rules_entry < OLD.rules_entry "
        "OR NEW.policy_entry < OLD.policy_entry"
    ),
}

# Nothing that is referred to can be deleted or renumbered, and one statement writes both sides of every reference, so
# these would only cost: two look-ups and a row lock for each entry.
_FOREIGN_KEYS: Final = {
    "entries": ("chain_number",),
    "statements": ("number",),
    "evidence": ("number",),
    "head_signatures": ("size",),
    "log_head": ("size", "rules_entry", "policy_entry"),
}

_REFUSE: Final = """
CREATE FUNCTION counterfoil_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, columns in _FOREIGN_KEYS.items():
        for column in columns:
            op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
    op.execute(_REFUSE)
    for table in _APPEND_ONLY:
        _refuse(table, "no_change", "BEFORE UPDATE OR DELETE", "EACH ROW")
        _refuse(table, "no_statement", "BEFORE UPDATE OR DELETE OR TRUNCATE", "EACH STATEMENT")
    for table, condition in _MOVES_BACK.items():
        _refuse(table, "only_forward", "BEFORE UPDATE", f"EACH ROW WHEN ({condition})")
        _refuse(table, "no_delete", "BEFORE DELETE", "EACH ROW")
        _refuse(table, "no_statement", "BEFORE DELETE OR TRUNCATE", "EACH STATEMENT")
    # Rows that are replaced often find room on their own page; what does not shrink is not tried.
    op.execute("ALTER TABLE chains SET (fillfactor = 70)")
    op.execute("ALTER TABLE log_head SET (fillfactor = 10)")
    op.execute("ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")


def _refuse(table: str, name: str, event: str, each: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_{name} {event} ON {table} FOR {each} EXECUTE FUNCTION counterfoil_refuse()")
