"""The evidence of an engagement, read from the log at one tree head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from counterfoil.case.archive import MAX_CASE_BYTES
from counterfoil.case.build import Announcements, Evidence, OwnEntry, PolicyExhibit
from counterfoil.case.contents import key_set
from counterfoil.case.documents import Frame
from counterfoil.case.exhibit import Exhibit
from counterfoil.chain.history import chain_as_of
from counterfoil.chain.ports import ChainReader
from counterfoil.cose.signer import Signer
from counterfoil.errors import ContentAbsentError, LogCorruptError, TooLargeError
from counterfoil.log.ports import LogReader
from counterfoil.log.receipts import ReceiptSource
from counterfoil.log.records import ChainHead, Entry
from counterfoil.receipt.chain_head import SignedChainHead, sign_chain_head
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import parse_signed_statement

MAX_CASE_ENTRIES: Final = 20_000
"""What an arbitrator can be handed as one file; longer chains are read page by page."""

_TOGETHER: Final = 32
"""Statements read at once: of the largest that a policy can admit some tens of megabytes."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What the log's checkpoint key signs for a case: the tree head, and the head of the chain in that tree."""

    checkpoint: str
    chain_head: str


def sign_notes(signer: Signer, origin: str, tree: TreeHead, chain: ChainHead) -> Notes:
    """The notes about a chain that is as of ``tree``; the same bytes each time."""
    head = SignedChainHead(origin, tree.size, tree.root, chain.chain_id, chain.length, chain.chain_hash)
    return Notes(
        sign_checkpoint(signer, Checkpoint(origin, tree.size, tree.root)),
        sign_chain_head(signer, head),
    )


SignNotes = Callable[[ChainHead], Notes]
"""The notes about a chain that is as of the tree of the case."""


class CaseReader(LogReader, ChainReader, Protocol):
    """What a case file is read from."""


def read_case_evidence(
    reader: CaseReader, receipts: ReceiptSource, genesis: Genesis, tree: TreeHead, chain: ChainHead, notes: SignNotes
) -> Evidence:
    """The evidence of a chain, which is as of ``tree``; ``notes`` signs those about a chain as of that tree.

    Raises:
        TooLargeError: The chain is longer, or its statements are more, than a case file holds.
        ContentAbsentError: A statement of it is not stored any more.
        LogCorruptError: The store disagrees with itself.
    """
    if chain.length > MAX_CASE_ENTRIES:
        raise TooLargeError(f"the chain has {chain.length} entries, and a case file holds up to {MAX_CASE_ENTRIES}")
    receipt = receipts.all_at(tree.size)
    exhibits, total = list[Exhibit](), 0
    for start in range(0, chain.length, _TOGETHER):
        entries = reader.chain_entries(chain.number, start, min(_TOGETHER, chain.length - start))
        statements = reader.statements([entry.number for entry in entries])
        for entry in entries:
            evidence = _evidence(reader, entry)
            exhibits.append(_exhibit(entry, statements.get(entry.number), receipt(entry.number), evidence))
            total += len(exhibits[-1].statement or b"") + len(evidence or b"")
        if total > MAX_CASE_BYTES:
            raise TooLargeError(f"the statements of the chain are more than the {MAX_CASE_BYTES} bytes of a case file")
    key, signed = receipts.key_at(tree.size), notes(chain)
    numbers = sorted({parse_decision_record(one.decision).policy_entry for one in exhibits})
    enrolments = [_own_entry(reader, number, receipt) for number in _enrolments(exhibits)]
    policies = [PolicyExhibit(number, _statement(reader, number), receipt(number)) for number in numbers]
    return Evidence(
        frame=Frame(genesis.identity, _subject(exhibits[0]), tree),
        genesis=attach_receipts(_statement(reader, GENESIS_ENTRY), [receipt(GENESIS_ENTRY)]),
        keys=key_set(key, genesis),
        checkpoint=signed.checkpoint.encode(),
        chain_head=signed.chain_head.encode(),
        exhibits=exhibits,
        policies=policies,
        announcements=_announcements(reader, genesis, tree, receipt, notes),
        enrolments=enrolments,
    )


def _enrolments(exhibits: Sequence[Exhibit]) -> list[int]:
    attested = [parse_decision_record(one.decision).attested for one in exhibits]
    return sorted({one.enrolment for one in attested if one is not None and one.enrolment is not None})


def _own_entry(reader: CaseReader, number: int, receipt: Callable[[int], bytes]) -> OwnEntry:
    entry = reader.entry(number)
    if entry is None:
        raise LogCorruptError(f"entry {number}, which a decision names, is not there")
    content = reader.content(number)
    if content is None:
        raise ContentAbsentError(f"the statement of entry {number} is not stored here, so the case is not whole")
    return OwnEntry(number, content.statement, entry.decision, receipt(number))


def _announcements(
    reader: CaseReader, genesis: Genesis, tree: TreeHead, receipt: Callable[[int], bytes], notes: SignNotes
) -> Announcements:
    head = reader.chain(chain_id(genesis.identity.policy_subject))
    chain = None if head is None else chain_as_of(reader, head, tree.size)
    if chain is None:
        raise LogCorruptError("the log has no chain of policies")
    entries: list[OwnEntry] = []
    for start in range(0, chain.length, _TOGETHER):
        for entry in reader.chain_entries(chain.number, start, min(_TOGETHER, chain.length - start)):
            number = entry.number
            entries.append(OwnEntry(number, _statement(reader, number), entry.decision, receipt(number)))
    return Announcements(tuple(entries), notes(chain).chain_head.encode())


def _exhibit(entry: Entry, statement: bytes | None, receipt: bytes, evidence: bytes | None) -> Exhibit:
    if statement is None:
        raise ContentAbsentError(f"the statement of entry {entry.number} is not stored here, so the case is not whole")
    return Exhibit(
        number=entry.number,
        sequence=entry.sequence,
        entry_id=entry.statement_hash,
        chain_hash=entry.chain_hash,
        statement=statement,
        decision=entry.decision,
        receipt=receipt,
        evidence=evidence,
    )


def _evidence(reader: LogReader, entry: Entry) -> bytes | None:
    if parse_decision_record(entry.decision).evidence_digest is None:
        return None
    content = reader.content(entry.number)
    if content is None or content.evidence is None:
        raise ContentAbsentError(f"the evidence of entry {entry.number} is not stored here, so the case is not whole")
    return content.evidence.encode()


def _statement(reader: LogReader, number: int) -> bytes:
    content = reader.content(number)
    if content is None:
        raise LogCorruptError(f"the statement of entry {number} is not stored")
    return content.statement


def _subject(exhibit: Exhibit) -> str:
    data = exhibit.statement or b""
    return parse_signed_statement(data, max_bytes=len(data)).claims.subject or ""
