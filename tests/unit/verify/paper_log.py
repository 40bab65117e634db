"""A log on paper: the pure functions of the tree and the receipts, without store or clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.log.founding import genesis_of, sign_own_statement
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import inclusion_path
from counterfoil.merkle.tree import NodeId, root_of
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.receipt.tree_head import TreeHead, sign_head
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, KeyPurpose
from counterfoil.statement.identity import LogIdentity, parse_origin
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import ORIGIN, START, sign_statement


@dataclass
class PaperLog:
    """A log of ``statements``; entry 1 is the genesis statement where ``found`` made it."""

    signers: dict[KeyPurpose, LocalSigner] = field(
        default_factory=lambda: {
            purpose: generate_private_key("EdDSA" if purpose is KeyPurpose.CHECKPOINT else "ES256")
            for purpose in KeyPurpose
        },
    )
    identity: LogIdentity = field(default_factory=lambda: parse_origin(ORIGIN))
    statements: list[bytes] = field(default_factory=list)

    @property
    def receipt_key(self) -> LocalSigner:
        return self.signers[KeyPurpose.RECEIPT]

    def found(self) -> "PaperLog":
        payload = genesis_of(self.identity, self.signers).encode()
        operator = self.signers[KeyPurpose.OPERATOR]
        subject = self.identity.policy_subject
        self.statements.append(sign_statement(operator, issuer=self.identity.issuer))
        self.statements.append(
            sign_own_statement(operator, self.identity, subject, GENESIS_CONTENT_TYPE, payload, START),
        )
        return self

    def root(self, size: int | None = None) -> NodeHash:
        leaves = [statement_leaf(parse_signed_statement(data).hash) for data in self.statements[:size]]
        return root_of(leaves)

    def receipt(self, index: int, size: int | None = None) -> bytes:
        total = TreeSize(len(self.statements) if size is None else size)
        return self._signed(total).inclusion_receipt(index, inclusion_path(LeafIndex(index), total, self._nodes))

    def consistency_path(self, old: int, new: int) -> tuple[NodeHash, ...]:
        return consistency_path(TreeSize(old), TreeSize(new), self._nodes)

    def consistency_receipt(self, old: int, new: int) -> bytes:
        return self._signed(TreeSize(new)).consistency_receipt(old, self.consistency_path(old, new))

    def transparent(self, index: int, *receipts: bytes) -> bytes:
        encoded = parse_signed_statement(self.statements[index]).encoded
        return attach_receipts(encoded, list(receipts) or [self.receipt(index)])

    def checkpoint(self, size: int | None = None, root: NodeHash | None = None) -> bytes:
        total = TreeSize(len(self.statements) if size is None else size)
        note = Checkpoint(self.identity.origin, total, self.root(total) if root is None else root)
        return sign_checkpoint(self.signers[KeyPurpose.CHECKPOINT], note).encode()

    def _signed(self, size: TreeSize) -> SignedHead:
        head = TreeHead(size, self.root(size), START)
        signature = sign_head(self.receipt_key, self.identity, head)
        return SignedHead(self.identity, head, self.receipt_key.public_key, signature)

    def _nodes(self, nodes: Sequence[NodeId]) -> list[NodeHash]:
        leaves = [statement_leaf(parse_signed_statement(data).hash) for data in self.statements]
        return [root_of(leaves[node.place << node.level : (node.place + 1) << node.level]) for node in nodes]
