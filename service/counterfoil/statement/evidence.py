"""What came with a statement outside its signature and was kept to repeat the decision."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.encoding.cbor import encode
from counterfoil.statement.signed_statement import SignedStatement

X5CHAIN: Final = "x5chain"
"""Certificates from the unprotected header, leaf first, as a CBOR array of byte strings (RFC 9360)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its kind and its bytes."""

    kind: str
    content: bytes


def carried_evidence(statement: SignedStatement) -> Evidence | None:
    """The certificates that stood in the header which the log empties; None when there were none."""
    if not statement.carried_x5chain:
        return None
    return Evidence(X5CHAIN, encode(list(statement.carried_x5chain)))


def evidence_digest(evidence: Evidence | None) -> bytes | None:
    """The digest that the decision record commits to: SHA-256 of the CBOR array [kind, content]."""
    return None if evidence is None else sha256(encode([evidence.kind, evidence.content])).digest()
