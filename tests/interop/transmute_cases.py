"""Everything that @transmute/cose is asked, by name."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1
from counterfoil.encoding.cbor import encode
from counterfoil.merkle.hashing import leaf_hash
from counterfoil.receipt.parse import parse_receipt
from counterfoil.signing.generate import generate_private_key
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT, sign_statement
from tests.interop.grown_logs import LOGS, GrownLog, Step
from tests.interop.receipt_mutations import BAD, HARMLESS, flip
from tests.interop.transmute import Es256Key, Json, consistency_case, inclusion_case

Item = TypeVar("Item")

ES256_LOGS = [name for name, (_, algorithm) in LOGS.items() if algorithm == "ES256"]
CHANGED = "growing batches"
AT = 5

THEIR_KEY = Es256Key.generate()
THEIR_KID = b"11"
THEIR_PAYLOAD = b'{"from":"elsewhere"}'
THEIR_ENTRIES = [sha256(b"%d" % number).digest() for number in range(9)]
THEIR_LEAVES = [leaf_hash(entry) for entry in THEIR_ENTRIES]
THEIR_SIZES = range(1, len(THEIR_LEAVES))

STATEMENT = sign_statement(generate_private_key("ES256"))
"""One of ours, to which their side attaches receipts."""

_MOST = 90
"""One answer takes their side 7 ms; so many of each kind and log keep the whole run at a few seconds."""


def all_cases(logs: Mapping[str, GrownLog]) -> list[Json]:
    """Every case, about 500 of them."""
    return [
        *(case for name in ES256_LOGS for case in _log_cases(name, logs[name])),
        *_changed_cases(logs[CHANGED]),
        *_consistency_cases(logs[CHANGED]),
        *(_issued_case(size) for size in THEIR_SIZES),
        _statement_case(),
        _transparent_case(logs[CHANGED]),
        {"name": "leaf", "kind": "leaf", "entry": logs[CHANGED].hashes[AT].hex()},
    ]


def thin(items: Iterable[Item]) -> Iterator[tuple[int, Item]]:
    """Items from the whole range, with their numbers, but not many more than their side can take."""
    listed = list(items)
    return ((number, listed[number]) for number in range(0, len(listed), max(1, round(len(listed) / _MOST))))


def is_power_of_two(size: int) -> bool:
    """Whether the tree of that size is perfect."""
    return size.bit_count() == 1


def with_first_root(step: Step, grown: GrownLog) -> bytes:
    """The receipt with the first root in front of its path; the signature does not cover that."""
    return _with_path(step, [grown.roots[step.first], *parse_receipt(step.receipt).consistency[0].path])


def _with_path(step: Step, path: list[bytes]) -> bytes:
    message = parse_receipt(step.receipt).message
    proof = encode([step.first, step.second, list(path)])
    return encode_sign1(message.protected_bytes, {labels.VDP: {labels.CONSISTENCY: [proof]}}, None, message.signature)


def _log_cases(name: str, grown: GrownLog) -> Iterator[Json]:
    key = grown.source.keys().trusted[0]
    for number, handed in thin(grown.handed):
        leaf = leaf_hash(grown.hashes[handed.number])
        yield inclusion_case(f"{name}, receipt {number}", handed.receipt, leaf, key)
    for number, step in thin(grown.steps()):
        roots = grown.roots[step.first], grown.roots[step.second]
        yield consistency_case(f"{name}, step {number}", step.receipt, *roots, key)
        if is_power_of_two(step.first):
            receipt = with_first_root(step, grown)
            yield consistency_case(f"{name}, step {number} with the first root", receipt, *roots, key)


def _changed_cases(grown: GrownLog) -> Iterator[Json]:
    receipt, key = grown.source.fresh(AT), grown.source.keys().trusted[0]
    leaf, other = leaf_hash(grown.hashes[AT]), Es256Key.generate().public
    for name, change in {**BAD, **HARMLESS}.items():
        yield inclusion_case(name, change(receipt), leaf, key)
    yield inclusion_case("another leaf", receipt, flip(leaf), key)
    yield inclusion_case("another key", receipt, leaf, other)


def _consistency_cases(grown: GrownLog) -> Iterator[Json]:
    step = next(step for step in grown.steps() if not is_power_of_two(step.first))
    receipt, key, other = step.receipt, grown.source.keys().trusted[0], Es256Key.generate().public
    old, new = grown.roots[step.first], grown.roots[step.second]
    path = parse_receipt(receipt).consistency[0].path
    yield consistency_case("another first root", receipt, flip(old), new, key)
    yield consistency_case("another second root", receipt, old, flip(new), key)
    yield consistency_case("the roots exchanged", receipt, new, old, key)
    yield consistency_case("another key for the step", receipt, old, new, other)
    yield consistency_case("a bit of the step's path", _with_path(step, [*path[:-1], flip(path[-1])]), old, new, key)


def _issued_case(size: int) -> Json:
    leaves = [leaf.hex() for leaf in THEIR_LEAVES]
    case = {"name": f"issued {size}", "kind": "issued", "size": size, "index": size - 1, "leaves": leaves}
    return {**case, "kid": THEIR_KEY.public.thumbprint.hex(), "jwk": THEIR_KEY.jwk()}


def _statement_case() -> Json:
    claims = {"issuer": ISSUER, "subject": SUBJECT, "issuedAt": START}
    case = {"name": "statement", "kind": "statement", "kid": THEIR_KID.hex(), "contentType": CONTENT_TYPE, **claims}
    return {**case, "payload": THEIR_PAYLOAD.hex(), "jwk": THEIR_KEY.jwk()}


def _transparent_case(grown: GrownLog) -> Json:
    receipts = [handed.receipt.hex() for handed in grown.handed[:2]]
    return {"name": "transparent", "kind": "transparent", "statement": STATEMENT.hex(), "receipts": receipts}
