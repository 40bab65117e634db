"""The walk: heads and entries side by side, from the first to the last, each checked against all before it."""

from collections.abc import Iterator
from dataclasses import dataclass

from counterfoil.errors import LogCorruptError
from counterfoil.log.fsck.chains import ChainCheck
from counterfoil.log.fsck.contents import ContentCheck, Kept
from counterfoil.log.fsck.decisions import DecisionCheck
from counterfoil.log.fsck.duplicates import DuplicateKeys
from counterfoil.log.fsck.events import EventCheck
from counterfoil.log.fsck.finding import Finding, Findings
from counterfoil.log.fsck.heads import HeadCheck
from counterfoil.log.fsck.reads import Reads
from counterfoil.log.fsck.tree import TreeCheck
from counterfoil.log.ports import LogScan
from counterfoil.log.records import Entry
from counterfoil.merkle.hashing import LeafHash
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, parse_genesis
from counterfoil.statement.signed_statement import parse_signed_statement


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and how much was looked at.

    ``unpaged`` counts the entries whose decisions no page covers yet, which is no fault.
    """

    findings: tuple[Finding, ...]
    entries: int = 0
    heads: int = 0
    chains: int = 0
    tiles: int = 0
    unpaged: int = 0


def check_log(scan: LogScan) -> tuple[Finding, ...]:
    """Every disagreement in a log; none when what is stored is what its statements lead to.

    Nothing stored is believed: what can be computed from the statements and the keys in the genesis statement is
    computed, and every decision is made again. Corruption never raises; it is found. The store must stand still
    meanwhile: what a snapshot shows, or a log that nobody appends to.
    """
    return examine_log(scan).findings


def examine_log(scan: LogScan) -> Report:
    """The findings of ``check_log``, with counts."""
    return _Examination(scan).run()


class _Examination:
    def __init__(self, scan: LogScan) -> None:
        self._findings = Findings()
        self._reads = Reads(scan, self._findings)
        self._row = self._reads.attempt("head row", scan.head, None)
        genesis = self._reads.attempt("genesis", lambda: _genesis(scan), None)
        chains = self._reads.attempt("the chains as a whole", scan.all_chains, None)
        self._tree = TreeCheck(self._reads, self._findings)
        self._heads = HeadCheck(self._reads, self._findings, genesis)
        self._chains = ChainCheck(self._findings, None if genesis is None else genesis.identity, chains)
        self._contents = ContentCheck(self._reads, self._findings)
        self._decisions = DecisionCheck(scan, self._findings, genesis)
        self._events = EventCheck(self._reads, self._findings)
        self._keys = DuplicateKeys()

    def run(self) -> Report:
        heads = self._reads.heads()
        head, count = next(heads, None), 0
        for number, entry in self._reads.entries():
            while head is not None and head.size <= number:
                head = self._close(head, heads)
            self._take(number, entry, head)
            count = number + 1
        while head is not None:
            head = self._close(head, heads)
        return self._finish(count)

    def _close(self, head: TreeHead, heads: Iterator[TreeHead]) -> TreeHead | None:
        self._heads.close(head, self._tree.frontier(), self._decisions.receipt_keys)
        return next(heads, None)

    def _take(self, number: int, entry: Entry | None, head: TreeHead | None) -> None:
        if head is None:
            self._findings.add(f"entry {number}", "no tree head covers it")
        kept = self._contents.take(number, entry)
        self._tree.add(number, _leaf(entry, kept))
        decision = self._decisions.repeat(number, entry, kept, None if head is None else head.time)
        subject = None if kept is None else kept.statement.claims.subject
        self._chains.link(entry, subject, None if decision is None else decision.visibility)
        if decision is not None and entry is not None and kept is not None and decision.refused:
            self._events.require_without_findings(entry, kept.statement, decision, 0 if head is None else head.time)
        if decision is None or entry is None:
            self._events.pass_over(number)
        elif decision.event is not None:
            self._events.take(entry, decision.event)
        if kept is not None:
            self._keys.add(number, kept.statement.duplicate_key)

    def _finish(self, count: int) -> Report:
        self._compare_keys()
        self._contents.finish(count)
        self._events.finish()
        self._decisions.finish(self._row)
        chains = self._chains.finish()
        if self._row is None:
            self._findings.add("head row", "there is none that can be read")
        else:
            self._findings.differ("head row", "chain count", self._row.chain_count, self._chains.count)
            frontier = self._tree.frontier()
            if frontier is not None:
                self._findings.differ("head row", "frontier", _peaks(self._row.frontier.peaks), _peaks(frontier.peaks))
        return Report(
            heads=self._heads.finish(self._row),
            tiles=self._tree.finish(),
            entries=count,
            chains=chains,
            unpaged=max(0, count - self._decisions.next_page),
            findings=self._findings.all(),
        )

    def _compare_keys(self) -> None:
        for one, other in self._keys.candidates():
            kept = [self._contents.take(number, None) for number in (one, other)]
            if kept[0] is not None and kept[1] is not None:
                keys = {item.statement.duplicate_key for item in kept if item is not None}
                if len(keys) == 1:
                    self._findings.add(f"entry {other}", f"holds the same content as entry {one}")


def _genesis(scan: LogScan) -> Genesis:
    # Not by way of the head row, which may be what is damaged.
    content = scan.content(GENESIS_ENTRY)
    if content is None:
        raise LogCorruptError("there is no genesis statement, so no key, no chain and no decision can be checked")
    statement = parse_signed_statement(content.statement, max_bytes=len(content.statement))
    return parse_genesis(statement.message.payload or b"")


def _leaf(entry: Entry | None, kept: Kept | None) -> LeafHash | None:
    # The stored hash first: it is compared with the statement's own, so that one wrong statement is one finding and
    # not a wrong root at every later head.
    if entry is not None:
        return statement_leaf(entry.statement_hash)
    return None if kept is None else statement_leaf(kept.statement.hash)


def _peaks(peaks: tuple[bytes, ...]) -> bytes:
    return b"".join(peaks)
