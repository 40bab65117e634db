"""What may be done to an inclusion receipt on its way, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, Limits, decode, encode

Headers = dict[int | str, CborValue]
Mutation = Callable[[bytes], bytes]

_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """An inclusion receipt taken apart."""

    protected_bytes: bytes
    size: int
    index: int
    path: tuple[bytes, ...]
    signature: bytes

    @property
    def protected(self) -> Headers:
        """The protected header, read."""
        header = decode(self.protected_bytes, Limits(_MAX))
        assert isinstance(header, dict)
        return header

    def with_protected(self, header: Headers) -> "Parts":
        """The same with another protected header."""
        return replace(self, protected_bytes=encode(header))

    def proof(self) -> bytes:
        """The proof as it stands in the array."""
        return encode([self.size, self.index, list(self.path)])

    def join(self, **overrides: CborValue) -> bytes:
        """The receipt again; ``proofs``, ``unprotected`` and ``payload`` take the place of what belongs there."""
        proofs = overrides.get("proofs", [self.proof()])
        unprotected = overrides.get("unprotected", {labels.VDP: {labels.INCLUSION: proofs}})
        payload = overrides.get("payload")
        assert isinstance(unprotected, dict)
        assert isinstance(payload, bytes | None)
        return encode_sign1(self.protected_bytes, unprotected, payload, self.signature)


def take_apart(receipt: bytes) -> Parts:
    """The parts of an inclusion receipt with one proof."""
    message = parse_sign1(receipt, max_bytes=_MAX)
    match message.unprotected:
        case {labels.VDP: {labels.INCLUSION: [bytes(proof)]}}:
            size, index, path = _members(proof)
            return Parts(message.protected_bytes, size, index, path, message.signature)
        case _:
            raise AssertionError("not an inclusion receipt with one proof")


def _members(proof: bytes) -> tuple[int, int, tuple[bytes, ...]]:
    match decode(proof, Limits(_MAX)):
        case [int(size), int(index), tuple(path)]:
            return size, index, tuple(step for step in path if isinstance(step, bytes))
        case _:
            raise AssertionError("not an inclusion proof")


def flip(data: bytes, at: int = 0) -> bytes:
    """The same bytes with one bit turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _of_parts(change: Callable[[Parts], bytes]) -> Mutation:
    return lambda receipt: change(take_apart(receipt))


def _of_path(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Mutation:
    return _of_parts(lambda parts: replace(parts, path=change(parts.path)).join())


def _of_protected(*dropped: int, **changed: CborValue) -> Mutation:
    labelled: Headers = {getattr(labels, name): value for name, value in changed.items()}

    def mutate(parts: Parts) -> bytes:
        kept = {label: value for label, value in parts.protected.items() if label not in dropped}
        return parts.with_protected({**kept, **labelled}).join()

    return _of_parts(mutate)


def _swap_halves(signature: bytes) -> bytes:
    return signature[len(signature) // 2 :] + signature[: len(signature) // 2]


BAD: dict[str, Mutation] = {
    "a bit of the signature": _of_parts(lambda p: replace(p, signature=flip(p.signature, 40)).join()),
    "a shorter signature": _of_parts(lambda p: replace(p, signature=p.signature[:-1]).join()),
    "the halves of the signature": _of_parts(lambda p: replace(p, signature=_swap_halves(p.signature)).join()),
    "a signature of zeros": _of_parts(lambda p: replace(p, signature=bytes(len(p.signature))).join()),
    "another leaf index": _of_parts(lambda p: replace(p, index=p.index ^ 1).join()),
    "an index outside of the tree": _of_parts(lambda p: replace(p, index=p.size).join()),
    "half the tree size": _of_parts(lambda p: replace(p, size=p.size // 2).join()),
    "twice the tree size": _of_parts(lambda p: replace(p, size=p.size * 2).join()),
    "tree size 0": _of_parts(lambda p: replace(p, size=0).join()),
    "a bit of the path": _of_path(lambda path: (flip(path[0]), *path[1:])),
    "a bit at the path's end": _of_path(lambda path: (*path[:-1], flip(path[-1], 31))),
    "a path without its first": _of_path(lambda path: path[1:]),
    "a path without its last": _of_path(lambda path: path[:-1]),
    "a path with one too many": _of_path(lambda path: (*path, bytes(32))),
    "a path in reverse": _of_path(lambda path: path[::-1]),
    "an empty path": _of_path(lambda _path: ()),
    "a hash of 31 bytes": _of_path(lambda path: (path[0][:-1], *path[1:])),
    "the proof in pieces": _of_parts(lambda p: p.join(proofs=[p.proof()[:-1]])),
    "bytes behind the proof": _of_parts(lambda p: p.join(proofs=[p.proof() + b"\x00"])),
    "no proof": _of_parts(lambda p: p.join(proofs=[])),
    "a number for a proof": _of_parts(lambda p: p.join(proofs=[1 << 40])),
    "no vdp": _of_parts(lambda p: p.join(unprotected={})),
    "the proof as one of consistency": _of_parts(
        lambda p: p.join(unprotected={labels.VDP: {labels.CONSISTENCY: [p.proof()]}}),
    ),
    "another algorithm": _of_protected(ALG=-35),
    "no algorithm": _of_protected(labels.ALG),
    "another structure": _of_protected(VDS=3),
    "no structure": _of_protected(labels.VDS),
    "another kid": _of_protected(KID=bytes(32)),
    "other claims": _of_protected(CWT_CLAIMS={labels.CWT_ISS: "https://log.example/other"}),
    "a critical header": _of_protected(CRIT=["unknown"], TYP="unknown"),
    "another payload": _of_parts(lambda p: p.join(payload=bytes(32))),
    "the tag removed": lambda receipt: receipt[1:],
    "another tag": lambda receipt: b"\xd1" + receipt[1:],
    "bytes behind the receipt": lambda receipt: receipt + b"\x00",
    "the receipt in pieces": lambda receipt: receipt[:-1],
    "an array without a length": lambda receipt: receipt[:1] + b"\x9f" + receipt[2:] + b"\xff",
    "nothing": lambda _receipt: b"",
}
"""What no verifier may overlook, in a receipt with a path of two or more for a leaf that is not the last."""

HARMLESS: dict[str, Mutation] = {
    "nothing changed": lambda receipt: receipt,
    "a wrong proof before the right one": _of_parts(
        lambda p: p.join(proofs=[replace(p, path=(flip(p.path[0]), *p.path[1:])).proof(), p.proof()]),
    ),
    "another unprotected header": _of_parts(
        lambda p: p.join(unprotected={labels.VDP: {labels.INCLUSION: [p.proof()]}, "note": "unsigned"}),
    ),
}
"""Changes outside the signature that take nothing from what it says."""
