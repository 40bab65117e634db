"""Receipts of committed entries, made again from what the log stores."""

from collections.abc import Callable
from dataclasses import dataclass

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import LogCorruptError, MalformedParameterError, SizeNotCommittedError
from counterfoil.log.ports import LogReader
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import inclusion_path
from counterfoil.merkle.tiles import kept_nodes, tree_nodes
from counterfoil.policy.receipt_keys import ReceiptKeys
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.identity import LogIdentity


@dataclass(frozen=True, slots=True)
class ReceiptSource:
    """Makes receipts from committed heads and their stored signatures; it signs nothing itself.

    ``keys`` gives the receipt keys as the log has them now. No receipt is made of a signature by a compromised one.
    Every method may raise LogCorruptError when the store disagrees with itself.
    """

    reader: LogReader
    identity: LogIdentity
    keys: Callable[[], ReceiptKeys]

    def stable(self, number: int) -> bytes:
        """The receipt of an entry at the head of its own batch: the same bytes for ever.

        Where the key that signed that head is compromised, it is issued again at the head of the batch that said so,
        which another key signed.
        """
        keys, over = self.keys(), number
        for _ in range(len(keys.keys)):
            head = self.reader.tree_head_over(over)
            if head is None:
                raise LogCorruptError(f"no tree head covers entry {over}")
            compromised = self._compromised(head, keys)
            if compromised is None:
                return self._inclusion(number, head)
            over = compromised
        raise LogCorruptError(f"every receipt key that signed over entry {number} is compromised")

    def fresh(self, number: int) -> bytes:
        """The receipt of an entry at the latest committed head."""
        return self._inclusion(number, self.latest())

    def at(self, number: int, size: int) -> bytes:
        """The receipt of an entry at a committed size.

        Raises:
            MalformedParameterError: A tree of that size does not reach the entry.
            SizeNotCommittedError: No head was committed at that size, or the key that signed it is compromised.
        """
        if size <= number:
            raise MalformedParameterError(f"a tree of {size} entries does not hold entry {number}")
        head = self.reader.tree_head(size)
        if head is None:
            raise SizeNotCommittedError(f"no tree head was committed at size {size}")
        return self._inclusion(number, head)

    def all_at(self, size: int) -> Callable[[int], bytes]:
        """Receipts of any number of entries at one committed size, by number; what they share is read once.

        Raises:
            SizeNotCommittedError: No head was committed at that size, or the key that signed it is compromised.
        """
        head = self.reader.tree_head(size)
        if head is None:
            raise SizeNotCommittedError(f"no tree head was committed at size {size}")
        signed, nodes = self._signed(head), kept_nodes(tree_nodes(head.size, self.reader))

        def receipt(number: int) -> bytes:
            return signed.inclusion_receipt(number, inclusion_path(LeafIndex(number), head.size, nodes))

        return receipt

    def key_at(self, size: int) -> PublicKey:
        """The key that receipts at a committed size are by.

        Raises:
            SizeNotCommittedError: No head was committed at that size, or the key that signed it is compromised.
        """
        head = self.reader.tree_head(size)
        if head is None:
            raise SizeNotCommittedError(f"no tree head was committed at size {size}")
        return self._signed(head).key

    def latest(self) -> TreeHead:
        """The latest committed tree head."""
        head = self.reader.head()
        if head is None:
            raise LogCorruptError("the store holds no log any more")
        return head.tree

    def consistency_path(self, first: int, second: int) -> tuple[NodeHash, ...]:
        """The proof that the tree of size ``first`` is a prefix of the committed one of size ``second``.

        Raises:
            MalformedParameterError: Not 1 <= first < second.
            SizeNotCommittedError: No head was committed at ``second``, or the key that signed it is compromised.
        """
        self._committed(first, second)
        return consistency_path(TreeSize(first), TreeSize(second), tree_nodes(TreeSize(second), self.reader))

    def consistency(self, first: int, second: int) -> bytes:
        """That proof as a COSE receipt (RFC 9942, section 5.3); errors as for the path."""
        signed = self._signed(self._committed(first, second))
        return signed.consistency_receipt(first, self.consistency_path(first, second))

    def _committed(self, first: int, second: int) -> TreeHead:
        if not 1 <= first < second:
            raise MalformedParameterError("a consistency proof goes from a size of at least 1 to a larger one")
        head = self.reader.tree_head(second)
        if head is None:
            raise SizeNotCommittedError(f"no tree head was committed at size {second}")
        return head

    def _inclusion(self, number: int, head: TreeHead) -> bytes:
        path = inclusion_path(LeafIndex(number), head.size, tree_nodes(head.size, self.reader))
        return self._signed(head).inclusion_receipt(number, path)

    def _signed(self, head: TreeHead) -> SignedHead:
        keys = self.keys()
        for signature in self.reader.signatures(head.size):
            found = keys.find(signature.key_thumbprint)
            if found is not None and found.compromised is None:
                return SignedHead(self.identity, head, found.key, signature)
        if (entry := self._compromised(head, keys)) is not None:
            raise SizeNotCommittedError(
                f"the key that signed the head at size {head.size} is compromised; ask at a size of over {entry}"
            )
        raise LogCorruptError(f"the tree head at size {head.size} is not signed by a receipt key")

    def _compromised(self, head: TreeHead, keys: ReceiptKeys) -> int | None:
        """The entry that says that the key which signed a head is compromised; None where a believed one signed it."""
        signed_by = [keys.find(signature.key_thumbprint) for signature in self.reader.signatures(head.size)]
        known = [one for one in signed_by if one is not None]
        if not known or any(one.compromised is None for one in known):
            return None
        return max(one.compromised for one in known if one.compromised is not None)
