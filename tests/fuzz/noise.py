"""Inputs: garbage, CBOR that is well-formed more often than not, messages of the right shape, and mutations."""

from collections.abc import Callable, Sequence
from random import Random

from counterfoil.cose.sign1 import encode_sign1, parse_sign1

Make = Callable[[Random], bytes]

_MAX_GARBAGE = 300
_LENGTHS = (
    0,
    1,
    23,
    24,
    31,
    32,
    33,
    127,
    128,
    255,
    256,
    512,
    513,
    65_535,
    65_536,
    2**31,
    2**32,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
_LABELS = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    13,
    15,
    16,
    18,
    32,
    33,
    34,
    35,
    258,
    259,
    260,
    391,
    394,
    395,
    396,
    -1,
    -2,
    -3,
    0,
    2**64 - 1,
)
_VALUES = (-7, -8, -19, -35, -37, -16, -43, -44, 0, 1, 2, 1_800_000_000, 253_402_300_800, -(2**64), 2**64 - 1)
_TEXTS = (
    "https://agent.example",
    "https://log.example/agents",
    "log.example/agents",
    "trace-7f3c2a90",
    "application/json",
)
_HEAD_SIZES = ((24, 1), (25, 2), (26, 4), (27, 8))
_FIRST_LONG = 24
_CONTAINERS = (2, 3, 4, 5)


def garbage(rng: Random) -> bytes:
    return rng.randbytes(rng.randrange(_MAX_GARBAGE))


def head(rng: Random, major: int, argument: int) -> bytes:
    """A head of a CBOR item: usually right, sometimes longer than need be, rarely one that nobody may send."""
    if rng.random() < 0.02:
        return bytes([major << 5 | rng.randrange(28, 32)])
    fitting = [(short, size) for short, size in _HEAD_SIZES if argument < 1 << 8 * size]
    if argument < _FIRST_LONG and rng.random() < 0.95:
        return bytes([major << 5 | argument])
    short, size = fitting[0] if rng.random() < 0.95 else rng.choice(fitting)
    return bytes([major << 5 | short]) + argument.to_bytes(size, "big")


def integer(rng: Random) -> bytes:
    value = rng.choice(_VALUES) if rng.random() < 0.5 else rng.choice(_LENGTHS)
    return head(rng, 0, value) if value >= 0 else head(rng, 1, -1 - value)


def byte_string(rng: Random, content: bytes | None = None) -> bytes:
    data = rng.randbytes(rng.choice((0, 1, 16, 31, 32, 33, 64, 96))) if content is None else content
    return head(rng, 2, len(data)) + data


def text(rng: Random) -> bytes:
    chosen = rng.choice((*_TEXTS, "", "\x00", "\u00e9", "\U0001f916" * rng.randrange(1, 140)))
    data = chosen.encode() if rng.random() < 0.95 else rng.randbytes(rng.randrange(20))
    return head(rng, 3, len(data)) + data


def item(rng: Random, depth: int = 0) -> bytes:
    """Any CBOR item; the deeper, the more often one that holds nothing."""
    holders = () if depth >= rng.choice((2, 4, 20)) else (_tagged, mapping, _list, _list)
    makers: tuple[Callable[[Random, int], bytes], ...] = (_integer_at, _bytes_at, _text_at, _simple, *holders)
    return rng.choice(makers)(rng, depth)


def _integer_at(rng: Random, _depth: int) -> bytes:
    return integer(rng)


def _bytes_at(rng: Random, _depth: int) -> bytes:
    return byte_string(rng)


def _text_at(rng: Random, _depth: int) -> bytes:
    return text(rng)


def _simple(rng: Random, _depth: int) -> bytes:
    floats = (b"\xf9\x7e\x00", b"\xfb" + rng.randbytes(8))
    return rng.choice((b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf8\x20", *floats))


def _tagged(rng: Random, depth: int) -> bytes:
    return head(rng, 6, rng.choice((0, 1, 2, 18, 24, 30, 55_799))) + item(rng, depth + 1)


def _list(rng: Random, depth: int) -> bytes:
    return array([item(rng, depth + 1) for _ in range(rng.randrange(5))], rng)


def array(items: Sequence[bytes], rng: Random) -> bytes:
    return head(rng, 4, len(items)) + b"".join(items)


def mapping(rng: Random, depth: int = 0) -> bytes:
    count = rng.randrange(6)
    keys = [text(rng) if rng.random() < 0.1 else label(rng) for _ in range(count)]
    return head(rng, 5, count) + b"".join(key + item(rng, depth + 1) for key in keys)


def label(rng: Random) -> bytes:
    value = rng.choice(_LABELS)
    return head(rng, 0, value) if value >= 0 else head(rng, 1, -1 - value)


def message(rng: Random) -> bytes:
    """Something of the shape of a COSE_Sign1, with headers that mean something here, or nearly."""
    protected = byte_string(rng, header(rng) if rng.random() < 0.95 else garbage(rng))
    unprotected = b"\xa0" if rng.random() < 0.5 else mapping(rng)
    if rng.random() < 0.2:
        proofs = array([byte_string(rng, proof(rng)) for _ in range(rng.randrange(3))], rng)
        unprotected = b"\xa1\x19\x01\x8c" + b"\xa1" + rng.choice((b"\x20", b"\x21")) + proofs
    payload = rng.choice((b"\xf6", byte_string(rng), byte_string(rng, rng.randbytes(32))))
    return b"\xd2" + array([protected, unprotected, payload, byte_string(rng, rng.randbytes(64))], rng)


def header(rng: Random) -> bytes:
    """A protected header: the entries that most messages have, each missing or wrong now and then."""
    claims = b"\xa2\x01" + text(rng) + b"\x02" + text(rng)
    entries = [
        (b"\x01", rng.choice((b"\x26", integer(rng)))),
        (b"\x03", rng.choice((text(rng), integer(rng)))),
        (b"\x04", byte_string(rng)),
        (b"\x0f", rng.choice((claims, mapping(rng)))),
        (b"\x02", array([label(rng) for _ in range(rng.randrange(3))], rng)),
        (b"\x18\x22", array([integer(rng), byte_string(rng)], rng)),
        (b"\x18\x21", rng.choice((byte_string(rng), array([byte_string(rng), byte_string(rng)], rng)))),
        (b"\x19\x01\x02", integer(rng)),
        (b"\x19\x01\x8b", rng.choice((b"\x01", integer(rng)))),
        (label(rng), item(rng)),
    ]
    kept = [entry for entry in entries if rng.random() < 0.5]
    return head(rng, 5, len(kept)) + b"".join(key + value for key, value in kept)


def proof(rng: Random) -> bytes:
    path = array([byte_string(rng, rng.randbytes(32)) for _ in range(rng.randrange(6))], rng)
    return array([integer(rng), integer(rng), path], rng)


def mutation(rng: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, changed in one to four places."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        if data:
            rng.choice(_CHANGES)(rng, data, seeds)
    return bytes(data)


def rewrapped(rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A real message with one of its parts changed, and every length around it put right."""
    message = parse_sign1(rng.choice(seeds), max_bytes=2**20)
    parts = [message.protected_bytes, message.payload or b"", message.signature]
    place = rng.choice((0, 0, 0, 1, 2))
    parts[place] = mutation(rng, [parts[place] or b"\x00"])
    unprotected = message.unprotected if rng.random() < 0.8 else {}
    return encode_sign1(parts[0], unprotected, None if rng.random() < 0.05 else parts[1], parts[2])


def _flip(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _put(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _truncate(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data)) :]


def _insert(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice((rng.randbytes(rng.randrange(1, 9)), item(rng)))


def _remove(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 40)]


def _repeat(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 60)] * rng.choice((1, 1, 2, 30))


def _splice(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    at, start = rng.randrange(len(data)), rng.randrange(len(other))
    stop = start + rng.randrange(1, 200)
    data[at : at + rng.choice((0, stop - start))] = other[start:stop]


def _change_length(rng: Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    """Let what may be the head of a string, an array or a map announce another length."""
    heads = [at for at, byte in enumerate(data[:4000]) if byte >> 5 in _CONTAINERS]
    if heads:
        at = rng.choice(heads)
        argument = rng.choice((*_LENGTHS, (data[at] & 31) + rng.choice((-1, 1)) & 31))
        data[at : at + 1] = head(rng, data[at] >> 5, argument)


_CHANGES = (_flip, _flip, _put, _truncate, _insert, _remove, _repeat, _splice, _change_length)


def make_input(rng: Random, seeds: Sequence[bytes], messages: Sequence[bytes]) -> bytes:
    """One input; ``messages`` are those of the seeds that are COSE_Sign1."""
    kind = rng.random()
    if kind < 0.35:
        return mutation(rng, messages)
    if kind < 0.6:
        return mutation(rng, seeds)
    if kind < 0.8:
        return rewrapped(rng, messages)
    if kind < 0.9:
        return message(rng)
    return item(rng) if kind < 0.97 else garbage(rng)
