"""What came with a statement outside its signature and was kept to repeat the decision."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.encoding.cbor import Limits, decode, encode
from counterfoil.errors import MalformedCborError
from counterfoil.statement.signed_statement import SignedStatement

X5CHAIN: Final = "x5chain"
"""Certificates from the unprotected header, leaf first, as a CBOR array of byte strings (RFC 9360)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its kind and its bytes."""

    kind: str
    content: bytes

    def encode(self) -> bytes:
        """The CBOR array [kind, content], whose SHA-256 is what the decision record commits to."""
        return encode([self.kind, self.content])


def carried_evidence(statement: SignedStatement) -> Evidence | None:
    """The certificates that stood in the header which the log empties; None when there were none."""
    if not statement.carried_x5chain:
        return None
    return Evidence(X5CHAIN, encode(list(statement.carried_x5chain)))


def evidence_digest(evidence: Evidence | None) -> bytes | None:
    """The digest that the decision record commits to, of the evidence as it is encoded."""
    return None if evidence is None else sha256(evidence.encode()).digest()


def parse_evidence(data: bytes) -> Evidence:
    """Read evidence from its encoding, and from no other.

    Raises:
        MalformedError: It is none.
    """
    match decode(data, Limits(max_bytes=len(data))):
        case [str(kind), bytes(content)]:
            evidence = Evidence(kind, content)
        case _:
            raise MalformedCborError("evidence is not an array of a kind and a byte string")
    if evidence.encode() != data:
        raise MalformedCborError("evidence is not in deterministic encoding")
    return evidence


def carried_certificates(evidence: Evidence) -> tuple[bytes, ...]:
    """The certificates that a piece of evidence of kind ``x5chain`` holds, leaf first.

    Raises:
        MalformedError: It is not a list of certificates in the one encoding this log writes.
    """
    encoded = evidence.content
    value = decode(encoded, Limits(max_bytes=len(encoded)))
    items = value if isinstance(value, tuple) else ()
    certificates = tuple(item for item in items if isinstance(item, bytes))
    if not certificates or encode(certificates) != encoded:
        raise MalformedCborError("not an array of byte strings in deterministic encoding")
    return certificates
