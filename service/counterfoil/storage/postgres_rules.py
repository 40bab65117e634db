"""What PostgreSQL must be told never to allow, as it writes it down itself; a check compares the two."""

import re
from typing import Final

from counterfoil.storage.schema import METADATA

_APPEND_ONLY: Final = (
    "entries", "statements", "evidence", "events", "event_references", "tiles", "tree_heads", "head_signatures",
)  # fmt: skip
_MOVES_BACK: Final = {
    "chains": "new.number <> old.number OR new.chain_id <> old.chain_id OR new.length <= old.length",
    "log_head": (
        "new.id <> old.id OR new.size <= old.size OR new.time < old.time OR new.next_page < old.next_page OR "
        "new.chain_count < old.chain_count OR new.rules_entry < old.rules_entry OR new.policy_entry < old.policy_entry"
    ),
}
REFUSAL: Final = "BEGIN RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME; END"
"""The body of the one function that every trigger calls."""

_SCHEMA: Final = re.compile(r" on [^ ]*\.")
_PUNCTUATION: Final = re.compile(r"[()\s]+")


def normal(definition: str) -> str:
    """A trigger's definition without schema, case and what PostgreSQL adds to it when it writes one down."""
    return _SCHEMA.sub(" on ", _PUNCTUATION.sub(" ", definition.replace('"', "")).strip().lower())


def _trigger(table: str, name: str, event: str, each: str) -> tuple[str, str]:
    full = f"{table}_{name}"
    text = f"CREATE TRIGGER {full} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION counterfoil_refuse"
    return f"{table}.{full}", normal(text)


TRIGGERS: Final[dict[str, str]] = dict(
    (
        *(_trigger(table, "no_change", "DELETE OR UPDATE", "ROW") for table in _APPEND_ONLY),
        *(_trigger(table, "no_statement", "DELETE OR UPDATE OR TRUNCATE", "STATEMENT") for table in _APPEND_ONLY),
        *(_trigger(table, "only_forward", "UPDATE", f"ROW WHEN {when}") for table, when in _MOVES_BACK.items()),
        *(_trigger(table, "no_delete", "DELETE", "ROW") for table in _MOVES_BACK),
        *(_trigger(table, "no_statement", "DELETE OR TRUNCATE", "STATEMENT") for table in _MOVES_BACK),
    )
)
"""Every trigger by table and name, in its normal form."""

CONSTRAINTS: Final[frozenset[str]] = frozenset(
    str(constraint.name)
    for table in METADATA.sorted_tables
    for constraint in table.constraints
    if not str(constraint.name).startswith("fk_")
)
"""Primary keys, unique and check constraints; there are no foreign keys, see the migrations."""
