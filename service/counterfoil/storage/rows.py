"""Rows as a database gives them back, made into records; each value is checked before it is believed."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from counterfoil.errors import LogCorruptError
from counterfoil.log.records import (
    ChainHead,
    ChainNumber,
    Content,
    Entry,
    EntryNumber,
    EventRow,
    Head,
    KeptEntry,
    Landmark,
    Place,
    ReferenceRow,
)
from counterfoil.merkle.bounds import MAX_TREE_SIZE, is_hash, is_tree_number
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.merkle.tile_geometry import MAX_TILE_LEVEL
from counterfoil.merkle.tiles import TILE_WIDTH, Tile, TileId
from counterfoil.merkle.tree import Frontier
from counterfoil.policy.document import Visibility
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.links import ChainHash, ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash

Found: TypeAlias = Mapping[Any, Any]
"""One row by column, as a database gave it back."""

KEPT_COLUMNS: Final = "number", "statement_hash", "decision", "statement", "visibility", "kind", "content"
"""What is read of an entry to repeat its decision."""

_VISIBILITIES: Final = {one.value: one for one in Visibility}

TILE_BYTES: Final = TILE_WIDTH * HASH_SIZE


class StoredRow:
    """One row as a database gave it back, with its name for error texts.

    Each method gives a column's value, and raises LogCorruptError when it is not what that column can hold.
    """

    def __init__(self, table: str, key: str, row: Found) -> None:
        self._name = f"{table}, row {key}"
        self._values = row

    def number(self, column: str, largest: int = MAX_TREE_SIZE) -> int:
        """A number from 0 to ``largest``."""
        value = self._values[column]
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise self._wrong(column, f"no number from 0 to {largest}")
        return value

    def data(self, column: str) -> bytes:
        """Bytes of any length."""
        value = self._values[column]
        if not isinstance(value, bytes):
            raise self._wrong(column, "no bytes")
        return value

    def hash(self, column: str) -> bytes:
        """32 bytes."""
        return self.sized(column, HASH_SIZE)

    def sized(self, column: str, size: int) -> bytes:
        """Bytes of a known length."""
        value = self._values[column]
        if not isinstance(value, bytes) or len(value) != size:
            raise self._wrong(column, f"not {size} bytes")
        return value

    def text(self, column: str) -> str:
        """A word."""
        value = self._values[column]
        if not isinstance(value, str):
            raise self._wrong(column, "no text")
        return value

    def visibility(self) -> Visibility:
        """The visibility of a statement or a chain."""
        try:
            return Visibility(self.text("visibility"))
        except ValueError as error:
            raise self._wrong("visibility", "none that this release knows") from error

    def frontier(self, size: int) -> Frontier:
        """The frontier of a tree of that size, read from its peaks."""
        peaks = self.sized("frontier", size.bit_count() * HASH_SIZE)
        row = tuple(NodeHash(peaks[at : at + HASH_SIZE]) for at in range(0, len(peaks), HASH_SIZE))
        return Frontier(TreeSize(size), row)

    def _wrong(self, column: str, what: str) -> LogCorruptError:
        return LogCorruptError(f"table {self._name}: {column} is {what}")


def head_of(row: Found) -> Head:
    """The row of ``log_head``."""
    stored = StoredRow("log_head", "1", row)
    tree = _tree_head(stored)
    return Head(
        tree=tree,
        frontier=stored.frontier(tree.size),
        rules_entry=stored.number("rules_entry"),
        policy_entry=stored.number("policy_entry"),
        next_page=stored.number("next_page"),
        chain_count=stored.number("chain_count"),
    )


def tree_head_of(row: Found) -> TreeHead:
    """A row of ``tree_heads``."""
    return _tree_head(StoredRow("tree_heads", str(row["size"]), row))


def entry_of(row: Found) -> Entry:
    """A row of ``entries``."""
    stored = StoredRow("entries", str(row["number"]), row)
    return Entry(
        number=EntryNumber(stored.number("number")),
        statement_hash=StatementHash(stored.hash("statement_hash")),
        duplicate_key=DuplicateKey(stored.hash("duplicate_key")),
        chain_number=ChainNumber(stored.number("chain_number")),
        sequence=stored.number("sequence"),
        chain_hash=ChainHash(stored.hash("chain_hash")),
        decision=stored.data("decision"),
    )


def content_of(row: Found) -> Content:
    """A row of ``statements`` with the row of ``evidence`` beside it, if there is one."""
    stored = StoredRow("statements", str(row["number"]), row)
    number, statement, visibility = stored.number("number"), stored.data("statement"), stored.visibility()
    if row["kind"] is None:
        return Content(EntryNumber(number), statement, visibility, None)
    beside = StoredRow("evidence", str(row["number"]), row)
    evidence = Evidence(beside.text("kind"), beside.data("content"))
    return Content(EntryNumber(number), statement, visibility, evidence)


def kept_of(row: Found) -> KeptEntry:
    """A row of ``entries`` with those of ``statements`` and ``evidence`` beside it, as far as they are there.

    The columns come in the order of ``KEPT_COLUMNS``.
    """
    number, name, decision, statement, visibility, kind, _ = row.values()
    # An audit reads all rows of a log, and nearly every one of them is as it should be and without evidence.
    if (
        kind is None
        and is_tree_number(number)
        and is_hash(name)
        and type(decision) is bytes
        and type(statement) is bytes
        and visibility in _VISIBILITIES
    ):
        content = Content(number, statement, _VISIBILITIES[visibility], None)
        return KeptEntry(number, name, decision, content)
    return _kept_of(row)


def _kept_of(row: Found) -> KeptEntry:
    stored = StoredRow("entries", "beside statements", row)
    number = EntryNumber(stored.number("number"))
    name, decision = StatementHash(stored.hash("statement_hash")), stored.data("decision")
    return KeptEntry(number, name, decision, None if row["statement"] is None else content_of(row))


def chain_of(row: Found) -> ChainHead:
    """A row of ``chains``."""
    stored = StoredRow("chains", str(row["number"]), row)
    return ChainHead(
        number=ChainNumber(stored.number("number")),
        chain_id=ChainId(stored.hash("chain_id")),
        length=stored.number("length"),
        chain_hash=ChainHash(stored.hash("chain_hash")),
        visibility=stored.visibility(),
    )


def event_of(row: Found) -> EventRow:
    """A row of ``events``."""
    stored = StoredRow("events", str(row["number"]), row)
    return EventRow(
        number=EntryNumber(stored.number("number")),
        chain_number=ChainNumber(stored.number("chain_number")),
        sequence=stored.number("sequence"),
        kind=stored.text("kind"),
        landmark=stored.number("landmark", 1) == 1,
        by_party=stored.number("by_party", 1) == 1,
        writer=stored.hash("writer"),
        writer_sequence=stored.number("writer_sequence"),
        event_key=stored.hash("event_key"),
        session_key=stored.hash("session_key"),
    )


def reference_of(row: Found) -> ReferenceRow:
    """A row of ``event_references``."""
    stored = StoredRow("event_references", f"{row['number']}/{row['position']}", row)
    return ReferenceRow(
        number=EntryNumber(stored.number("number")),
        position=stored.number("position"),
        target=EntryNumber(stored.number("target")),
        relation=stored.text("relation"),
    )


def place_of(row: Found) -> tuple[StatementHash, Place]:
    """A row of ``entries`` as the statement it holds and where that stands."""
    stored = StoredRow("entries", str(row["number"]), row)
    number, chain_number = EntryNumber(stored.number("number")), ChainNumber(stored.number("chain_number"))
    return StatementHash(stored.hash("statement_hash")), Place(number, chain_number, stored.number("sequence"))


def landmark_of(row: Found) -> Landmark:
    """A row of ``events`` with the statement beside it, if it is there."""
    stored = StoredRow("events", str(row["number"]), row)
    statement = None if row["statement"] is None else stored.data("statement")
    chain_number = ChainNumber(stored.number("chain_number"))
    return Landmark(chain_number, stored.number("sequence"), EntryNumber(stored.number("number")), statement)


def tile_of(row: Found) -> Tile:
    """A row of ``tiles``."""
    stored = StoredRow("tiles", f"{row['level']}/{row['position']}", row)
    tile = TileId(stored.number("level", MAX_TILE_LEVEL), stored.number("position"))
    return Tile(tile, stored.sized("hashes", TILE_BYTES), NodeHash(stored.hash("root")))


def signature_of(row: Found) -> HeadSignature:
    """A row of ``head_signatures``."""
    stored = StoredRow("head_signatures", str(row["size"]), row)
    return HeadSignature(TreeSize(stored.number("size")), stored.hash("key_thumbprint"), stored.data("signature"))


def _tree_head(stored: StoredRow) -> TreeHead:
    return TreeHead(TreeSize(stored.number("size")), NodeHash(stored.hash("root")), stored.number("time"))
