"""The tables of the log: what the migrations lead to, on every database.

Each column can be checked against the statements, the keys in the genesis statement and the other columns; none holds
a thing that only the operator knows. Text columns hold words of a fixed vocabulary, so that no text out of a statement
ever becomes a database string.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeEngine

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    },
)

# SQLite gives a whole-number key its fast form only under the name INTEGER; its integers have 64 bits all the same.
_NUMBER: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str) -> Column[int]:
    return Column(name, _NUMBER, primary_key=True, autoincrement=False)


def _number(name: str, *references: ForeignKey) -> Column[int]:
    return Column(name, _NUMBER, *references, nullable=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _visibility() -> tuple[Column[str], CheckConstraint]:
    return (
        Column("visibility", Text, nullable=False),
        CheckConstraint("visibility IN ('public', 'parties', 'operator')", name="visibility"),
    )


def _hash(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = 32", name=column)


CHAINS: Final = Table(
    "chains",
    METADATA,
    _key("number"),
    _bytes("chain_id"),
    _number("length"),
    _bytes("chain_hash"),
    *_visibility(),
    Unique("chain_id"),
    _hash("chain_id"),
    _hash("chain_hash"),
    CheckConstraint("length >= 1", name="length"),
    sqlite_strict=True,
)

ENTRIES: Final = Table(
    "entries",
    METADATA,
    _key("number"),
    _bytes("statement_hash"),
    _bytes("duplicate_key"),
    _number("chain_number", ForeignKey("chains.number")),
    _number("sequence"),
    _bytes("chain_hash"),
    _bytes("decision"),
    Unique("statement_hash"),
    Unique("duplicate_key"),
    Unique("chain_number", "sequence"),
    CheckConstraint("number >= 0", name="number"),
    CheckConstraint("sequence >= 0", name="sequence"),
    _hash("statement_hash"),
    _hash("duplicate_key"),
    _hash("chain_hash"),
    sqlite_strict=True,
)

# What can be erased of an entry lies in tables of its own: the entry stays when its content goes.
STATEMENTS: Final = Table(
    "statements",
    METADATA,
    Column("number", _NUMBER, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    _bytes("statement"),
    *_visibility(),
    sqlite_strict=True,
)

EVIDENCE: Final = Table(
    "evidence",
    METADATA,
    Column("number", _NUMBER, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    _bytes("content"),
    sqlite_strict=True,
)

# What a statement of a profile says, as far as it is looked up: rows that its bytes lead to, beside its entry. Of names
# that a writer chose only SHA-256 is here.
EVENTS: Final = Table(
    "events",
    METADATA,
    Column("number", _NUMBER, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    _number("chain_number"),
    _number("sequence"),
    Column("kind", Text, nullable=False),
    _number("landmark"),
    _number("by_party"),
    _bytes("writer"),
    _number("writer_sequence"),
    _bytes("event_key"),
    _bytes("session_key"),
    CheckConstraint("length(kind) BETWEEN 1 AND 64", name="kind"),
    CheckConstraint("landmark IN (0, 1)", name="landmark"),
    CheckConstraint("by_party IN (0, 1)", name="by_party"),
    _hash("writer"),
    _hash("event_key"),
    _hash("session_key"),
    sqlite_strict=True,
)
Index("ix_events_event_key", EVENTS.c.event_key, EVENTS.c.number)
Index("ix_events_session_key", EVENTS.c.session_key, EVENTS.c.number)
Index("ix_events_writer", EVENTS.c.chain_number, EVENTS.c.writer, EVENTS.c.writer_sequence)
Index(
    "ix_events_landmarks",
    EVENTS.c.chain_number,
    EVENTS.c.sequence,
    sqlite_where=text("landmark = 1"),
    postgresql_where=text("landmark = 1"),
)

EVENT_REFERENCES: Final = Table(
    "event_references",
    METADATA,
    Column("number", _NUMBER, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    _key("position"),
    _number("target"),
    Column("relation", Text, nullable=False),
    CheckConstraint("target < number", name="target"),
    CheckConstraint("length(relation) BETWEEN 1 AND 64", name="relation"),
    sqlite_strict=True,
)
Index("ix_event_references_target", EVENT_REFERENCES.c.target, EVENT_REFERENCES.c.number, EVENT_REFERENCES.c.position)

TILES: Final = Table(
    "tiles",
    METADATA,
    _key("level"),
    _key("position"),
    _bytes("hashes"),
    _bytes("root"),
    CheckConstraint("length(hashes) = 8192", name="hashes"),
    _hash("root"),
    sqlite_strict=True,
)

TREE_HEADS: Final = Table(
    "tree_heads",
    METADATA,
    _key("size"),
    _bytes("root"),
    _number("time"),
    CheckConstraint("size >= 1", name="size"),
    _hash("root"),
    sqlite_strict=True,
)

HEAD_SIGNATURES: Final = Table(
    "head_signatures",
    METADATA,
    Column("size", _NUMBER, ForeignKey("tree_heads.size"), primary_key=True, autoincrement=False),
    Column("key_thumbprint", LargeBinary, primary_key=True),
    _bytes("signature"),
    _hash("key_thumbprint"),
    sqlite_strict=True,
)

# The one row that every append locks first. ``frontier`` is the peaks one after another, largest first.
LOG_HEAD: Final = Table(
    "log_head",
    METADATA,
    _key("id"),
    _number("size", ForeignKey("tree_heads.size")),
    _bytes("root"),
    _number("time"),
    _bytes("frontier"),
    _number("rules_entry", ForeignKey("entries.number")),
    _number("policy_entry", ForeignKey("entries.number")),
    _number("next_page"),
    _number("chain_count"),
    CheckConstraint("id = 1", name="single"),
    _hash("root"),
    sqlite_strict=True,
)
