"""One entry as a log gives it out for an audit: an item of a CBOR sequence."""

from collections.abc import Iterator
from typing import Final

from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.encoding.cbor_sequence import sequence_items
from counterfoil.errors import MalformedEntryError
from counterfoil.frozen import frozen
from counterfoil.log.records import KeptEntry
from counterfoil.merkle.bounds import is_hash, is_tree_number
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.signed_statement import StatementHash

MAX_ENTRIES: Final = 1000
"""Items of one answer: some megabytes of statements of a usual size."""


@frozen
class AuditedEntry:
    """An entry with everything that its decision was made by.

    ``decision`` is the encoded record, None where who asks may not read the entry: then number, statement hash and the
    digest of that record are all there is. ``statement`` is None too where its bytes are not stored.
    """

    number: int
    statement_hash: StatementHash
    decision: bytes | None
    statement: bytes | None = None
    evidence: Evidence | None = None
    listed_digest: bytes | None = None

    @property
    def is_withheld(self) -> bool:
        """Whether who asked may not read it."""
        return self.decision is None

    @property
    def decision_digest(self) -> bytes:
        """What pages commit to: the digest of the record, or the one that is listed in its stead."""
        return (self.listed_digest or b"") if self.decision is None else decision_digest(self.decision)

    def encode(self) -> bytes:
        """The item: number, statement hash, record, statement, evidence as kind and bytes, digest; null for None."""
        evidence = None if self.evidence is None else (self.evidence.kind, self.evidence.content)
        known = self.decision, self.statement, evidence, self.listed_digest
        return encode((self.number, self.statement_hash, *known))


def audited(kept: KeptEntry) -> AuditedEntry:
    """An entry of a store for who may read it."""
    content = kept.content
    if content is None:
        return AuditedEntry(kept.number, kept.statement_hash, kept.decision)
    return AuditedEntry(kept.number, kept.statement_hash, kept.decision, content.statement, content.evidence)


def withheld(kept: KeptEntry) -> AuditedEntry:
    """An entry of a store for who may not read it."""
    return AuditedEntry(kept.number, kept.statement_hash, None, listed_digest=decision_digest(kept.decision))


def parse_audited(data: bytes) -> Iterator[AuditedEntry]:
    """Read the entries of a sequence, which is empty where there are none; their order is not looked at.

    Raises:
        MalformedError: It is no sequence of up to 1000 such entries, each in deterministic encoding.

    Spec: RFC 8742; RFC 8949, section 4.2.1.
    """
    for item in sequence_items(data, MAX_ENTRIES) if data else ():
        entry = _entry(decode(item, Limits(len(item))))
        if entry.encode() != item:
            raise MalformedEntryError("the entry is not in deterministic encoding")
        yield entry


def _entry(value: CborValue) -> AuditedEntry:
    match value:
        case (int(number), bytes(name), bytes(decision), (bytes() | None) as statement, evidence, None) if (
            is_tree_number(number) and is_hash(name)
        ):
            return AuditedEntry(int(number), StatementHash(name), decision, statement, _evidence(evidence))
        case (int(number), bytes(name), None, None, None, bytes(digest)) if (
            is_tree_number(number) and is_hash(name) and is_hash(digest)
        ):
            return AuditedEntry(int(number), StatementHash(name), None, listed_digest=digest)
        case _:
            raise MalformedEntryError("the item is not an entry for an audit")


def _evidence(value: CborValue) -> Evidence | None:
    match value:
        case None:
            return None
        case (str(kind), bytes(content)):
            return Evidence(kind, content)
        case _:
            raise MalformedEntryError("the evidence of an entry is not its kind and its bytes")
