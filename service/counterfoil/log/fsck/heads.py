"""Tree heads: their order, their roots, their times and their signatures."""

from counterfoil.cose.keys import PublicKey
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.cose.verify_signature import normalise_signature
from counterfoil.errors import CounterfoilError
from counterfoil.log.fsck.finding import Findings
from counterfoil.log.fsck.reads import Reads
from counterfoil.log.records import Head
from counterfoil.merkle.tree import Frontier
from counterfoil.policy.receipt_keys import ReceiptKeys
from counterfoil.receipt.tree_head import HeadSignature, TreeHead, verify_head
from counterfoil.statement.genesis import Genesis

FOUNDING_SIZE = 2
"""The policy and the genesis statement are committed at once."""


class HeadCheck:
    """Takes the tree heads in the order of their sizes."""

    def __init__(self, reads: Reads, findings: Findings, genesis: Genesis | None) -> None:
        self._reads = reads
        self._findings = findings
        self._genesis = genesis
        self._sizes: set[int] = set()
        self.last: TreeHead | None = None

    def close(self, head: TreeHead, frontier: Frontier | None, keys: ReceiptKeys | None) -> None:
        """Check a head against the head before it and against the tree of all entries it covers.

        ``frontier`` is that of the entries up to the head's size, ``keys`` are the receipt keys that they leave; None
        for what cannot be recomputed.
        """
        where = f"tree head {head.size}"
        if self.last is None:
            self._findings.differ(where, "size of the first head", head.size, FOUNDING_SIZE)
        else:
            self._follows(where, self.last, head)
        if frontier is not None:
            self._findings.differ(where, "size by the entries it covers", head.size, frontier.size)
            self._findings.differ(where, "root", head.root, frontier.root())
        self._check_signatures(where, head, keys)
        self._sizes.add(head.size)
        self.last = head

    def finish(self, row: Head | None) -> int:
        """Check that the head row repeats the last head and that no signature is of another; how many heads."""
        if self.last is None:
            self._findings.add("tree heads", "there is none")
        elif row is not None:
            self._findings.differ("head row", "size", row.tree.size, self.last.size)
            self._findings.differ("head row", "root", row.tree.root, self.last.root)
            self._findings.differ("head row", "time", row.tree.time, self.last.time)
        for signature in self._reads.attempt("head signatures as a whole", self._reads.scan.all_signatures, ()):
            if signature.size not in self._sizes:
                self._findings.add(f"head signature {signature.size}", "no tree head of that size is stored")
        return len(self._sizes)

    def _follows(self, where: str, last: TreeHead, head: TreeHead) -> None:
        if head.size <= last.size:
            self._findings.add(where, f"its size is not larger than {last.size}, that of the head before it")
        if head.time < last.time:
            self._findings.add(where, f"its time {head.time} is before {last.time}, that of the head before it")

    def _check_signatures(self, where: str, head: TreeHead, keys: ReceiptKeys | None) -> None:
        if self._genesis is None or keys is None:
            return
        stored = self._reads.attempt(f"signatures of {where}", lambda: self._reads.scan.signatures(head.size), None)
        if stored is None:
            return
        for signature in stored:
            own = keys.find(signature.key_thumbprint)
            if own is not None and own.is_in_force:
                self._verify(where, self._genesis, own.key, head, signature)
            else:
                thumbprint = signature.key_thumbprint.hex()
                self._findings.add(
                    where, f"is signed by {thumbprint}, which is no receipt key of the log in force there"
                )
        if not any(signature.key_thumbprint in keys.in_force for signature in stored):
            self._findings.add(where, "no receipt key in force there has signed it")

    def _verify(self, where: str, genesis: Genesis, key: PublicKey, head: TreeHead, signature: HeadSignature) -> None:
        self._findings.differ(where, "size by its signature", signature.size, head.size)
        try:
            verify_head(genesis.identity, key, head, signature.signature)
            if normalise_signature(default_algorithm(key), signature.signature) != signature.signature:
                self._findings.add(where, "the signature is the twin of the one that this log makes")
        except CounterfoilError as error:
            self._findings.add(where, f"the signature does not hold: {error.detail}")
