"""What one batch does to the log: a pure function of the locked head and of what was submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from counterfoil.chain.findings import Told
from counterfoil.chain.past import payload_digest
from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    FindingRefusedError,
    PageSupersededError,
    ReceiptKeyEndedError,
    RefusedError,
    RevocationRefusedError,
    SignatureTwinError,
)
from counterfoil.frozen import frozen
from counterfoil.log.events import NO_EVENTS, EventDraft, EventView
from counterfoil.log.records import (
    Batch,
    ChainHead,
    ChainNumber,
    Content,
    Entry,
    EntryNumber,
    EventRow,
    Head,
    ReferenceRow,
    Registered,
)
from counterfoil.merkle.hashing import TreeSize
from counterfoil.merkle.tiles import TileReader, complete_tiles
from counterfoil.merkle.tree import Growth, grow
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import narrower
from counterfoil.policy.own_statements import Effect
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.evidence import carried_evidence
from counterfoil.statement.links import ChainId, chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.page import parse_page
from counterfoil.statement.signed_statement import DuplicateKey, SignedStatement
from counterfoil.statement.trace_event.event import TraceEvent


@frozen
class Submission:
    """A verified statement with the decision to admit it."""

    statement: SignedStatement
    decision: Decision


@frozen
class Placed:
    """The statement is entry ``number``, new in this batch."""

    number: EntryNumber


@dataclass(frozen=True, slots=True)
class Known:
    """The same bytes are entry ``number`` already."""

    number: EntryNumber


@dataclass(frozen=True, slots=True)
class Stale:
    """The decision does not hold under the head's rules or time; decide again and submit again."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The statement conflicts with the log; the batch goes on without it."""

    error: CounterfoilError


Outcome = Placed | Known | Stale | Declined


@dataclass(frozen=True, slots=True)
class View:
    """What the store says, under the lock, about the statements at hand."""

    registered: Mapping[DuplicateKey, Registered]
    chains: Mapping[ChainId, ChainHead]
    events: EventView = NO_EVENTS


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcomes of the submissions that were taken, in order, and what is to be written.

    Submissions past ``len(outcomes)`` were not taken: one before them changed the rules. ``growth`` is None when
    nothing is to be written.
    """

    outcomes: tuple[Outcome, ...]
    entries: tuple[Entry, ...]
    contents: tuple[Content, ...]
    chains: tuple[ChainHead, ...]
    head: Head
    growth: Growth | None
    events: tuple[EventRow, ...] = ()
    references: tuple[ReferenceRow, ...] = ()

    def batch(self, reader: TileReader, signature: HeadSignature) -> Batch:
        """What the transaction writes, with the tiles this batch completes and the signature over its head."""
        tiles = () if self.growth is None else complete_tiles(self.growth, reader)
        return Batch(
            self.entries,
            self.contents,
            self.chains,
            tiles,
            self.head,
            signature,
            self.events,
            self.references,
        )


@dataclass(slots=True)
class Draft:
    """A batch in the making: each statement is taken against the log as the one before it left it.

    ``signer`` is the thumbprint of the receipt key that will sign the head.
    """

    origin: str
    head: Head
    head_time: int
    view: View
    signer: bytes = b""
    entries: list[Entry] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    registered: dict[DuplicateKey, Registered] = field(default_factory=dict)
    chains: dict[ChainId, ChainHead] = field(default_factory=dict)
    chains_begun: int = 0
    events: EventDraft = field(init=False)

    def __post_init__(self) -> None:
        self.events = EventDraft(self.view.events, self.entries)

    def take(self, submission: Submission) -> Outcome:
        """Place one submission, or say why not."""
        statement, decision = submission.statement, submission.decision
        known = self._registered(statement.duplicate_key)
        if known is not None:
            return _known(statement, known)
        if not decision.holds(self.head.rules_entry, self.head_time):
            return Stale()
        refusal = self._refusal(submission)
        return Placed(self.place(submission)) if refusal is None else Declined(refusal)

    def place(self, submission: Submission) -> EntryNumber:
        """Make the submission the next entry."""
        statement, decision = submission.statement, submission.decision
        number = EntryNumber(self.head.tree.size + len(self.entries))
        record = decision.record(number, self.head_time).encode()
        entry = self._link(submission, number, record)
        self.entries.append(entry)
        if decision.event is not None:
            self.events.take(chain_id(decision.event.root_trace_id), entry, decision.event)
        self.contents.append(
            Content(number, statement.encoded, decision.visibility, carried_evidence(statement)),
        )
        self.registered[statement.duplicate_key] = Registered(number, statement.hash)
        chain = chain_id(statement.claims.subject or "")
        if self.events.is_watched(chain):
            self.events.chronicle(chain).take(self._told(submission))
        self._apply(submission, number)
        return number

    def plan(self, outcomes: Sequence[Outcome]) -> Plan:
        """The finished batch."""
        if not self.entries:
            return Plan(tuple(outcomes), (), (), (), self.head, None)
        growth = grow(self.head.frontier, [statement_leaf(entry.statement_hash) for entry in self.entries])
        tree = TreeHead(TreeSize(growth.after.size), growth.after.root(), self.head_time)
        return Plan(
            outcomes=tuple(outcomes),
            entries=tuple(self.entries),
            contents=tuple(self.contents),
            chains=tuple(self.chains.values()),
            head=replace(
                self.head,
                tree=tree,
                frontier=growth.after,
                chain_count=self.head.chain_count + self.chains_begun,
            ),
            growth=growth,
            events=tuple(self.events.events),
            references=tuple(self.events.references),
        )

    def _registered(self, key: DuplicateKey) -> Registered | None:
        return self.registered.get(key) or self.view.registered.get(key)

    def _refusal(self, submission: Submission) -> CounterfoilError | None:
        """Why a statement cannot come next, as far as only the log under the lock can say."""
        decision = submission.decision
        if self.signer not in decision.head_signers:
            return ReceiptKeyEndedError("this process signs with a receipt key that is not in force for it")
        if decision.follows >= self.head.tree.size + len(self.entries):
            return RevocationRefusedError("the last valid entry is not before the revocation")
        if decision.effect is Effect.PAGE and not self._is_next_page(submission.statement):
            return PageSupersededError("another page covers these decisions, or they are not committed yet")
        if decision.event is not None and (refusal := self._event_refusal(decision.event)) is not None:
            return refusal
        return self._finding_refusal(submission) if decision.refused else None

    def _event_refusal(self, event: TraceEvent) -> CounterfoilError | None:
        key = chain_id(event.root_trace_id)
        chain = self.chains.get(key) or self.view.chains.get(key)
        try:
            self.events.require_may_follow(key, None if chain is None else chain.number, event)
        except (RefusedError, ConflictError) as error:
            return error
        return None

    def _finding_refusal(self, submission: Submission) -> CounterfoilError | None:
        chronicle = self.events.chronicle(chain_id(submission.statement.claims.subject or ""))
        for remark in chronicle.remarks_on(self._told(submission)):
            if remark.finding in submission.decision.refused:
                return FindingRefusedError(f"{remark.finding}: {remark.detail}")
        return None

    def _told(self, submission: Submission) -> Told:
        statement, decision = submission.statement, submission.decision
        digest = payload_digest(statement)
        return Told(statement.hash, decision.event, digest, self.head_time, decision.max_lag)

    def _is_next_page(self, statement: SignedStatement) -> bool:
        page = parse_page(statement.message.payload or b"")
        return page.first == self.head.next_page and page.last < self.head.tree.size + len(self.entries)

    def _link(self, submission: Submission, number: EntryNumber, record: bytes) -> Entry:
        statement = submission.statement
        subject = statement.claims.subject or ""
        key = chain_id(subject)
        visibility = submission.decision.visibility
        chain = self.chains.get(key) or self.view.chains.get(key)
        if chain is None:
            # Counted here, and put into the head once for the whole batch.
            chain_number = ChainNumber(self.head.chain_count + self.chains_begun)
            chain = ChainHead(chain_number, key, 0, empty_chain_hash(self.origin, subject), visibility)
            self.chains_begun += 1
        entry = Entry(
            number=number,
            statement_hash=statement.hash,
            duplicate_key=statement.duplicate_key,
            chain_number=chain.number,
            sequence=chain.length,
            chain_hash=chain_hash(chain.chain_hash, statement.hash, decision_digest(record)),
            decision=record,
        )
        self.chains[key] = ChainHead(
            number=chain.number,
            chain_id=key,
            length=chain.length + 1,
            chain_hash=entry.chain_hash,
            visibility=narrower(chain.visibility, visibility),
        )
        return entry

    def _apply(self, submission: Submission, number: EntryNumber) -> None:
        match submission.decision.effect:
            case Effect.POLICY:
                self.head = replace(self.head, rules_entry=number, policy_entry=number)
            case Effect.RULES:
                self.head = replace(self.head, rules_entry=number)
            case Effect.PAGE:
                page = parse_page(submission.statement.message.payload or b"")
                self.head = replace(self.head, next_page=page.last + 1)
            case Effect.NONE:
                pass


def plan_batch(
    origin: str, head: Head, head_time: int, view: View, submissions: Sequence[Submission], *, signer: bytes
) -> Plan:
    """Take submissions one after another; a batch of n leaves the log as n batches of one would.

    A submission that changes the rules ends the batch, so that every entry was decided under the rules in force. One
    that is declined leaves no trace. ``head_time`` is in whole seconds since 1970 and not before the head's.
    ``signer`` is the thumbprint of the receipt key that will sign the head: what needs another one is declined.
    """
    draft = Draft(origin, head, head_time, view, signer)
    outcomes: list[Outcome] = []
    for submission in submissions:
        outcome = draft.take(submission)
        outcomes.append(outcome)
        if isinstance(outcome, Placed) and draft.head.rules_entry == outcome.number:
            break
    return draft.plan(outcomes)


def _known(statement: SignedStatement, known: Registered) -> Outcome:
    if known.statement_hash == statement.hash:
        return Known(known.number)
    return Declined(
        SignatureTwinError(
            f"entry {known.number} holds the same content with the other ECDSA signature of the pair",
            known.statement_hash,
        ),
    )
