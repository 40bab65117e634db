"""The log, from an empty database; forward only.

What is written here stays as it is: a later change of the schema is a later migration.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_VISIBILITY: Final = "visibility IN ('public', 'parties', 'operator')"

# For each append-only table the keys under which a row may be there already. They are looked at before an insert,
# because REPLACE removes the old row, and only connections with recursive_triggers on call that a delete.
_APPEND_ONLY: Final = {
    "entries": (
        "number = NEW.number",
        "statement_hash = NEW.statement_hash",
        "duplicate_key = NEW.duplicate_key",
        "(chain_number = NEW.chain_number AND sequence = NEW.sequence)",
    ),
    "statements": ("number = NEW.number",),
    "evidence": ("number = NEW.number",),
    "tiles": ("rowid = NEW.rowid", "(level = NEW.level AND position = NEW.position)"),
    "tree_heads": ("size = NEW.size",),
    "head_signatures": ("rowid = NEW.rowid", "(size = NEW.size AND key_thumbprint = NEW.key_thumbprint)"),
}
_REPLACED_IN_PLACE: Final = {
    "chains": ("number = NEW.number", "chain_id = NEW.chain_id"),
    "log_head": ("id IS NOT NULL",),
}
# The two tables whose rows move on: a chain with its next entry, the head with the next batch, neither ever back.
_MOVES_BACK: Final = {
    "chains": "NEW.number <> OLD.number OR NEW.chain_id <> OLD.chain_id OR NEW.length <= OLD.length",
    "log_head": (
        "NEW.size <= OLD.size OR NEW.time < OLD.time OR NEW.next_page < OLD.next_page "
        "OR NEW.chain_count < OLD.chain_count OR NEW.rules_entry < OLD.rules_entry "
        "OR NEW.policy_entry < OLD.policy_entry"
    ),
}


def upgrade() -> None:
    _create_chains()
    _create_entries()
    _create_content()
    _create_tree()
    _create_log_head()
    if op.get_context().dialect.name == "sqlite":
        _create_sqlite_triggers()


def _create_chains() -> None:
    op.create_table(
        "chains",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("chain_id", sa.LargeBinary, nullable=False),
        sa.Column("length", _NUMBER, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_chains")),
        sa.CheckConstraint(_VISIBILITY, name=op.f("ck_chains_visibility")),
        sa.UniqueConstraint("chain_id", name=op.f("uq_chains_chain_id")),
        sa.CheckConstraint("length(chain_id) = 32", name=op.f("ck_chains_chain_id")),
        sa.CheckConstraint("length(chain_hash) = 32", name=op.f("ck_chains_chain_hash")),
        sa.CheckConstraint("length >= 1", name=op.f("ck_chains_length")),
        sqlite_strict=True,
    )


def _create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("statement_hash", sa.LargeBinary, nullable=False),
        sa.Column("duplicate_key", sa.LargeBinary, nullable=False),
        sa.Column("chain_number", _NUMBER, nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary, nullable=False),
        sa.Column("decision", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_entries")),
        sa.UniqueConstraint("statement_hash", name=op.f("uq_entries_statement_hash")),
        sa.UniqueConstraint("duplicate_key", name=op.f("uq_entries_duplicate_key")),
        sa.UniqueConstraint("chain_number", "sequence", name=op.f("uq_entries_chain_number_sequence")),
        sa.CheckConstraint("number >= 0", name=op.f("ck_entries_number")),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_entries_sequence")),
        sa.CheckConstraint("length(statement_hash) = 32", name=op.f("ck_entries_statement_hash")),
        sa.CheckConstraint("length(duplicate_key) = 32", name=op.f("ck_entries_duplicate_key")),
        sa.CheckConstraint("length(chain_hash) = 32", name=op.f("ck_entries_chain_hash")),
        sa.ForeignKeyConstraint(["chain_number"], ["chains.number"], name=op.f("fk_entries_chain_number")),
        sqlite_strict=True,
    )


def _create_content() -> None:
    op.create_table(
        "statements",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_statements")),
        sa.CheckConstraint(_VISIBILITY, name=op.f("ck_statements_visibility")),
        sa.ForeignKeyConstraint(["number"], ["entries.number"], name=op.f("fk_statements_number")),
        sqlite_strict=True,
    )
    op.create_table(
        "evidence",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_evidence")),
        sa.ForeignKeyConstraint(["number"], ["entries.number"], name=op.f("fk_evidence_number")),
        sqlite_strict=True,
    )


def _create_tree() -> None:
    op.create_table(
        "tiles",
        sa.Column("level", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("position", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_tiles")),
        sa.CheckConstraint("length(hashes) = 8192", name=op.f("ck_tiles_hashes")),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_tiles_root")),
        sqlite_strict=True,
    )
    op.create_table(
        "tree_heads",
        sa.Column("size", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("time", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_tree_heads")),
        sa.CheckConstraint("size >= 1", name=op.f("ck_tree_heads_size")),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_tree_heads_root")),
        sqlite_strict=True,
    )
    op.create_table(
        "head_signatures",
        sa.Column("size", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("key_thumbprint", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("size", "key_thumbprint", name=op.f("pk_head_signatures")),
        sa.CheckConstraint("length(key_thumbprint) = 32", name=op.f("ck_head_signatures_key_thumbprint")),
        sa.ForeignKeyConstraint(["size"], ["tree_heads.size"], name=op.f("fk_head_signatures_size")),
        sqlite_strict=True,
    )


def _create_log_head() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("time", _NUMBER, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.Column("rules_entry", _NUMBER, nullable=False),
        sa.Column("policy_entry", _NUMBER, nullable=False),
        sa.Column("next_page", _NUMBER, nullable=False),
        sa.Column("chain_count", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_single")),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_log_head_root")),
        sa.ForeignKeyConstraint(["size"], ["tree_heads.size"], name=op.f("fk_log_head_size")),
        sa.ForeignKeyConstraint(["rules_entry"], ["entries.number"], name=op.f("fk_log_head_rules_entry")),
        sa.ForeignKeyConstraint(["policy_entry"], ["entries.number"], name=op.f("fk_log_head_policy_entry")),
        sqlite_strict=True,
    )


def _create_sqlite_triggers() -> None:
    for table, keys in (_APPEND_ONLY | _REPLACED_IN_PLACE).items():
        _refuse(f"{table}_no_delete", f"DELETE ON {table}")
        there_already = f"SELECT 1 FROM {table} WHERE " + " OR ".join(keys)  # noqa: S608 - both are constants above
        _refuse(f"{table}_no_replace", f"INSERT ON {table} WHEN EXISTS ({there_already})")
    for table in _APPEND_ONLY:
        _refuse(f"{table}_no_update", f"UPDATE ON {table}")
    for table, condition in _MOVES_BACK.items():
        _refuse(f"{table}_only_forward", f"UPDATE ON {table} WHEN {condition}")


def _refuse(name: str, event: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'append-only'); END")
