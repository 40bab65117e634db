"""What an append says to SQLite, in its own words: SQLAlchemy would cost more than the database does."""

from functools import cache
from typing import Final

from counterfoil.storage.schema import METADATA

HEAD: Final = "SELECT * FROM log_head"

REGISTERED: Final = "SELECT number, duplicate_key, statement_hash FROM entries WHERE duplicate_key = ?"

CHAIN: Final = "SELECT number, chain_id, length, chain_hash, visibility FROM chains WHERE chain_id = ?"

GROW_CHAIN: Final = """
UPDATE chains SET length = :length, chain_hash = :chain_hash, visibility = :visibility
WHERE number = :number AND chain_id = :chain_id
"""

MOVE_HEAD: Final = """
UPDATE log_head SET
  size = :size, root = :root, "time" = :time, frontier = :frontier, rules_entry = :rules_entry,
  policy_entry = :policy_entry, next_page = :next_page, chain_count = :chain_count
WHERE id = 1 AND size = :size_before
"""


@cache
def insert_into(table: str) -> str:
    """The statement that adds a row to a table, with a parameter for each column by its name."""
    columns = [column.name for column in METADATA.tables[table].columns]
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - names of this release's schema
