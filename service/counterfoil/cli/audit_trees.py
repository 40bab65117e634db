"""The signed tree that an audit compares with, in a store and over HTTP."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from counterfoil.audit.tree import peaks_from_tiles
from counterfoil.errors import LogCorruptError, RootMismatchError, UnverifiedError
from counterfoil.log.ports import LogReader
from counterfoil.merkle.consistency import consistency_path, root_from_consistency
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.merkle.tiles import tree_nodes
from counterfoil.merkle.tree import cover
from counterfoil.policy.rules import Rules
from counterfoil.receipt.tree_head import TreeHead, verify_head

if TYPE_CHECKING:
    from counterfoil.client import Client
    from counterfoil.verify import VerifiedCheckpoint


class StoredTree:
    """Implements SignedTree over a head of a store that one of the log's receipt keys signed.

    Raises:
        LogCorruptError: There is no signature over it that holds, by a key that is not compromised.
    """

    def __init__(self, store: LogReader, head: TreeHead, rules: Rules) -> None:
        _require_signed(store, head, rules)
        self._store = store
        self.size, self.root = head.size, head.root

    def peaks(self, size: int) -> Sequence[NodeHash]:
        """The perfect subtrees of its first ``size`` entries, as the store has them."""
        return tree_nodes(self.size, self._store)(cover(0, size))

    def require_prefix(self, size: int, root: NodeHash) -> None:
        """As SignedTree has it."""
        reached = root
        if size < self.size:
            path = consistency_path(TreeSize(size), self.size, tree_nodes(self.size, self._store))
            reached = root_from_consistency(TreeSize(size), self.size, root, path)
        _require_same(reached, self.root)


class ServedTree:
    """Implements SignedTree over a checkpoint that a service gave out, verified."""

    def __init__(self, client: "Client", checkpoint: "VerifiedCheckpoint") -> None:
        self._client = client
        self.size, self.root = TreeSize(checkpoint.size), NodeHash(checkpoint.root)

    def peaks(self, size: int) -> Sequence[NodeHash]:
        """The perfect subtrees of its first ``size`` entries, computed from the tiles; errors as for ``Client``."""
        return peaks_from_tiles(size, self._client.tile)

    def require_prefix(self, size: int, root: NodeHash) -> None:
        """As SignedTree has it; errors as for ``Client`` besides."""
        reached = root
        if size < self.size:
            reached = NodeHash(self._client.consistency(size, root, self.size)[1].new_root)
        _require_same(reached, self.root)


def _require_signed(store: LogReader, head: TreeHead, rules: Rules) -> None:
    for signature in store.signatures(head.size):
        known = rules.receipt_keys.find(signature.key_thumbprint)
        if known is not None and known.compromised is None:
            try:
                return verify_head(rules.genesis.identity, known.key, head, signature.signature)
            except UnverifiedError as error:
                raise LogCorruptError(f"the signature of the tree head at size {head.size} does not hold") from error
    raise LogCorruptError(f"the tree head at size {head.size} is signed by no receipt key of the log")


def _require_same(reached: bytes, signed: bytes) -> None:
    if reached != signed:
        raise RootMismatchError(f"they lead to the root {reached.hex()}, and the log signed {signed.hex()}")
