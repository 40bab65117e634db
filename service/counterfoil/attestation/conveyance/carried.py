"""Evidence that a statement carries: in a protected header, or as the payload of an enrolment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.azure.attested_service import parse_attested_service
from counterfoil.attestation.conveyance.challenge import MAX_CHALLENGE_BYTES
from counterfoil.attestation.evidence import MAX_COMPOSITE_BYTES, Evidence, parse_evidence_bundle
from counterfoil.cose import labels
from counterfoil.cose.cose_key import MAX_COSE_KEY_BYTES, encode_cose_key, parse_cose_key
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.errors import EvidenceMismatchError, MalformedEvidenceError
from counterfoil.statement.signed_statement import SignedStatement

ENROLMENT_CONTENT_TYPE: Final = "application/vnd.counterfoil.enrolment+cbor"
MAX_CARRIED_BYTES: Final = MAX_COMPOSITE_BYTES + MAX_CHALLENGE_BYTES + MAX_COSE_KEY_BYTES + 64
_EVIDENCE: Final = "evidence"
_KEY: Final = "key"
_CHALLENGE: Final = "challenge"
_MEMBERS: Final = frozenset({_EVIDENCE, _KEY, _CHALLENGE})


@dataclass(frozen=True, slots=True)
class Carried:
    """Evidence, the key that it is said to bind where the policy need not know it, and the challenge it answers."""

    evidence: Evidence
    key: PublicKey | None = None
    challenge: bytes | None = None

    def encode(self) -> bytes:
        """The CBOR map of its members, deterministic: the payload of an enrolment, or the value of the header."""
        members: dict[int | str, CborValue] = {_EVIDENCE: self.evidence.encode()}
        if self.key is not None:
            members[_KEY] = encode_cose_key(self.key)
        if self.challenge is not None:
            members[_CHALLENGE] = self.challenge
        return encode(members)


def carries_attestation(statement: SignedStatement) -> bool:
    """Whether there is evidence in a statement that has to be judged; nothing of it is read."""
    protected = statement.message.protected
    return (
        statement.content_type == ENROLMENT_CONTENT_TYPE
        or labels.ATTESTATION in protected
        or labels.ATTESTED_SERVICE in protected
    )


def carried_attestation(statement: SignedStatement) -> Carried | None:
    """The evidence that a statement carries; None where there is none. Nothing of it is verified here.

    Raises:
        MalformedError: It cannot be read, or there is more than one.
        EvidenceMismatchError: It is of an attested service, and the issuer is none of its own.
    """
    protected = statement.message.protected
    if statement.content_type == ENROLMENT_CONTENT_TYPE:
        if labels.ATTESTATION in protected or labels.ATTESTED_SERVICE in protected:
            raise MalformedEvidenceError("an enrolment carries its evidence in its payload and nowhere else")
        return parse_carried(statement.message.payload or b"")
    if labels.ATTESTED_SERVICE in protected:
        return _of_service(statement)
    own = protected.get(labels.ATTESTATION)
    if own is None:
        return None
    if not isinstance(own, bytes):
        raise MalformedEvidenceError(f"the header {labels.ATTESTATION} is not a byte string")
    carried = parse_carried(own)
    if carried.challenge is not None:
        raise MalformedEvidenceError("a challenge is answered by an enrolment alone")
    return carried


def _of_service(statement: SignedStatement) -> Carried:
    protected, issuer = statement.message.protected, statement.claims.issuer or ""
    if labels.ATTESTATION in protected:
        raise MalformedEvidenceError("a statement carries evidence once")
    read = parse_attested_service(protected[labels.ATTESTED_SERVICE])
    if not read.speaks_for(issuer):
        raise EvidenceMismatchError("the issuer is none of the attested service's")
    if protected.get(labels.CRIT) != (labels.ATTESTED_SERVICE,):
        raise MalformedEvidenceError(f"crit (2) names {labels.ATTESTED_SERVICE} and nothing else")
    return Carried(read.evidence, read.key)


def parse_carried(data: bytes) -> Carried:
    """Read evidence with its key and challenge from its encoding, and from no other.

    Raises:
        MalformedError: It is none.
    """
    value = decode(data, Limits(max_bytes=MAX_CARRIED_BYTES))
    if not isinstance(value, Mapping) or not {_EVIDENCE} <= set(value) <= _MEMBERS:
        raise MalformedEvidenceError("not a map of evidence, and of a key and a challenge where there are any")
    parts = {name: part for name, part in value.items() if isinstance(part, bytes)}
    if len(parts) != len(value):
        raise MalformedEvidenceError("evidence, key and challenge are byte strings")
    key = parse_cose_key(parts[_KEY]) if _KEY in parts else None
    carried = Carried(parse_evidence_bundle(parts[_EVIDENCE]), key, parts.get(_CHALLENGE))
    if carried.encode() != data:
        raise MalformedEvidenceError("the evidence is not in deterministic encoding")
    return carried
