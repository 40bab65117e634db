"""What the log stores, row by row."""

from dataclasses import dataclass
from typing import NewType

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Content:
    """What can be erased of an entry while its leaf stays: the statement's bytes, and evidence that came with it."""

    number: EntryNumber
    statement: bytes
    visibility: Visibility
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A chain as its last entry left it. ``visibility`` is the narrowest among its entries."""

    number: ChainNumber
    chain_id: ChainId
    length: int
    chain_hash: ChainHash
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one transaction writes. ``head`` replaces the head row; all else is added, ``chains`` by chain id."""

    entries: tuple[Entry, ...]
    contents: tuple[Content, ...]
    chains: tuple[ChainHead, ...]
    tiles: tuple[Tile, ...]
    head: Head
    signature: HeadSignature


@dataclass(frozen=True, slots=True)
class Registered:
    """Which entry holds a duplicate key."""

    number: EntryNumber
    statement_hash: StatementHash
