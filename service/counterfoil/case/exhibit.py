"""One entry of an engagement, as raw as the log has it."""

from dataclasses import dataclass

from counterfoil.statement.links import ChainHash
from counterfoil.statement.signed_statement import StatementHash


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An entry's place, bytes and receipt. ``statement`` is None when it was erased; then its hash alone is left.

    ``evidence`` is what came beside the statement, as its digest is made of it; None where nothing did.
    """

    number: int
    sequence: int
    entry_id: StatementHash
    chain_hash: ChainHash
    statement: bytes | None
    decision: bytes
    receipt: bytes
    evidence: bytes | None = None
