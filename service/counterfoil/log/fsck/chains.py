"""Chains walked again in the order in which their entries came."""

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.log.fsck.finding import Findings
from counterfoil.log.records import ChainHead, Entry
from counterfoil.policy.document import Visibility, narrower
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.links import ChainHash, ChainId, chain_hash, chain_id, empty_chain_hash


@dataclass(slots=True)
class _Chain:
    """A chain as walked so far. ``last`` is None where the link before is unknown.

    ``is_whole``: every visibility so far is known.
    """

    number: int
    id: ChainId | None
    last: ChainHash | None
    visibility: Visibility
    length: int = 0
    is_whole: bool = True


class ChainCheck:
    """Takes the entries in order, with their subjects where these are known."""

    def __init__(self, findings: Findings, identity: LogIdentity | None, stored: Sequence[ChainHead] | None) -> None:
        self._findings = findings
        self._identity = identity
        self._stored = stored
        self._stored_ids = {chain.number: chain.chain_id for chain in stored or ()}
        self._chains: list[_Chain] = []
        self._by_id: dict[ChainId, _Chain] = {}

    @property
    def count(self) -> int:
        """How many chains have begun."""
        return len(self._chains)

    def link(self, entry: Entry | None, subject: str | None, visibility: Visibility | None) -> None:
        """Put an entry at the end of its chain; None for what is unknown of it."""
        chain = self._chain(entry, subject)
        if chain is None:
            return
        if entry is None:
            chain.last = None
        else:
            self._check(entry, chain)
            # What is stored goes on: a wrong link is found once, and the next one is checked from there.
            chain.last = entry.chain_hash
        chain.length += 1
        if visibility is None:
            chain.is_whole = False
        else:
            chain.visibility = narrower(chain.visibility, visibility)

    def finish(self) -> int:
        """Compare every chain with its stored head; the number of chains."""
        if self._stored is None:
            return self.count
        self._findings.differ("chains", "number of rows", len(self._stored), self.count)
        stored: dict[int, ChainHead] = {chain.number: chain for chain in self._stored}
        for chain in self._chains:
            where, found = f"chain {chain.number}", stored.pop(chain.number, None)
            if found is None:
                self._findings.add(where, "is missing")
            else:
                self._compare(where, found, chain)
        for number in stored:
            self._findings.add(f"chain {number}", "is stored, and no entry belongs to it")
        return self.count

    def _chain(self, entry: Entry | None, subject: str | None) -> _Chain | None:
        if subject is not None:
            return self._chain_of(subject)
        if entry is None or entry.chain_number > self.count:
            return None
        if entry.chain_number < self.count:
            return self._chains[entry.chain_number]
        return self._begin(self._stored_ids.get(entry.chain_number), None)

    def _chain_of(self, subject: str) -> _Chain:
        key = chain_id(subject)
        found = self._by_id.get(key)
        if found is not None:
            return found
        return self._begin(key, None if self._identity is None else empty_chain_hash(self._identity.origin, subject))

    def _begin(self, key: ChainId | None, last: ChainHash | None) -> _Chain:
        chain = _Chain(self.count, key, last, Visibility.PUBLIC)
        self._chains.append(chain)
        if key is not None:
            self._by_id[key] = chain
        return chain

    def _check(self, entry: Entry, chain: _Chain) -> None:
        where = f"entry {entry.number}"
        self._findings.differ(where, "chain number", entry.chain_number, chain.number)
        self._findings.differ(where, "sequence", entry.sequence, chain.length)
        if chain.last is not None:
            expected = chain_hash(chain.last, entry.statement_hash, entry.decision_digest)
            self._findings.differ(where, "chain hash", entry.chain_hash, expected)

    def _compare(self, where: str, stored: ChainHead, chain: _Chain) -> None:
        if chain.id is not None:
            self._findings.differ(where, "chain id", stored.chain_id, chain.id)
        self._findings.differ(where, "length", stored.length, chain.length)
        if chain.last is not None:
            self._findings.differ(where, "chain hash", stored.chain_hash, chain.last)
        narrowest = chain.visibility if chain.is_whole else narrower(chain.visibility, stored.visibility)
        self._findings.differ(where, "visibility", stored.visibility, narrowest)
