"""The rules of the log, held against each batch before it is believed."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import reduce

from counterfoil.log.records import Batch, ChainHead, Entry
from counterfoil.merkle.hashing import HASH_SIZE, TreeSize
from counterfoil.merkle.tiles import TILE_WIDTH, TileId, full_tiles_completed
from counterfoil.merkle.tree import EMPTY_FRONTIER, grow, root_of
from counterfoil.policy.document import narrower
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.statement.links import chain_hash
from counterfoil.storage.memory_log import MemoryLog


class BrokenRuleError(AssertionError):
    """No batch of this log looks like that: who wrote it has a bug. It is no error of the sender or of the store."""


def require_lawful(log: MemoryLog, batch: Batch) -> None:
    """Check a batch against everything the log holds.

    Raises:
        BrokenRuleError: It breaks a rule; the text says which.
    """
    for broken_rules in (_mutable, _entries, _contents, _events, _head, _tree, _chains, _tiles):
        # The first is enough: a rule may rest on those before it.
        for broken in broken_rules(log, batch):
            raise BrokenRuleError(broken)


def _mutable(_log: MemoryLog, part: object) -> Iterator[str]:
    if is_dataclass(part) and not isinstance(part, type):
        if not getattr(part, "__dataclass_params__").frozen:  # noqa: B009 - typeshed does not declare it
            yield f"{type(part).__name__} can change after it was written"
        for field in fields(part):
            yield from _mutable(_log, getattr(part, field.name))
    elif isinstance(part, tuple):
        for item in part:
            yield from _mutable(_log, item)
    elif part is not None and type(part) not in {bytes, int, str, bool} and not isinstance(part, Enum):
        yield f"a value of type {type(part).__name__} is written"


def _entries(log: MemoryLog, batch: Batch) -> Iterator[str]:
    size = _size(log)
    if not batch.entries:
        yield "a batch without entries is written"
    if [entry.number for entry in batch.entries] != list(range(size, size + len(batch.entries))):
        yield f"the numbers of the entries do not go on from {size} without gaps"
    hashes = [entry.statement_hash for entry in batch.entries]
    if len(set(hashes)) != len(hashes) or any(map(log.entry_of, hashes)):
        yield "a statement is written twice"
    keys = [entry.duplicate_key for entry in batch.entries]
    if len(set(keys)) != len(keys) or log.registered(keys):
        yield "a duplicate key is written twice"


def _contents(_log: MemoryLog, batch: Batch) -> Iterator[str]:
    if [content.number for content in batch.contents] != [entry.number for entry in batch.entries]:
        yield "the contents are not those of the entries, one for each"


def _events(log: MemoryLog, batch: Batch) -> Iterator[str]:
    entries = {entry.number: entry for entry in batch.entries}
    numbers = [event.number for event in batch.events]
    if len(set(numbers)) != len(numbers) or not entries.keys() >= set(numbers):
        yield "the events are not of entries of the batch, one for each"
    for event in batch.events:
        entry = entries[event.number]
        if (event.chain_number, event.sequence) != (entry.chain_number, entry.sequence):
            yield f"event {event.number} stands elsewhere than its entry"
    for reference in batch.references:
        target = entries.get(reference.target) or log.entry(reference.target)
        if reference.number not in set(numbers):
            yield f"entry {reference.number} refers to others, and is no event of the batch"
        elif target is None or not 0 <= reference.target < reference.number:
            yield f"entry {reference.number} refers to entry {reference.target}, which is not before it"
        elif target.chain_number != entries[reference.number].chain_number:
            yield f"entry {reference.number} refers to entry {reference.target} of another chain"


def _head(log: MemoryLog, batch: Batch) -> Iterator[str]:
    before, after = log.head(), batch.head
    if after.tree.size != _size(log) + len(batch.entries):
        yield f"the head has size {after.tree.size} after {_size(log)} and {len(batch.entries)} entries"
    if batch.signature.size != after.tree.size:
        yield f"the signature is over size {batch.signature.size}, the head has {after.tree.size}"
    if (
        not 0 <= after.policy_entry <= after.rules_entry < after.tree.size
        or not 0 <= after.next_page <= after.tree.size
    ):
        yield "the head names entries that are not there"
    if before is None:
        return
    if after.tree.time < before.tree.time:
        yield f"the head's time goes from {before.tree.time} back to {after.tree.time}"
    old = (before.rules_entry, before.policy_entry, before.next_page, before.chain_count)
    new = (after.rules_entry, after.policy_entry, after.next_page, after.chain_count)
    if any(now < then for then, now in zip(old, new, strict=True)):
        yield f"the head goes back from {old} to {new}"


def _tree(log: MemoryLog, batch: Batch) -> Iterator[str]:
    before = log.head()
    leaves = [statement_leaf(entry.statement_hash) for entry in batch.entries]
    grown = grow(EMPTY_FRONTIER if before is None else before.frontier, leaves).after
    if batch.head.frontier.root() != batch.head.tree.root:
        yield "the frontier has another root than the tree head"
    if batch.head.frontier != grown:
        yield "the frontier is not that of the entries"


def _chains(log: MemoryLog, batch: Batch) -> Iterator[str]:
    begun = _chain_count(log)
    numbers = [chain.number for chain in batch.chains]
    new = sorted(number for number in numbers if number >= begun)
    ids = {chain.chain_id for chain in batch.chains}
    links: dict[int, list[Entry]] = {}
    for entry in batch.entries:
        links.setdefault(entry.chain_number, []).append(entry)
    if len(ids) != len(numbers) or set(numbers) != links.keys() or len(links) != len(numbers):
        yield "the chains are not those of the entries, one for each"
        return
    if new != list(range(begun, begun + len(new))) or batch.head.chain_count != begun + len(new):
        yield f"the numbers of the chains do not go on from {begun} without gaps, or are miscounted"
    for chain in batch.chains:
        yield from _chain(log, batch, chain, links[chain.number])


def _chain(log: MemoryLog, batch: Batch, chain: ChainHead, links: Sequence[Entry]) -> Iterator[str]:
    before = log.chain(chain.chain_id)
    expected = chain.number if chain.number < _chain_count(log) else None
    if expected != (None if before is None else before.number):
        yield f"chain {chain.number} has another id than before, or its id another number"
        return
    length = 0 if before is None else before.length
    if [entry.sequence for entry in links] != list(range(length, length + len(links))):
        yield f"the sequence of chain {chain.number} does not go on from {length} without gaps"
    if chain.length != length + len(links) or chain.chain_hash != links[-1].chain_hash:
        yield f"the head of chain {chain.number} is not what its last entry leaves"
    previous = None if before is None else before.chain_hash
    for entry in links:
        if previous is not None and entry.chain_hash != chain_hash(
            previous, entry.statement_hash, entry.decision_digest
        ):
            yield f"the chain hash of entry {entry.number} does not follow from the one before"
        previous = entry.chain_hash
    of_entries = {content.number: content.visibility for content in batch.contents}
    visible = [of_entries[entry.number] for entry in links]
    if chain.visibility is not reduce(narrower, visible if before is None else [before.visibility, *visible]):
        yield f"the visibility of chain {chain.number} is not the narrowest among its entries"


def _tiles(log: MemoryLog, batch: Batch) -> Iterator[str]:
    completed = full_tiles_completed(TreeSize(_size(log)), batch.head.tree.size)
    if tuple(tile.id for tile in batch.tiles) != completed:
        yield "the tiles are not those that become full, each once, lower levels first"
    for tile in batch.tiles:
        hashes = [tile.hashes[at : at + HASH_SIZE] for at in range(0, len(tile.hashes), HASH_SIZE)]
        if len(tile.hashes) != TILE_WIDTH * HASH_SIZE or hashes != _below(log, batch, tile.id):
            yield f"{tile.id} does not hold the 256 hashes below it"
        elif root_of(hashes) != tile.root:
            yield f"{tile.id} has another root than its hashes"


def _below(log: MemoryLog, batch: Batch, tile: TileId) -> list[bytes]:
    start, stop = tile.index * TILE_WIDTH, (tile.index + 1) * TILE_WIDTH
    if tile.level == 0:
        new = {entry.number: statement_leaf(entry.statement_hash) for entry in batch.entries}
        return [*log.leaf_hashes(start, stop), *(leaf for number, leaf in new.items() if start <= number < stop)]
    level = tile.level - 1
    roots = {new.id.index: new.root for new in batch.tiles if new.id.level == level}
    return [*log.tile_roots(level, start, stop), *(root for index, root in roots.items() if start <= index < stop)]


def _size(log: MemoryLog) -> int:
    head = log.head()
    return 0 if head is None else head.tree.size


def _chain_count(log: MemoryLog) -> int:
    head = log.head()
    return 0 if head is None else head.chain_count
