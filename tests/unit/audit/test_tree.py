from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.audit.tree import peaks_from_tiles
from counterfoil.merkle.hashing import HASH_SIZE, leaf_hash, node_hash
from counterfoil.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TilePath
from counterfoil.merkle.tree import cover

SIZE = 66_000
ROWS: list[list[bytes]] = [[leaf_hash(sha256(b"%d" % number).digest()) for number in range(SIZE)]]
while len(ROWS[-1]) > 1:
    children = iter(ROWS[-1])
    ROWS.append([node_hash(*pair) for pair in zip(children, children, strict=False)])


def tile(path: TilePath) -> bytes:
    """A tile as a service of that size serves it."""
    row, start = ROWS[path.tile.level * TILE_HEIGHT], path.tile.index * TILE_WIDTH
    assert start + path.width <= len(row), "no such tile is there"
    return b"".join(row[start : start + path.width])


@settings(deadline=None, max_examples=100)
@given(st.integers(0, SIZE) | st.sampled_from([0, 1, 255, 256, 257, 65535, 65536, 65537, 65792, SIZE]))
def test_peaks_are_the_subtrees_of_the_first_entries(size: int) -> None:
    read: list[TilePath] = []

    def noted(path: TilePath) -> bytes:
        read.append(path)
        return tile(path)

    peaks = peaks_from_tiles(size, noted)
    assert peaks == [ROWS[level][place] for level, place in cover(0, size)]
    levels = [path.tile.level for path in read]
    assert len(levels) == len(set(levels)), "at most one tile of a level is read"


def test_what_a_tile_holds_decides_what_the_peaks_are() -> None:
    wrong = peaks_from_tiles(300, lambda path: bytes(path.width * HASH_SIZE))
    assert wrong != peaks_from_tiles(300, tile)
