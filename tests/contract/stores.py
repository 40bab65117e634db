"""The stores that the contract binds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from counterfoil.chain.ports import ChainReader
from counterfoil.log.ports import LogScan, LogStore
from counterfoil.log.records import ChainHead, Content, Entry, EventRow, Head, ReferenceRow
from counterfoil.merkle.tiles import Tile
from counterfoil.receipt.tree_head import HeadSignature, TreeHead

CONTENTS = 20


class Store(LogStore, LogScan, ChainReader, Protocol):
    """Everything a store of this project can do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log is; each ``open`` gives what another process would work with."""

    open: Callable[[], Store]


@dataclass(frozen=True, slots=True)
class Everything:
    """All that a store holds, to be compared."""

    head: Head | None
    entries: tuple[Entry, ...]
    contents: tuple[Content | None, ...]
    chains: tuple[ChainHead, ...]
    tiles: tuple[Tile, ...]
    tree_heads: tuple[TreeHead, ...]
    signatures: tuple[HeadSignature, ...]
    content_numbers: tuple[int, ...]
    evidence_numbers: tuple[int, ...]
    events: tuple[EventRow | None, ...] = ()
    references: tuple[ReferenceRow, ...] = ()


def everything(store: Store) -> Everything:
    """All that ``store`` holds, whatever its head says; of many contents, each read by itself, those at the ends."""
    beyond = 2**62
    entries = tuple(store.entries(0, beyond))
    looked_into = entries if len(entries) <= 2 * CONTENTS else (*entries[:CONTENTS], *entries[-CONTENTS:])
    return Everything(
        head=store.head(),
        entries=entries,
        contents=tuple(store.content(entry.number) for entry in looked_into),
        chains=tuple(store.all_chains()),
        tiles=tuple(store.all_tiles()),
        tree_heads=tuple(store.tree_heads(0, beyond)),
        signatures=tuple(store.all_signatures()),
        content_numbers=tuple(store.content_numbers()),
        evidence_numbers=tuple(store.evidence_numbers()),
        events=tuple(store.event(number) for number in store.event_numbers()),
        references=tuple(one for number in store.referring_numbers() for one in store.references_of(number)),
    )
