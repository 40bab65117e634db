"""What PostgreSQL answers when an append asks what the log already holds, made into records."""

from collections.abc import Mapping, Sequence
from typing import Final

from counterfoil.errors import LogCorruptError
from counterfoil.log.records import ChainHead, Prior, Registered
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey
from counterfoil.storage.rows import Found, chain_of, tree_head_of
from counterfoil.storage.stored_keys import registered_of

_ENTRIES: Final = {"number": "number", "duplicate_key": "key", "statement_hash": "hash"}
_CHAINS: Final = {
    "number": "number",
    "chain_id": "key",
    "length": "count",
    "chain_hash": "hash",
    "visibility": "visibility",
}
_TREE_HEADS: Final = {"size": "number", "root": "hash", "time": "count"}


def prior_of(rows: Sequence[Found]) -> Prior:
    """The rows of the three tables, which the answer has one below the other with one set of columns.

    Raises:
        LogCorruptError: One is not what its table can hold.
    """
    registered: dict[DuplicateKey, Registered] = {}
    chains: dict[ChainId, ChainHead] = {}
    tree_head: TreeHead | None = None
    for row in rows:
        match row["table"]:
            case "entries":
                key, entry = registered_of(_named(row, _ENTRIES))
                registered[key] = entry
            case "chains":
                chain = chain_of(_named(row, _CHAINS))
                chains[chain.chain_id] = chain
            case "tree_heads":
                tree_head = tree_head_of(_named(row, _TREE_HEADS))
            case other:
                raise LogCorruptError(f"the database names a table {other!r} that was not asked")
    return Prior(registered, chains, tree_head)


def _named(row: Found, columns: Mapping[str, str]) -> Found:
    return {column: row[here] for column, here in columns.items()}
