"""One entry as a log gives it out for an audit: an item of a CBOR sequence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.encoding.cbor_sequence import sequence_items
from counterfoil.errors import MalformedEntryError
from counterfoil.log.records import Content, Entry
from counterfoil.merkle.bounds import is_hash, is_tree_number
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.signed_statement import StatementHash

MAX_ENTRIES: Final = 1000
"""Items of one answer: some megabytes of statements of a usual size."""


@dataclass(frozen=True, slots=True)
class AuditedEntry:
    """An entry with everything that its decision was made by.

    ``decision`` is the encoded record, None where who asks may not read the entry: then number, statement hash and
    decision digest are all there is. ``statement`` is None too where its bytes are not stored.
    """

    number: int
    statement_hash: StatementHash
    decision_digest: bytes
    decision: bytes | None = None
    statement: bytes | None = None
    evidence: Evidence | None = None

    @property
    def is_withheld(self) -> bool:
        """Whether who asked may not read it."""
        return self.decision is None

    def encode(self) -> bytes:
        """The item: [number, statement hash, decision digest, decision, statement, [kind, evidence]]; null for None."""
        evidence = None if self.evidence is None else (self.evidence.kind, self.evidence.content)
        return encode((self.number, self.statement_hash, self.decision_digest, self.decision, self.statement, evidence))


def audited(entry: Entry, content: Content | None) -> AuditedEntry:
    """An entry of a store for who may read it; ``content`` is None where its statement is not stored."""
    return AuditedEntry(
        number=entry.number,
        statement_hash=entry.statement_hash,
        decision_digest=entry.decision_digest,
        decision=entry.decision,
        statement=None if content is None else content.statement,
        evidence=None if content is None else content.evidence,
    )


def withheld(entry: Entry) -> AuditedEntry:
    """An entry of a store for who may not read it."""
    return AuditedEntry(entry.number, entry.statement_hash, entry.decision_digest)


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
        case (int(number), bytes(name), bytes(digest), decision, statement, evidence) if (
            is_tree_number(number)
            and is_hash(name)
            and is_hash(digest)
            and isinstance(decision, (bytes, type(None)))
            and isinstance(statement, (bytes, type(None)))
        ):
            if decision is None and (statement, evidence) != (None, None):
                raise MalformedEntryError("an entry that may not be read comes with content")
            return AuditedEntry(int(number), StatementHash(name), digest, decision, statement, _evidence(evidence))
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
