"""A check that a store agrees with itself: written for tests, apart from the checks the product ships."""

from hashlib import sha256

from counterfoil.merkle.hashing import HASH_SIZE, TreeSize
from counterfoil.merkle.tiles import TILE_WIDTH, full_tiles_completed
from counterfoil.merkle.tree import root_of
from counterfoil.receipt.leaf import statement_leaf
from tests.contract.stores import Store, everything


def check_whole(store: Store) -> int:
    """Entries, contents, tiles, heads, signatures, chains and head row name one log. Returns its size."""
    held = everything(store)
    if held.head is None:
        assert held == type(held)(None, (), (), (), (), (), (), (), ())
        return 0
    size = held.head.tree.size
    assert [entry.number for entry in held.entries] == list(range(size))
    assert held.content_numbers == tuple(range(size))
    for content in held.contents:
        assert content is not None
        assert sha256(content.statement).digest() == held.entries[content.number].statement_hash
    leaves = [statement_leaf(entry.statement_hash) for entry in held.entries]
    assert held.head.frontier.root() == held.head.tree.root == root_of(leaves)
    assert held.tree_heads[-1] == held.head.tree
    assert all(head.root == root_of(leaves[: head.size]) for head in held.tree_heads)
    assert [signature.size for signature in held.signatures] == [head.size for head in held.tree_heads]
    assert {tile.id for tile in held.tiles} == set(full_tiles_completed(TreeSize(0), size))
    for tile in held.tiles:
        if tile.id.level == 0:
            start = tile.id.index * TILE_WIDTH
            assert tile.hashes == b"".join(leaves[start : start + TILE_WIDTH])
        assert tile.root == root_of([tile.hashes[at : at + HASH_SIZE] for at in range(0, len(tile.hashes), HASH_SIZE)])
    assert len(held.chains) == held.head.chain_count
    for chain in held.chains:
        links = [entry for entry in held.entries if entry.chain_number == chain.number]
        assert [entry.sequence for entry in links] == list(range(chain.length))
        assert links[-1].chain_hash == chain.chain_hash
    return size
