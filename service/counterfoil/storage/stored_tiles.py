"""What the tree reads of the tables."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, select

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.bounds import MAX_TREE_SIZE, is_tree_number
from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tiles import TileId
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.storage.rows import TILE_BYTES, Found, StoredRow
from counterfoil.storage.schema import ENTRIES, TILES

Fetch = Callable[[Select[Any]], Sequence[Found]]
"""Runs one query and gives all its rows; raises our errors only."""


class StoredTiles:
    """Implements TileReader over the tables. Every method raises LogCorruptError for a row that no log can hold."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        """The leaf hashes of the committed entries from start up to stop."""
        number, statement_hash = ENTRIES.c.number, ENTRIES.c.statement_hash
        rows = self._range(select(number, statement_hash).order_by(number), "number", start, stop)
        hashes = [StoredRow("entries", str(row["number"]), row).hash("statement_hash") for row in rows]
        return [statement_leaf(StatementHash(found)) for found in hashes]

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        """The roots of the full stored tiles of a level, from index start up to stop."""
        if not is_tree_number(level):
            return []
        position, root = TILES.c.position, TILES.c.root
        query = select(position, root).where(TILES.c.level == level).order_by(position)
        rows = self._range(query, "position", start, stop)
        return [NodeHash(StoredRow("tiles", f"{level}/{row['position']}", row).hash("root")) for row in rows]

    def tile(self, tile: TileId) -> bytes | None:
        """The 8,192 bytes of a full stored tile, or None where there is none."""
        query = select(TILES.c.hashes).where(TILES.c.level == tile.level, TILES.c.position == tile.index)
        rows = self._fetch(query)
        if not rows:
            return None
        return StoredRow("tiles", f"{tile.level}/{tile.index}", rows[0]).sized("hashes", TILE_BYTES)

    def _range(self, query: Select[Any], column: str, start: int, stop: int) -> Sequence[Found]:
        """The rows with ``column`` from start up to stop, which follow one another without a gap from start on."""
        stop = min(stop, MAX_TREE_SIZE)
        if not 0 <= start < stop:
            return []
        key = query.selected_columns[column]
        rows = self._fetch(query.where(key >= start, key < stop))
        for expected, row in enumerate(rows, start):
            found = row[column]
            if found != expected:
                raise LogCorruptError(f"table {key.table}: {column} {expected} is missing, {found} is there")
        return rows
