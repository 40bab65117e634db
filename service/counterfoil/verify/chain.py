"""Verifying a whole chain offline: every statement, every decision, every receipt, and the hash over them all."""

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.errors import ChainInvalidError
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.decision_record import DecisionRecord, decision_digest, parse_decision_record
from counterfoil.statement.links import ChainHash, chain_hash, empty_chain_hash
from counterfoil.statement.signed_statement import SignedStatement, StatementHash
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE
from counterfoil.statement.trace_event.parse import parse_trace_event
from counterfoil.verify import not_established
from counterfoil.verify.log_keys import LogKeys
from counterfoil.verify.receipts import verify_receipt
from counterfoil.verify.result import Inclusion


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One entry of a chain as the log gives it out: its statement, its decision record and its receipt."""

    statement: bytes
    decision: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """Each statement is on the log where its receipt says, and all are about one subject.

    Together, in this order and with what was decided on each, they have that chain hash. ``events`` counts those of the
    trace event profile.
    """

    root_trace_id: str
    chain_hash: ChainHash
    log_name: str
    entries: tuple[StatementHash, ...]
    inclusions: tuple[Inclusion, ...]
    events: int
    not_established: tuple[str, ...]

    @property
    def tree(self) -> tuple[TreeSize, NodeHash] | None:
        """Size and root of the one tree that all receipts are of; None where they are of several."""
        trees = {(inclusion.tree_size, inclusion.root) for inclusion in self.inclusions}
        return trees.pop() if len(trees) == 1 else None


def verify_chain(
    root_trace_id: str,
    links: Sequence[ChainLink],
    expected: bytes,
    log_keys: LogKeys,
    *,
    expected_issuer: str | None = None,
) -> VerifiedChain:
    """Check that these are, in order, the entries that the chain hash ``expected`` commits to.

    Raises:
        ChainInvalidError: There is no entry; one is about another subject, is out of order, was decided on elsewhere,
            or refers to what is not before it; or all together have another hash.
        MalformedError, UnverifiedError: A statement, a decision record or a receipt does not hold, as for
            ``verify_receipt``.
    """
    walk = _Walk(parse_root_trace_id(root_trace_id), log_keys, expected_issuer)
    for link in links:
        walk.take(link)
    return walk.finish(expected)


class _Walk:
    def __init__(self, root_trace_id: str, log_keys: LogKeys, expected_issuer: str | None) -> None:
        self._root = root_trace_id
        self._log_keys = log_keys
        self._issuer = expected_issuer
        self._last: ChainHash | None = None
        self._log_name = ""
        self._place = -1
        self._inclusions: dict[StatementHash, Inclusion] = {}
        self._events = 0
        self._is_attested = False

    def take(self, link: ChainLink) -> None:
        """Check the next entry against those before it."""
        statement = parse_transparent_statement(link.statement).statement
        verified = verify_receipt(link.statement, link.receipt, self._log_keys, expected_issuer=self._issuer)
        where = f"entry {statement.hash.hex()}"
        if statement.claims.subject != self._root:
            raise ChainInvalidError(f"{where} is about another subject")
        record = parse_decision_record(link.decision)
        self._is_attested |= record.attested is not None
        self._require_decided(where, record, verified.inclusion)
        self._require_earlier(where, statement)
        self._link(where, statement, link.decision, verified.inclusion)

    def finish(self, expected: bytes) -> VerifiedChain:
        """What the walk has shown."""
        if self._last is None:
            raise ChainInvalidError("a chain has at least one entry")
        if self._last != expected:
            raise ChainInvalidError(f"the entries have the chain hash {self._last.hex()}, not {expected.hex()}")
        inclusions = tuple(self._inclusions.values())
        return VerifiedChain(
            root_trace_id=self._root,
            chain_hash=self._last,
            log_name=self._log_name,
            entries=tuple(self._inclusions),
            inclusions=inclusions,
            events=self._events,
            not_established=not_established.about_chain(
                (inclusion.place_is_signed for inclusion in inclusions), is_attested=self._is_attested
            ),
        )

    def _require_decided(self, where: str, record: DecisionRecord, inclusion: Inclusion) -> None:
        if record.number != inclusion.leaf_index:
            raise ChainInvalidError(f"{where} is number {inclusion.leaf_index}, decided on as number {record.number}")
        if inclusion.leaf_index <= self._place:
            raise ChainInvalidError(f"{where} was registered before the one that it follows here")

    def _require_earlier(self, where: str, statement: SignedStatement) -> None:
        if statement.content_type != TRACE_EVENT_CONTENT_TYPE or statement.hash_envelope is not None:
            return
        event = parse_trace_event(statement)
        self._events += 1
        named = [reference.entry for reference in event.references]
        for name in named if event.previous is None else [*named, event.previous]:
            if name not in self._inclusions:
                raise ChainInvalidError(f"{where} refers to {name.hex()}, which is not before it in the chain")

    def _link(self, where: str, statement: SignedStatement, decision: bytes, inclusion: Inclusion) -> None:
        name = inclusion.log_name
        if name is None or (self._last is not None and name != self._log_name):
            raise ChainInvalidError(f"{where} is on another log, or its receipt names none")
        last = empty_chain_hash(name, self._root) if self._last is None else self._last
        self._last = chain_hash(last, statement.hash, decision_digest(decision))
        self._log_name = name
        self._place = inclusion.leaf_index
        self._inclusions[statement.hash] = inclusion
