"""How engagements stand, as their committed landmarks left them."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from counterfoil.chain.findings import Chronicle
from counterfoil.chain.landmarks import pass_landmark
from counterfoil.chain.past import read_chronicle
from counterfoil.chain.standing import EMPTY_STANDING, Standing
from counterfoil.log.events import NO_EVENTS, EventView
from counterfoil.log.plan import Submission
from counterfoil.log.ports import AppendTransaction
from counterfoil.log.records import ChainHead, ChainNumber
from counterfoil.statement.links import ChainId, chain_id
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import TraceEvent

MAX_REMEMBERED: Final = 4096
"""Engagements at work at a time on one process; one that is forgotten is read again from its first landmark."""


class Standings:
    """Reads, under the lock, how engagements stand; remembers them, since what is committed stays.

    Not for concurrent use. What a batch in the making would change is never remembered.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[ChainNumber, tuple[int, Standing]] = OrderedDict()

    def view(
        self,
        transaction: AppendTransaction,
        submissions: Sequence[Submission],
        chains: Iterable[ChainHead],
    ) -> EventView:
        """What the events among the submissions are decided by; ``chains`` are those of theirs that have begun.

        Raises:
            LogCorruptError: A landmark's statement is not there, or is no event.
        """
        concerned = [one for one in submissions if one.decision.event is not None or one.decision.refused]
        if not concerned:
            return NO_EVENTS
        events = [one.decision.event for one in concerned if one.decision.event is not None]
        named: set[StatementHash] = {reference.entry for event in events for reference in event.references}
        named |= {event.previous for event in events if event.previous is not None}
        asked = {chain_id(one.statement.claims.subject or "") for one in concerned}
        heads = [head for head in chains if head.chain_id in asked]
        standings = self._read(transaction, heads)
        return EventView(
            places=transaction.places(list(named)) if named else {},
            standings=standings,
            chronicles=_read_chronicles(transaction, concerned, heads, standings),
            watched=frozenset(
                chain_id(one.statement.claims.subject or "") for one in concerned if one.decision.refused
            ),
        )

    def _read(self, transaction: AppendTransaction, heads: Sequence[ChainHead]) -> dict[ChainId, Standing]:
        known = {head.number: self._known.get(head.number, (0, EMPTY_STANDING)) for head in heads}
        since = {head.number: known[head.number][0] for head in heads if known[head.number][0] < head.length}
        standings = {number: standing for number, (_, standing) in known.items()}
        for landmark in transaction.landmarks(since) if since else ():
            standings[landmark.chain_number] = pass_landmark(standings[landmark.chain_number], landmark)
        for head in heads:
            self._known[head.number] = (head.length, standings[head.number])
            self._known.move_to_end(head.number)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return {head.chain_id: standings[head.number] for head in heads}


def _read_chronicles(
    transaction: AppendTransaction,
    concerned: Sequence[Submission],
    heads: Sequence[ChainHead],
    standings: Mapping[ChainId, Standing],
) -> dict[ChainId, Chronicle]:
    strict = [one for one in concerned if one.decision.refused]
    asked: dict[ChainId, list[TraceEvent]] = {chain_id(one.statement.claims.subject or ""): [] for one in strict}
    for one in strict:
        if one.decision.event is not None:
            asked[chain_id(one.decision.event.root_trace_id)].append(one.decision.event)
    return {
        head.chain_id: read_chronicle(
            transaction,
            head.number,
            head.length,
            standings[head.chain_id],
            asked[head.chain_id],
            formed=standings[head.chain_id].formation is not None,
        )
        for head in heads
        if head.chain_id in asked
    }
