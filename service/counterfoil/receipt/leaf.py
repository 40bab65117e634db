"""What a leaf of this log's tree hashes."""

from counterfoil.merkle.hashing import LeafHash, leaf_hash
from counterfoil.statement.signed_statement import StatementHash


def statement_leaf(statement_hash: StatementHash) -> LeafHash:
    """The leaf of a statement: SHA-256(0x00 || statement hash).

    The tree thereby holds no content, and a stranger needs only the statement's bytes to compute it (RFC 9162, 2.1.1).
    """
    return leaf_hash(statement_hash)
