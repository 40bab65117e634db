"""The same changed receipts before both judges: scitt-cose and this project refuse alike, ours and theirs."""

from dataclasses import replace
from hashlib import sha256

import pytest
import scitt_cose

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey, public_key_pem
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.errors import MalformedError, StructureUnsupportedError, UnverifiedError
from counterfoil.receipt.parse import parse_receipt
from counterfoil.signing.generate import generate_key_pem, generate_private_key
from counterfoil.verify import log_keys_of, verify_receipt_for_entry
from tests.interop.grown_logs import GrownLog
from tests.interop.our_verdict import accepts_inclusion
from tests.interop.receipt_mutations import BAD, HARMLESS, Headers, flip, take_apart

ENTRIES = [sha256(b"%d" % number).digest() for number in range(11)]
AT = 5


@pytest.fixture(params=["ours", "theirs, ES256", "theirs, EdDSA"])
def receipt_and_key(
    request: pytest.FixtureRequest,
    grown_logs: dict[str, GrownLog],
) -> tuple[bytes, bytes, PublicKey]:
    """A receipt, the entry it speaks of, and the key of the log: from our log, or made by scitt-cose."""
    if request.param == "ours":
        grown = grown_logs["growing batches"]
        return grown.source.fresh(AT), grown.hashes[AT], grown.source.keys().trusted[0]
    _, _, algorithm = request.param.partition(", ")
    pem = generate_key_pem(algorithm)
    key = parse_private_key_pem(pem).public_key
    return _their_receipt(pem, algorithm, len(ENTRIES), AT, key.thumbprint), ENTRIES[AT], key


@pytest.mark.parametrize("name", BAD)
def test_both_refuse(name: str, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
    receipt, entry, key = receipt_and_key
    changed = BAD[name](receipt)
    assert changed != receipt
    assert not _they_accept(changed, entry, key)
    assert not accepts_inclusion(changed, entry, key)


@pytest.mark.parametrize("name", HARMLESS)
def test_both_accept(name: str, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
    receipt, entry, key = receipt_and_key
    changed = HARMLESS[name](receipt)
    assert _they_accept(changed, entry, key)
    assert accepts_inclusion(changed, entry, key)


def test_both_refuse_another_leaf(receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
    receipt, entry, key = receipt_and_key
    for other in (flip(entry), flip(entry, 31), sha256(entry).digest(), entry + b"\x00", b""):
        assert not _they_accept(receipt, other, key)
        assert not accepts_inclusion(receipt, other, key)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
def test_both_refuse_another_key(algorithm: str, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
    receipt, entry, _ = receipt_and_key
    other = generate_private_key(algorithm).public_key
    assert not _they_accept(receipt, entry, other)
    assert not accepts_inclusion(receipt, entry, other)


def test_every_receipt_of_theirs() -> None:
    pem = generate_key_pem("ES256")
    key = parse_private_key_pem(pem).public_key
    for size in range(1, len(ENTRIES) + 1):
        for index in range(size):
            receipt = _their_receipt(pem, "ES256", size, index, key.thumbprint)
            assert accepts_inclusion(receipt, ENTRIES[index], key)
            assert not accepts_inclusion(receipt, flip(ENTRIES[index]), key)


def test_the_offline_verifier_takes_what_they_take(receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
    receipt, entry, key = receipt_and_key
    verified = verify_receipt_for_entry(entry, receipt, log_keys_of(key))
    theirs = scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=public_key_pem(key))
    inclusion = verified.inclusion
    assert (inclusion.leaf_index, inclusion.tree_size) == (theirs.leaf_index, theirs.tree_size)
    assert (inclusion.log_issuer, inclusion.log_name) == (theirs.issuer, theirs.subject)
    assert (inclusion.root.hex(), inclusion.head_time) == (theirs.root, theirs.iat)


@pytest.mark.parametrize("name", BAD)
def test_the_offline_verifier_refuses_what_they_refuse(
    name: str, receipt_and_key: tuple[bytes, bytes, PublicKey]
) -> None:
    receipt, entry, key = receipt_and_key
    with pytest.raises((MalformedError, UnverifiedError)):
        verify_receipt_for_entry(entry, BAD[name](receipt), log_keys_of(key))


class TestWhatNoSignatureCovers:
    """RFC 9942 signs the root alone: where another size or index leads to the same root, nobody can tell."""

    @pytest.mark.parametrize(("size", "index", "other_size", "other_index"), [(5, 4, 2, 1), (5, 0, 6, 0), (7, 1, 8, 1)])
    def test_both_take_a_size_and_index_of_the_same_root(
        self, size: int, index: int, other_size: int, other_index: int
    ) -> None:
        pem = generate_key_pem("ES256")
        key = parse_private_key_pem(pem).public_key
        parts = take_apart(_their_receipt(pem, "ES256", size, index, key.thumbprint))
        changed = replace(parts, size=other_size, index=other_index).join()
        assert _they_accept(changed, ENTRIES[index], key)
        assert accepts_inclusion(changed, ENTRIES[index], key)


class TestWhereTheyDiffer:
    """Each difference is one of taste: neither judge takes anything that the log did not sign."""

    def test_an_attached_root(self, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
        """RFC 9942 asks for a detached payload with a SHOULD; here the attached one must be the root of the proof."""
        receipt, entry, key = receipt_and_key
        root = scitt_cose.verify_receipt(
            receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=public_key_pem(key)
        ).root
        attached = take_apart(receipt).join(payload=bytes.fromhex(root or ""))
        assert not _they_accept(attached, entry, key)
        assert accepts_inclusion(attached, entry, key)

    def test_a_length_in_a_longer_form(self, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
        """COSE asks for no deterministic envelope; the statement hash here is taken over one encoded again."""
        receipt, entry, key = receipt_and_key
        signature = take_apart(receipt).signature
        longer = receipt.removesuffix(b"\x58\x40" + signature) + b"\x59\x00\x40" + signature
        assert len(longer) == len(receipt) + 1
        assert not _they_accept(longer, entry, key)
        assert accepts_inclusion(longer, entry, key)

    def test_a_proof_without_an_array(self, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
        receipt, entry, key = receipt_and_key
        parts = take_apart(receipt)
        bare: Headers = {labels.VDP: {labels.INCLUSION: parts.proof()}}
        assert not _they_accept(parts.join(unprotected=bare), entry, key)
        assert accepts_inclusion(parts.join(unprotected=bare), entry, key)

    def test_a_structure_that_they_alone_know(self, receipt_and_key: tuple[bytes, bytes, PublicKey]) -> None:
        """Ours names the structure as the reason, theirs goes on and finds the proof to be of the wrong shape."""
        receipt, entry, key = receipt_and_key
        parts = take_apart(receipt)
        other = parts.with_protected({**parts.protected, labels.VDS: labels.VDS_CCF}).join()
        assert not _they_accept(other, entry, key)
        with pytest.raises(StructureUnsupportedError):
            parse_receipt(other)


def _they_accept(receipt: bytes, entry: bytes, key: PublicKey) -> bool:
    pem = public_key_pem(key)
    return bool(scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem).ok)


def _their_receipt(pem: bytes, algorithm: str, size: int, index: int, kid: bytes) -> bytes:
    receipt: bytes = scitt_cose.build_receipt(
        leaf_entry_hex=ENTRIES[index].hex(),
        leaf_index=index,
        tree_entries_hex=[entry.hex() for entry in ENTRIES[:size]],
        alg=algorithm,
        log_private_key_pem=pem,
        iss="https://other.example/log",
        sub="other.example/log",
        kid=kid,
        iat=1_800_000_000,
    )
    return receipt
