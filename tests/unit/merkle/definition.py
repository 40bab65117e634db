"""RFC 9162 as its text has it: the recursive definitions and the two verification algorithms, step by step.

Slow and literal on purpose. Subtree hashes are remembered by their range, nothing else is shortened.
"""

import hashlib
from collections.abc import Sequence


def hash_of_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_of_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _k(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


class Definition:
    """Section 2.1.1 (MTH), 2.1.3.1 (PATH) and 2.1.4.1 (PROOF) over fixed leaf hashes."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def mth(self, start: int, stop: int) -> bytes:
        if stop == start:
            return hashlib.sha256(b"").digest()
        if stop - start == 1:
            return self.leaves[start]
        if (start, stop) not in self._known:
            k = _k(stop - start)
            self._known[start, stop] = hash_of_node(self.mth(start, start + k), self.mth(start + k, stop))
        return self._known[start, stop]

    def root(self, size: int) -> bytes:
        return self.mth(0, size)

    def path(self, m: int, size: int) -> tuple[bytes, ...]:
        return self._path(m, 0, size)

    def _path(self, m: int, start: int, stop: int) -> tuple[bytes, ...]:
        n = stop - start
        if n == 1:
            return ()
        k = _k(n)
        if m < k:
            return (*self._path(m, start, start + k), self.mth(start + k, stop))
        return (*self._path(m - k, start + k, stop), self.mth(start, start + k))

    def proof(self, m: int, size: int) -> tuple[bytes, ...]:
        return self._subproof(m, 0, size, whole=True)

    def _subproof(self, m: int, start: int, stop: int, *, whole: bool) -> tuple[bytes, ...]:
        n = stop - start
        if m == n:
            return () if whole else (self.mth(start, stop),)
        k = _k(n)
        if m <= k:
            return (*self._subproof(m, start, start + k, whole=whole), self.mth(start + k, stop))
        return (*self._subproof(m - k, start + k, stop, whole=False), self.mth(start, start + k))


def root_by_section_2_1_3_2(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root the inclusion path leads to, or None where the algorithm fails the proof."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = hash_of_node(p, r)
            if not fn & 1:
                while True:
                    fn, sn = fn >> 1, sn >> 1
                    if fn & 1 or fn == 0:
                        break
        else:
            r = hash_of_node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def roots_by_section_2_1_4_2(
    first: int, second: int, first_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The two roots the consistency path leads to, or None where the algorithm fails the proof; first < second."""
    if not path:
        return None
    elements = [first_root, *path] if first & (first - 1) == 0 else list(path)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = elements[0]
    for c in elements[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            fr, sr = hash_of_node(c, fr), hash_of_node(c, sr)
            if not fn & 1:
                while True:
                    fn, sn = fn >> 1, sn >> 1
                    if fn & 1 or fn == 0:
                        break
        else:
            sr = hash_of_node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else None
