"""Receipts of ours: to the byte, verified, and refused after every mutation."""

import pytest

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import encode_sign1, parse_sign1, sign_sign1
from counterfoil.cose.verify_signature import normalise_signature
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    CounterfoilError,
    InclusionInvalidError,
    MalformedError,
    MalformedProofError,
    MalformedReceiptError,
    RootMismatchError,
    SignatureInvalidError,
    SizeMismatchError,
    StructureUnsupportedError,
)
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import LeafHash, LeafIndex, NodeHash, TreeSize, leaf_hash
from counterfoil.merkle.inclusion import inclusion_path
from counterfoil.merkle.tree import EMPTY_FRONTIER, Growth, grow
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.parse import MAX_PROOFS, parse_receipt
from counterfoil.receipt.tree_head import TreeHead, sign_head
from counterfoil.receipt.verify import verify_consistency_receipt, verify_inclusion_receipt
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.identity import parse_origin

SIGNER = generate_private_key("ES256")
KEY = SIGNER.public_key
IDENTITY = parse_origin("log.example/agents")
LEAVES = [leaf_hash(bytes([n])) for n in range(11)]
OLD = 7


def _growth(count: int) -> Growth:
    return grow(EMPTY_FRONTIER, LEAVES[:count])


GROWN = _growth(len(LEAVES))
HEAD = TreeHead(TreeSize(len(LEAVES)), GROWN.after.root(), 1_800_000_000)
SIGNED = SignedHead(IDENTITY, HEAD, KEY, sign_head(SIGNER, IDENTITY, HEAD))
OLD_ROOT = _growth(OLD).after.root()


def inclusion(index: int) -> bytes:
    nodes = GROWN.nodes
    path = inclusion_path(LeafIndex(index), HEAD.size, lambda wanted: [nodes[node] for node in wanted])
    return SIGNED.inclusion_receipt(index, path)


def consistency() -> bytes:
    nodes = GROWN.nodes
    path = consistency_path(TreeSize(OLD), HEAD.size, lambda wanted: [nodes[node] for node in wanted])
    return SIGNED.consistency_receipt(OLD, path)


def rebuilt(data: bytes, *, proofs: CborValue = None, payload: bytes | None = None, **headers: CborValue) -> bytes:
    """The receipt with its unprotected proofs, payload or protected header replaced; the signature stays."""
    message = parse_sign1(data, max_bytes=len(data))
    protected: dict[int | str, CborValue] = {**message.protected}
    protected.update({int(name[1:]): value for name, value in headers.items()})
    unprotected: dict[int | str, CborValue] = {**message.unprotected}
    if proofs is not None:
        unprotected = {labels.VDP: proofs}
    protected_bytes = encode(protected) if headers else message.protected_bytes
    return encode_sign1(protected_bytes, unprotected, payload, message.signature)


def verify(data: bytes, leaf: LeafHash, key: PublicKey = KEY) -> int:
    return verify_inclusion_receipt(parse_receipt(data), leaf, key).leaf_index


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_every_leaf_has_a_receipt_that_verifies(index: int) -> None:
    verified = verify_inclusion_receipt(parse_receipt(inclusion(index)), LEAVES[index], KEY)
    assert (verified.head, verified.leaf_index, verified.key) == (HEAD, index, KEY)
    assert (verified.log_issuer, verified.log_name) == (IDENTITY.issuer, IDENTITY.log_name)


def test_the_header_is_as_rfc_9942_and_9943_ask() -> None:
    message = parse_sign1(inclusion(3), max_bytes=4096)
    assert dict(message.protected) == {
        1: -7,
        4: KEY.thumbprint,
        15: {1: "https://log.example/agents", 2: "log.example/agents", 6: 1_800_000_000, "tree-size": 11},
        395: 1,
    }
    assert list(message.unprotected) == [396]
    assert message.payload is None


def test_one_signature_serves_every_receipt_of_a_head() -> None:
    signatures = {parse_sign1(inclusion(n), max_bytes=4096).signature for n in range(len(LEAVES))}
    signatures.add(parse_sign1(consistency(), max_bytes=4096).signature)
    assert len(signatures) == 1


def test_a_head_signature_is_never_the_larger_twin() -> None:
    for time in range(24):
        signature = sign_head(SIGNER, IDENTITY, TreeHead(HEAD.size, HEAD.root, time)).signature
        assert normalise_signature(SIGNER.algorithm, signature) == signature


def test_a_consistency_receipt_verifies() -> None:
    verified = verify_consistency_receipt(parse_receipt(consistency()), OLD_ROOT, KEY)
    assert (verified.first_size, verified.head) == (OLD, HEAD)


def test_a_consistency_receipt_says_whether_its_sizes_are_signed() -> None:
    assert verify_consistency_receipt(parse_receipt(consistency()), OLD_ROOT, KEY).size_is_signed
    proofs = parse_sign1(consistency(), max_bytes=4096).unprotected
    unsized = sign_sign1(SIGNER, {labels.VDS: 1}, HEAD.root, unprotected=proofs, detached=True)
    assert not verify_consistency_receipt(parse_receipt(unsized), OLD_ROOT, KEY).size_is_signed


def test_both_kinds_are_read_with_an_attached_root() -> None:
    assert verify(rebuilt(inclusion(3), payload=HEAD.root), LEAVES[3]) == 3
    attached = parse_receipt(rebuilt(consistency(), payload=HEAD.root))
    assert verify_consistency_receipt(attached, OLD_ROOT, KEY).head == HEAD
    with pytest.raises(RootMismatchError):
        verify(rebuilt(inclusion(3), payload=bytes(32)), LEAVES[3])


def test_a_bare_consistency_proof_is_read() -> None:
    message = parse_sign1(consistency(), max_bytes=4096)
    proofs = message.unprotected[labels.VDP]
    assert isinstance(proofs, dict)
    array = proofs[labels.CONSISTENCY]
    assert isinstance(array, tuple)
    bare = rebuilt(consistency(), proofs={labels.CONSISTENCY: array[0]})
    assert verify_consistency_receipt(parse_receipt(bare), OLD_ROOT, KEY).first_size == OLD


def test_another_leaf_another_key_another_root_are_refused() -> None:
    with pytest.raises(SignatureInvalidError):
        verify(inclusion(3), LEAVES[4])
    with pytest.raises(SignatureInvalidError):
        verify(inclusion(3), LEAVES[3], generate_private_key("ES256").public_key)
    with pytest.raises(AlgorithmKeyMismatchError):
        verify(inclusion(3), LEAVES[3], generate_private_key("EdDSA").public_key)
    with pytest.raises(RootMismatchError):
        verify_consistency_receipt(parse_receipt(consistency()), NodeHash(bytes(32)), KEY)


def test_a_receipt_of_one_kind_is_not_one_of_the_other() -> None:
    with pytest.raises(MalformedProofError):
        verify_consistency_receipt(parse_receipt(inclusion(3)), OLD_ROOT, KEY)
    with pytest.raises(CounterfoilError):
        verify(consistency(), LEAVES[3])


def test_no_flipped_bit_changes_what_a_receipt_says() -> None:
    data, honest = inclusion(3), verify_inclusion_receipt(parse_receipt(inclusion(3)), LEAVES[3], KEY)
    for position in range(len(data)):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]
            try:
                verified = verify_inclusion_receipt(parse_receipt(changed), LEAVES[3], KEY)
            except CounterfoilError:
                continue
            assert verified == honest


@pytest.mark.parametrize(
    "proof",
    [
        b"",
        encode([11, 3]),
        encode([11, 3, [], 1]),
        encode(["11", 3, []]),
        encode([-1, 3, []]),
        encode([True, 3, []]),
        encode([11, 3, b"path"]),
        encode([11, 3, ["text"]]),
        encode([11, 3, [bytes(31)]]),
        encode([11, 3, [bytes(32)] * 129]),
        encode({1: 2}),
        encode([11, 3, []]) + b"\x00",
    ],
    ids=lambda proof: proof.hex()[:24],
)
def test_malformed_proofs_are_refused(proof: bytes) -> None:
    for kind in (labels.INCLUSION, labels.CONSISTENCY):
        with pytest.raises(MalformedError):
            parse_receipt(rebuilt(inclusion(3), proofs={kind: [proof]}))


@pytest.mark.parametrize(
    "proofs",
    [{}, {labels.INCLUSION: ()}, {labels.INCLUSION: (1,)}, {labels.INCLUSION: "x"}, {-3: (b"x",)}, 5, b"x"],
    ids=repr,
)
def test_malformed_proof_maps_are_refused(proofs: CborValue) -> None:
    with pytest.raises(MalformedError):
        parse_receipt(rebuilt(inclusion(3), proofs=proofs))


def test_a_list_of_proofs_is_bounded() -> None:
    good = encode([11, 3, [bytes(32)] * 4])
    assert len(parse_receipt(rebuilt(inclusion(3), proofs={labels.INCLUSION: [good] * MAX_PROOFS})).inclusion) == 8
    with pytest.raises(MalformedProofError):
        parse_receipt(rebuilt(inclusion(3), proofs={labels.INCLUSION: [good] * (MAX_PROOFS + 1)}))


def test_a_wrong_proof_does_not_hide_a_right_one() -> None:
    message = parse_sign1(inclusion(3), max_bytes=4096)
    honest = message.unprotected[labels.VDP]
    assert isinstance(honest, dict)
    (proof,) = honest[labels.INCLUSION]
    both = rebuilt(inclusion(3), proofs={labels.INCLUSION: [encode([11, 4, [bytes(32)] * 4]), proof]})
    assert verify(both, LEAVES[3]) == 3


@pytest.mark.parametrize("index", [11, 12, 2**63 - 1])
def test_a_leaf_outside_the_tree_is_refused(index: int) -> None:
    proof = encode([11, index, [bytes(32)] * 4])
    with pytest.raises(InclusionInvalidError):
        verify(rebuilt(inclusion(3), proofs={labels.INCLUSION: [proof]}), LEAVES[3])


def test_another_size_that_leads_to_the_same_root_is_refused() -> None:
    message = parse_sign1(inclusion(0), max_bytes=4096)
    honest = message.unprotected[labels.VDP]
    assert isinstance(honest, dict)
    (proof,) = honest[labels.INCLUSION]
    for size in range(9, 17):
        stretched = encode([size, 0]).replace(b"\x82", b"\x83", 1) + proof[3:]
        data = rebuilt(inclusion(0), proofs={labels.INCLUSION: [stretched]})
        if size == HEAD.size:
            assert verify(data, LEAVES[0]) == 0
        else:
            with pytest.raises(SizeMismatchError):
                verify(data, LEAVES[0])


@pytest.mark.parametrize("size", [True, -1, "11", None, b""])
def test_a_signed_size_that_is_none_is_malformed(size: CborValue) -> None:
    with pytest.raises(MalformedReceiptError):
        parse_receipt(rebuilt(inclusion(3), h15={1: "i", 2: "s", "tree-size": size}))


@pytest.mark.parametrize("structure", [0, 2, 3, -1])
def test_another_structure_is_unsupported_and_never_a_pass(structure: int) -> None:
    with pytest.raises(StructureUnsupportedError):
        parse_receipt(rebuilt(inclusion(3), h395=structure))


@pytest.mark.parametrize("structure", [None, "1", True, b"\x01"])
def test_a_structure_that_is_no_integer_is_malformed(structure: CborValue) -> None:
    with pytest.raises(MalformedReceiptError):
        parse_receipt(rebuilt(inclusion(3), h395=structure))


def test_a_structure_in_the_unprotected_header_counts_for_nothing() -> None:
    proofs: CborValue = {labels.INCLUSION: [encode([1, 0, []])]}
    data = sign_sign1(SIGNER, {}, HEAD.root, unprotected={labels.VDS: 1, labels.VDP: proofs}, detached=True)
    with pytest.raises(MalformedReceiptError):
        parse_receipt(data)


def test_a_receipt_without_claims_or_kid_is_still_one_of_rfc_9942() -> None:
    leaf = leaf_hash(b"alone")
    proofs: CborValue = {labels.INCLUSION: [encode([1, 0, []])]}
    data = sign_sign1(SIGNER, {labels.VDS: 1}, leaf, unprotected={labels.VDP: proofs}, detached=True)
    verified = verify_inclusion_receipt(parse_receipt(data), leaf, KEY)
    assert (verified.log_issuer, verified.log_name, verified.head.time) == (None, None, 0)
