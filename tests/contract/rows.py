"""Lawful batches made by hand, with the real tree and the real chain rules, and without the planner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from counterfoil.log.ports import AppendTransaction, LogStore
from counterfoil.log.records import Batch, ChainHead, ChainNumber, Content, Entry, EntryNumber, Head
from counterfoil.merkle.hashing import EMPTY_ROOT, TreeSize
from counterfoil.merkle.tiles import complete_tiles
from counterfoil.merkle.tree import EMPTY_FRONTIER, grow
from counterfoil.policy.document import Visibility, narrower
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.decision_record import DecisionRecord, decision_digest
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.links import ChainId, chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash

ORIGIN = "log.example/contract"
START = 1_800_000_000
KEY = sha256(b"the key that signs heads").digest()
_BEFORE = Head(TreeHead(TreeSize(0), EMPTY_ROOT, 0), EMPTY_FRONTIER, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class New:
    """One statement to append, with what the planner would know of it."""

    body: bytes
    subject: str = "trace-1"
    visibility: Visibility = Visibility.PARTIES
    evidence: Evidence | None = None

    @property
    def hash(self) -> StatementHash:
        return StatementHash(sha256(self.body).digest())

    @property
    def duplicate_key(self) -> DuplicateKey:
        return DuplicateKey(sha256(b"either signature of " + self.body).digest())

    @property
    def chain_id(self) -> ChainId:
        return chain_id(self.subject)


def numbered(count: int, prefix: str = "statement", *, subjects: int = 3) -> list[New]:
    """So many different statements, spread over some subjects."""
    return [New(f"{prefix} {i}".encode(), f"{prefix}-{i % subjects}") for i in range(count)]


def batch_of(
    transaction: AppendTransaction,
    new: Sequence[New],
    *,
    time: int = START,
    **head: int,
) -> Batch:
    """The batch that appends ``new``, as the transaction found the log; ``head`` sets members of the head row."""
    before = transaction.head or _BEFORE
    chains = dict(transaction.prior([], list({item.chain_id for item in new}), None).chains)
    touched: dict[ChainId, ChainHead] = {}
    count = before.chain_count
    entries: list[Entry] = []
    for number, item in enumerate(new, before.tree.size):
        chain = touched.get(item.chain_id) or chains.get(item.chain_id)
        if chain is None:
            empty = empty_chain_hash(ORIGIN, item.subject)
            chain = ChainHead(ChainNumber(count), item.chain_id, 0, empty, item.visibility)
            count += 1
        entries.append(_entry(number, item, chain, time))
        touched[item.chain_id] = replace(
            chain,
            length=chain.length + 1,
            chain_hash=entries[-1].chain_hash,
            visibility=narrower(chain.visibility, item.visibility),
        )
    growth = grow(before.frontier, [statement_leaf(entry.statement_hash) for entry in entries])
    tree = TreeHead(growth.after.size, growth.after.root(), time)
    return Batch(
        entries=tuple(entries),
        contents=tuple(
            Content(entry.number, item.body, item.visibility, item.evidence)
            for entry, item in zip(entries, new, strict=True)
        ),
        chains=tuple(touched.values()),
        tiles=complete_tiles(growth, transaction),
        head=replace(before, tree=tree, frontier=growth.after, chain_count=count, **head),
        signature=HeadSignature(tree.size, KEY, b"signed " + tree.root),
    )


def append(
    store: LogStore,
    new: Sequence[New],
    *,
    time: int = START,
    spoil: Callable[[Batch], Batch] = lambda batch: batch,
    after: Callable[[Batch], None] = lambda _written: None,
    **head: int,
) -> Batch:
    """Append in one transaction, and return what was written.

    ``spoil`` may make the batch unlawful before it is written, ``after`` may raise between the write and the end.
    """
    with store.append() as transaction:
        batch = spoil(batch_of(transaction, new, time=time, **head))
        transaction.write(batch)
        after(batch)
    return batch


def _entry(number: int, item: New, chain: ChainHead, time: int) -> Entry:
    decision = DecisionRecord(number=number, policy_entry=0, key_thumbprint=KEY, head_time=time).encode()
    return Entry(
        number=EntryNumber(number),
        statement_hash=item.hash,
        duplicate_key=item.duplicate_key,
        chain_number=chain.number,
        sequence=chain.length,
        chain_hash=chain_hash(chain.chain_hash, item.hash, decision_digest(decision)),
        decision=decision,
    )
