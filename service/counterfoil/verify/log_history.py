"""What a log has said of its keys since its beginning, read from its own chain of policies and verified with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import ChainInvalidError, IssuerMismatchError, MalformedReceiptError, TooLargeError
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.policy.rules import Rules
from counterfoil.policy.succession import rules_of_history
from counterfoil.receipt.chain_head import verify_chain_head
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import TransparentStatement, parse_transparent_statement
from counterfoil.statement.decision_record import decision_digest, parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose, parse_genesis
from counterfoil.statement.links import chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.verify.genesis import VerifiedGenesis, verify_genesis
from counterfoil.verify.log_keys import LogKey, LogKeys
from counterfoil.verify.receipts import verify_receipt_for_entry
from counterfoil.verify.result import Inclusion

MAX_HISTORY_BYTES: Final = 64 * 1024 * 1024
"""A policy of a thousand issuers is half a megabyte, and a log has few of those in its life."""

MAX_HISTORY_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class VerifiedHistory:
    """What a log has said of its keys: which of its receipt keys are trusted, at which sizes, and which compromised.

    ``entries`` are those it was read from, by number and entry id, in a tree of that size and root; what the log has
    said since, or what was left out at the end, is not known. ``rules`` are those that all of them lead to, None where
    the genesis statement alone was given. That it is the right log's rests on where its genesis statement came from.
    """

    genesis: Genesis
    log_keys: LogKeys
    entries: tuple[tuple[int, StatementHash], ...]
    tree_size: TreeSize
    root: NodeHash
    rules: Rules | None = None

    def require_continued_by(self, later: "VerifiedHistory") -> None:
        """Check that another history is of the same log and leaves out nothing that this one knows.

        Raises:
            IssuerMismatchError: It is of another log, or of one with other first keys.
            ChainInvalidError: It lacks an entry, or has another one in its place.
        """
        if later.genesis != self.genesis:
            raise IssuerMismatchError("the history is of another log than the pinned one")
        for number, entry_id in sorted(set(self.entries) - set(later.entries)):
            raise ChainInvalidError(f"the history lacks entry {number}, {entry_id.hex()}, which was known before")


def parse_history(data: bytes) -> tuple[TransparentStatement, ...]:
    """Read a history file: Transparent Statements one after another. Nothing is verified.

    Raises:
        MalformedError: It is none.

    Spec: RFC 8742; RFC 9943, section 7.
    """
    if len(data) > MAX_HISTORY_BYTES:
        raise TooLargeError(f"{len(data)} bytes of history where {MAX_HISTORY_BYTES} are read")
    return tuple(parse_transparent_statement(item) for item in split_sequence(data, MAX_HISTORY_ENTRIES))


def verify_history(data: bytes, genesis: Genesis | None = None) -> VerifiedHistory:
    """Check a history file: a log's whole chain of policies, its genesis statement included, each with its receipt.

    A genesis statement alone is one, too. ``genesis`` is what the verifier has pinned; without it the one in the file
    is believed, which anybody can make for keys of their own.

    Raises:
        IssuerMismatchError: It is of another log than the pinned one.
        ChainInvalidError: The entries are not a chain of policies, or not as the log would have admitted them.
        UnverifiedError, MalformedError: A signature or a receipt does not hold, or something cannot be read.
    """
    items = parse_history(data)
    if len(items) == 1:
        return _require_pinned(_of_genesis(verify_genesis(data)), genesis)
    return _require_pinned(verify_history_entries(items), genesis)


def verify_history_entries(items: Sequence[TransparentStatement]) -> VerifiedHistory:
    """Check the entries of a history; errors as for ``verify_history``."""
    numbers = [_claimed_number(item) for item in items]
    genesis = _genesis_of(dict(zip(numbers, items, strict=True)))
    statements = [item.statement for item in items]
    rules = rules_of_history(zip(numbers, statements, strict=True), genesis)
    log_keys = log_keys_of_rules(rules)
    inclusions = [_verified(item, number, log_keys) for number, item in zip(numbers, items, strict=True)]
    trees = {(inclusion.tree_size, inclusion.root) for inclusion in inclusions}
    if len(trees) != 1:
        raise ChainInvalidError("the receipts of the history are not all of one tree")
    entries = tuple((number, statement.hash) for number, statement in zip(numbers, statements, strict=True))
    return VerifiedHistory(genesis, log_keys, entries, *trees.pop(), rules)


def require_whole_history(history: VerifiedHistory, decisions: Sequence[bytes], chain_head: bytes) -> None:
    """Check that the log's checkpoint key signed that its chain of policies has these entries in that tree, no other.

    ``decisions`` are the decision records of the entries in their order, and ``chain_head`` the signed note.

    Raises:
        ChainInvalidError: The note is about other entries or another tree, or a decision on another entry.
        UnverifiedError, MalformedError: The note or a decision record does not hold.
    """
    identity = history.genesis.identity
    if len(decisions) != len(history.entries):
        raise ChainInvalidError("each entry of the history has one decision record")
    last = empty_chain_hash(identity.origin, identity.policy_subject)
    for (number, entry_id), decision in zip(history.entries, decisions, strict=True):
        if parse_decision_record(decision).number != number:
            raise ChainInvalidError(f"the decision on entry {number} is on another one")
        last = chain_hash(last, entry_id, decision_digest(decision))
    head = verify_chain_head(chain_head, identity.origin, history.genesis.keys[KeyPurpose.CHECKPOINT])
    here = (history.tree_size, history.root, chain_id(identity.policy_subject), len(decisions), last)
    if (head.size, head.root, head.chain_id, head.length, head.chain_hash) != here:
        raise ChainInvalidError("the history is not all that the log says of itself in that tree, as it signed it")


def log_keys_of_rules(rules: Rules) -> LogKeys:
    """The trust in the receipt keys that a log has announced, each for the trees that it can have signed with it."""
    keys = rules.receipt_keys
    trusted = (one for one in keys if one.compromised is None)
    return LogKeys(
        # The batch with an announcement, or a retirement, ends with it: the head over it is by a key still in force.
        tuple(LogKey(one.key, None, one.announced + 1, one.retired) for one in trusted),
        rules.genesis.identity.issuer,
        keys.compromised,
    )


def _of_genesis(verified: VerifiedGenesis) -> VerifiedHistory:
    statement = verified.statement
    entries = ((GENESIS_ENTRY, statement.entry_id),)
    inclusion = statement.inclusion
    return VerifiedHistory(verified.genesis, verified.log_keys, entries, inclusion.tree_size, inclusion.root)


def _require_pinned(history: VerifiedHistory, genesis: Genesis | None) -> VerifiedHistory:
    if genesis is not None and history.genesis != genesis:
        raise IssuerMismatchError("the history is of another log than the pinned one")
    return history


def _genesis_of(items: dict[int, TransparentStatement]) -> Genesis:
    if GENESIS_ENTRY not in items:
        raise ChainInvalidError("the history lacks the genesis statement")
    return parse_genesis(items[GENESIS_ENTRY].statement.message.payload or b"")


def _claimed_number(item: TransparentStatement) -> int:
    if len(item.receipts) != 1:
        raise MalformedReceiptError("an entry of a history has one receipt")
    proofs = parse_receipt(item.receipts[0]).inclusion
    if len(proofs) != 1:
        raise MalformedReceiptError("the receipt of an entry of a history has one proof of inclusion")
    return proofs[0].position


def _verified(item: TransparentStatement, number: int, log_keys: LogKeys) -> Inclusion:
    inclusion = verify_receipt_for_entry(item.statement.hash, item.receipts[0], log_keys).inclusion
    if inclusion.leaf_index != number or not inclusion.place_is_signed:
        raise ChainInvalidError(f"the receipt does not put the statement at entry {number}")
    return inclusion
