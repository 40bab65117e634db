"""What the log stores, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from counterfoil.frozen import frozen
from counterfoil.merkle.tiles import Tile
from counterfoil.merkle.tree import Frontier
from counterfoil.policy.document import Visibility
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.links import ChainHash, ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash

EntryNumber = NewType("EntryNumber", int)
"""The place of an entry in the log: its leaf index, from 0, without gaps."""

ChainNumber = NewType("ChainNumber", int)
"""The place of a chain in the order in which chains began, from 0, without gaps."""


@dataclass(frozen=True, slots=True)
class Head:
    """The one row that every append locks first. ``size`` 0 is a log that was not founded yet.

    ``tree`` is the latest committed tree head; ``frontier`` has its size and root. ``rules_entry`` is the last entry
    that can change a decision, ``policy_entry`` the policy in force, ``next_page`` the first entry that no page covers,
    ``chain_count`` the number of chains.
    """

    tree: TreeHead
    frontier: Frontier
    rules_entry: int
    policy_entry: int
    next_page: int
    chain_count: int


@frozen
class Entry:
    """One entry of the log, append-only. ``decision`` is the encoded decision record."""

    number: EntryNumber
    statement_hash: StatementHash
    duplicate_key: DuplicateKey
    chain_number: ChainNumber
    sequence: int
    chain_hash: ChainHash
    decision: bytes

    @property
    def decision_digest(self) -> bytes:
        """What chain hashes and pages commit to."""
        return decision_digest(self.decision)


@frozen
class Content:
    """What can be erased of an entry while its leaf stays: the statement's bytes, and evidence that came with it."""

    number: EntryNumber
    statement: bytes
    visibility: Visibility
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """What is kept of an entry to repeat its decision; ``content`` is None where it is erased."""

    number: EntryNumber
    statement_hash: StatementHash
    decision: bytes
    content: Content | None


@frozen
class ChainHead:
    """A chain as its last entry left it. ``visibility`` is the narrowest among its entries."""

    number: ChainNumber
    chain_id: ChainId
    length: int
    chain_hash: ChainHash
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class EventRow:
    """What an entry of a profile says, as far as it is looked up; all of it follows from the statement and its place.

    ``sequence`` is the place in the chain, ``writer_sequence`` the writer's own counter. ``landmark``: it changes what
    may follow in its chain. ``by_party``: its writer takes part in the engagement in the role it writes in. ``writer``,
    ``event_key`` and ``session_key`` are SHA-256 of issuer, event id and session.
    """

    number: EntryNumber
    chain_number: ChainNumber
    sequence: int
    kind: str
    landmark: bool
    by_party: bool
    writer: bytes
    writer_sequence: int
    event_key: bytes
    session_key: bytes


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """That entry ``number`` refers to entry ``target``, which is before it in its chain, at that place of its list."""

    number: EntryNumber
    position: int
    target: EntryNumber
    relation: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: its number, its chain, and its place there."""

    number: EntryNumber
    chain_number: ChainNumber
    sequence: int


@dataclass(frozen=True, slots=True)
class Landmark:
    """An event that changes what may follow in its chain, with the bytes of its statement; None when erased."""

    chain_number: ChainNumber
    sequence: int
    number: EntryNumber
    statement: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one transaction writes. ``head`` replaces the head row; all else is added, ``chains`` by chain id."""

    entries: tuple[Entry, ...]
    contents: tuple[Content, ...]
    chains: tuple[ChainHead, ...]
    tiles: tuple[Tile, ...]
    head: Head
    signature: HeadSignature
    events: tuple[EventRow, ...] = ()
    references: tuple[ReferenceRow, ...] = ()


@frozen
class Registered:
    """Which entry holds a duplicate key."""

    number: EntryNumber
    statement_hash: StatementHash


@dataclass(frozen=True, slots=True)
class Prior:
    """What the log already holds of what a batch is about, and the tree head that was asked for with it."""

    registered: Mapping[DuplicateKey, Registered]
    chains: Mapping[ChainId, ChainHead]
    tree_head: TreeHead | None
