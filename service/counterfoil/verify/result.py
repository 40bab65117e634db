"""What a verification established, and in plain sentences what it did not."""

from dataclasses import dataclass
from typing import TypeAlias

from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.statement.signed_statement import StatementHash


@dataclass(frozen=True, slots=True)
class SignatureChecked:
    """The issuer's signature verifies with the key of that thumbprint, which the verifier supplied."""

    key_thumbprint: bytes


@dataclass(frozen=True, slots=True)
class SignatureNotChecked:
    """Nobody looked at the issuer's signature here: no key of the issuer's was supplied."""


IssuerSignature: TypeAlias = SignatureChecked | SignatureNotChecked


@dataclass(frozen=True, slots=True)
class VouchedBy:
    """A later tree that a trusted key signed, and that continues the one which a compromised key signed."""

    tree_size: TreeSize
    root: NodeHash
    head_time: int | None
    key_thumbprint: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What one receipt shows: the log that holds the key signed a tree with ``root``, and the entry is in that tree.

    ``head_time`` is when the log says it committed that tree, in seconds since 1970: the entry was registered by then.
    ``tree_size`` and ``leaf_index`` are what the receipt states, and the path to the root bears them out. Where
    ``place_is_signed`` is false the signature covers the root alone (RFC 9942), and other pairs can go with one path.

    Where the key is compromised, ``vouched_by`` is what the belief rests on, and ``head_time`` is that tree's.
    """

    log_issuer: str | None
    log_name: str | None
    tree_size: TreeSize
    leaf_index: int
    place_is_signed: bool
    root: NodeHash
    head_time: int | None
    key_thumbprint: bytes
    vouched_by: VouchedBy | None = None


@dataclass(frozen=True, slots=True)
class ReceiptNotChecked:
    """A receipt that nothing was concluded from: its place in header 394, from 0, and why."""

    position: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry of which only the hash is known is on the log."""

    entry_id: StatementHash
    inclusion: Inclusion
    issuer_signature: SignatureNotChecked
    not_established: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement is on every log whose receipt was checked.

    ``claimed_issuer`` and ``claimed_subject`` are what the statement says of itself. ``inclusions`` has one member for
    each receipt that was checked, and all of those hold.
    """

    entry_id: StatementHash
    claimed_issuer: str | None
    claimed_subject: str | None
    inclusions: tuple[Inclusion, ...]
    receipts_not_checked: tuple[ReceiptNotChecked, ...]
    issuer_signature: IssuerSignature
    not_established: tuple[str, ...]

    @property
    def inclusion(self) -> Inclusion:
        """The first of the inclusions: the only one where a single receipt was verified."""
        return self.inclusions[0]


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """The log's checkpoint key signed this tree under the log's name."""

    origin: str
    size: TreeSize
    root: NodeHash
    key_thumbprint: bytes
    not_established: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedConsistency:
    """The tree with ``new_root`` continues the one with ``old_root``: nothing before ``old_size`` was changed.

    ``log_issuer``, ``log_name``, ``head_time`` and ``key_thumbprint`` are those of the receipt; None where two
    checkpoints were compared. Where ``size_is_signed`` is false, the log signed the root alone.
    """

    old_size: TreeSize
    old_root: NodeHash
    new_size: TreeSize
    new_root: NodeHash
    log_issuer: str | None
    log_name: str | None
    head_time: int | None
    key_thumbprint: bytes | None
    size_is_signed: bool
    not_established: tuple[str, ...]
