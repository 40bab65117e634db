"""What may follow what: the rules that take a whole chain, asked of every entry again."""

from collections.abc import Iterator, Mapping

from counterfoil.audit.fault import FaultKind, Faults
from counterfoil.audit.stretch import NOTHING, Said, Stretch
from counterfoil.chain.findings import Chronicle, Told
from counterfoil.chain.standing import require_may_follow
from counterfoil.errors import CounterfoilError, FindingRefusedError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.statement.signed_statement import StatementHash


class EngagementCheck:
    """Takes the stretches in order, from entry 0 on; from a later one on nothing can be asked.

    Of a chain without an event the statement hashes are kept, 32 bytes an entry; of one with events what findings ask
    for. ``unsettled`` counts the entries of which it is not known whether they could follow: behind the first entry
    that is withheld, missing or cannot be read, a refusal may rest on that.
    """

    def __init__(self, faults: Faults, start: int) -> None:
        self._faults = faults
        self._asks = start == 0
        self._quiet: dict[bytes, bytearray] = {}
        self._told: dict[bytes, Chronicle] = {}
        self._gap = False
        self.events = 0
        self.unsettled = 0

    def take(self, stretch: Stretch) -> None:
        """Ask the entries of a stretch one after another."""
        said = {one.number: one for one in stretch.said}
        self.events += sum(one.event is not None for one in stretch.said)
        if not self._asks:
            self.unsettled += len(said)
            return
        for number, name, chain in _rows(stretch):
            if chain == NOTHING:
                self._gap = True
            elif number in said or chain in self._told:
                self._take(said.get(number), StatementHash(name), chain)
            else:
                self._quiet.setdefault(chain, bytearray()).extend(name)

    def _take(self, said: Said | None, name: StatementHash, chain: bytes) -> None:
        chronicle = self._told.get(chain)
        if chronicle is None:
            chronicle = self._told[chain] = _chronicle(self._quiet.pop(chain, bytearray()))
        told = _told(said, name)
        if said is not None:
            self._ask(said, told, chronicle)
        chronicle.take(told)

    def _ask(self, said: Said, told: Told, chronicle: Chronicle) -> None:
        try:
            if said.event is not None:
                require_may_follow(chronicle.standing, said.event, chronicle.places.__contains__)
            _require_without_findings(said, told, chronicle)
        except CounterfoilError as error:
            if self._gap:
                self.unsettled += 1
            else:
                self._faults.add(FaultKind.NOT_ADMITTED, said.number, error.detail, error.code)


def _rows(stretch: Stretch) -> Iterator[tuple[int, bytes, bytes]]:
    names, chains = stretch.statement_hashes, stretch.chain_ids
    for number, at in enumerate(range(0, len(names), HASH_SIZE), stretch.start):
        yield number, names[at : at + HASH_SIZE], chains[at : at + HASH_SIZE]


def _chronicle(names: bytearray) -> Chronicle:
    """A chain of which no event is known so far."""
    found = [StatementHash(bytes(names[at : at + HASH_SIZE])) for at in range(0, len(names), HASH_SIZE)]
    places: Mapping[StatementHash, int] = {name: place for place, name in enumerate(found)}
    return Chronicle(length=len(found), places=dict(places))


def _told(said: Said | None, name: StatementHash) -> Told:
    if said is None:
        return Told(name, None, None, 0, 0)
    return Told(name, said.event, said.payload_digest, said.head_time, said.max_lag)


def _require_without_findings(said: Said, told: Told, chronicle: Chronicle) -> None:
    for remark in chronicle.remarks_on(told) if said.refused else ():
        if remark.finding in said.refused:
            raise FindingRefusedError(f"{remark.finding}: {remark.detail}")
