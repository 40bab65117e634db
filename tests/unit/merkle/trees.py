"""Leaves to test with, and every way to spoil a path that its verifier must notice."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from counterfoil.merkle.hashing import LeafHash, NodeHash, leaf_hash
from counterfoil.merkle.tree import NodeId

# Certificate Transparency's well-known test leaves, and the roots over the first 1 to 8 of them.
CT_ENTRIES = tuple(
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
CT_ROOTS = tuple(
    bytes.fromhex(root)
    for root in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
)


def leaves(count: int) -> list[LeafHash]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def cheap_leaves(count: int) -> list[LeafHash]:
    """Distinct, and not hashed: for trees where only the shape is of interest."""
    return [LeafHash(number.to_bytes(32, "big")) for number in range(count)]


def from_mapping(nodes: Mapping[NodeId, NodeHash]) -> Callable[[Sequence[NodeId]], list[NodeHash]]:
    return lambda wanted: [nodes[node] for node in wanted]


def flip(value: bytes, bit: int = 0) -> bytes:
    return bytes([value[0] ^ (1 << bit)]) + value[1:]


def spoiled(path: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    """Each element changed, dropped, doubled, shortened, lengthened; each pair swapped; either end extended."""
    whole = tuple(path)
    stranger = b"\x5a" * 32
    yield (*whole, stranger)
    yield (stranger, *whole)
    for at, element in enumerate(whole):
        before, after = whole[:at], whole[at + 1 :]
        yield (*before, flip(element), *after)
        yield (*before, element[:-1] + bytes([element[-1] ^ 0x80]), *after)
        yield (*before, *after)
        yield (*before, element, element, *after)
        yield (*before, element[:-1], *after)
        yield (*before, element + b"\x00", *after)
        yield (*before, b"", *after)
        for other in range(at):
            yield (*whole[:other], element, *whole[other + 1 : at], whole[other], *after)


# What is no size, no index and no hash, of the wrong type or out of bounds.
NO_NUMBERS: tuple[object, ...] = (
    -1,
    -(2**80),
    2**63,
    2**80,
    10**5000,
    True,
    False,
    1.0,
    float("nan"),
    "1",
    b"1",
    None,
    [],
    (),
)
NO_HASHES: tuple[object, ...] = (b"", bytes(31), bytes(33), bytearray(32), "0" * 32, 0, None, list(bytes(32)))
NO_PATHS: tuple[object, ...] = (
    None,
    3,
    "",
    "ab",
    b"",
    bytes(32),
    {},
    {1: bytes(32)},
    iter([bytes(32)]),
    object(),
    [None],
    [3],
)
