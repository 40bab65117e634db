"""That receipts of a case are, to the byte, what the log issues: what no signature covers in one cannot be changed."""

from counterfoil.case.contents import CaseContents
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import attach_receipts, parse_transparent_statement
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis


def require_as_issued(contents: CaseContents, genesis: Genesis, tree: TreeHead, key: PublicKey) -> None:
    """Check receipts that verify with ``key`` at ``tree`` against those that the log makes of its one signature there.

    Raises:
        CaseInvalidError: One is spelled otherwise, holds more, or has another signature than the others.
        MalformedError: One cannot be read.
    """
    statement = parse_transparent_statement(contents.genesis)
    own = statement.receipts[0]
    signature = parse_receipt(own).message.signature
    signed = SignedHead(genesis.identity, tree, key, HeadSignature(tree.size, key.thumbprint, signature))
    for number, receipt in (
        (GENESIS_ENTRY, own),
        *((one.number, one.receipt) for one in contents.exhibits),
        *((one.number, one.receipt) for one in contents.policies),
        *((one.number, one.receipt) for one in (*contents.enrolments, *contents.announcements.entries)),
    ):
        proofs = parse_receipt(receipt).inclusion
        if len(proofs) != 1 or signed.inclusion_receipt(number, proofs[0].path) != receipt:
            raise CaseInvalidError(f"the receipt of entry {number} is not as the log issues it")
    if attach_receipts(statement.statement.encoded, [own]) != contents.genesis:
        raise CaseInvalidError("the genesis statement is not as the log gives it out")
