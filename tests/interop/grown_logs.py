"""Logs that grew in batches of known sizes, with everything a stranger is given to verify."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, repeat

from counterfoil.cose.keys import public_key_pem
from counterfoil.log.local_log import LocalLog
from counterfoil.log.receipts import ReceiptSource
from counterfoil.merkle.hashing import NodeHash
from counterfoil.register import admit, settle
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.sqlite import SqliteStore
from tests.builders import World, sign_statement

_ONE_BY_ONE = (1,) * 38
_GROWING = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13)
_ACROSS_A_TILE = (250, 1, 2, 1, 1, 1, 60)
_FRESH_PER_HEAD = 8
_LARGEST = 65_536

LOGS = {
    "every size from 2 to 40": (_ONE_BY_ONE, "ES256"),
    "growing batches": (_GROWING, "ES256"),
    "across a full tile": (_ACROSS_A_TILE, "ES256"),
    "growing batches, EdDSA": (_GROWING, "EdDSA"),
}
"""The sizes of the batches after the two founding entries, and the algorithm of the receipt key."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A receipt as the log handed it out for an entry, and the size of the tree it speaks of."""

    number: int
    size: int
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """A consistency receipt from one committed size to another."""

    first: int
    second: int
    receipt: bytes


@dataclass(frozen=True, slots=True)
class GrownLog:
    """A log after its last batch: its statement hashes by entry number, and the roots it committed by tree size."""

    source: ReceiptSource
    hashes: tuple[bytes, ...]
    roots: dict[int, NodeHash]
    handed: tuple[Handed, ...]

    @property
    def key_pem(self) -> str:
        """The log's receipt key as a stranger gets it."""
        return public_key_pem(self.source.keys().trusted[0])

    def steps(self) -> Iterator[Step]:
        """Consistency receipts: from each committed size to the next and to the last, and between every third."""
        sizes = list(self.roots)
        for first, second in sorted(
            {*pairwise(sizes), *zip(sizes[:-1], repeat(sizes[-1]), strict=False), *combinations(sizes[::3], 2)}
        ):
            yield Step(first, second, self.source.consistency(first, second))


def grow_log(store: SqliteStore, splits: Sequence[int], algorithm: str) -> GrownLog:
    """Found a log and register statements in batches of exactly these sizes, collecting what is handed out."""
    world = World(store)
    world.signers[KeyPurpose.RECEIPT] = generate_private_key(algorithm)
    return asyncio.run(_grow(world.found(), splits))


async def _grow(world: World, splits: Sequence[int]) -> GrownLog:
    log = world.open()
    head = log.head().tree
    roots: dict[int, NodeHash] = {head.size: head.root}
    handed = [Handed(number, head.size, log.receipts.stable(number)) for number in range(head.size)]
    for split in splits:
        world.clock.now += 1
        stable = await _register_at_once(world, log, split)
        head = log.head().tree
        assert head.size == max(roots) + split, "the statements did not make one batch"
        roots[head.size] = head.root
        handed += [Handed(number, head.size, receipt) for number, receipt in stable]
        handed += _fresh(log, head.size)
    hashes = tuple(entry.statement_hash for entry in world.store.entries(0, head.size))
    return GrownLog(log.receipts, hashes, roots, tuple(handed))


async def _register_at_once(world: World, log: LocalLog, count: int) -> list[tuple[int, bytes]]:
    # What is posted at once is admitted so much at a time and makes several batches; what is admitted already is one.
    rules, head_time = await log.rules(), log.head_time()
    statements = [parse_signed_statement(sign_statement(world.agent), max_bytes=_LARGEST) for _ in range(count)]
    waiting = [log.enqueue(admit(statement, rules, head_time)) for statement in statements]
    registered = [await settle(*one, log) for one in zip(statements, await asyncio.gather(*waiting), strict=True)]
    return [(one.number, one.receipt) for one in registered if one is not None]


def _fresh(log: LocalLog, size: int) -> list[Handed]:
    numbers = range(0, size, max(1, size // _FRESH_PER_HEAD))
    return [Handed(number, size, log.receipts.fresh(number)) for number in {*numbers, size - 1}]
