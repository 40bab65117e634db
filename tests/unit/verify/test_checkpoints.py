"""Checkpoints verified offline, and one against another."""

import pytest

from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    ConsistencyInvalidError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedCheckpointError,
    RootMismatchError,
    SignatureInvalidError,
    UnverifiedError,
)
from counterfoil.merkle.hashing import EMPTY_ROOT, NodeHash
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.verify import (
    VerifiedCheckpoint,
    not_established,
    verify_checkpoint,
    verify_checkpoint_consistency,
)
from tests.builders import ORIGIN, sign_statement
from tests.unit.verify.paper_log import PaperLog

AGENT = generate_private_key("ES256")
LOG = PaperLog().found()
LOG.statements.extend(sign_statement(AGENT) for _ in range(11))
SIZE = len(LOG.statements)
KEY = LOG.signers[KeyPurpose.CHECKPOINT].public_key


def _verified(size: int, root: NodeHash | None = None) -> VerifiedCheckpoint:
    return verify_checkpoint(LOG.checkpoint(size, root), ORIGIN, KEY)


def test_a_checkpoint_says_which_tree_the_log_signed() -> None:
    result = _verified(SIZE)
    assert (result.origin, result.size, result.root) == (ORIGIN, SIZE, LOG.root())
    assert result.key_thumbprint == KEY.thumbprint
    assert not_established.SAME_VIEW in result.not_established


def test_a_checkpoint_of_another_log_or_key_is_refused() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_checkpoint(LOG.checkpoint(), "log.example/other", KEY)
    with pytest.raises(LogKeyUnknownError):
        verify_checkpoint(LOG.checkpoint(), ORIGIN, generate_private_key("EdDSA").public_key)
    with pytest.raises(AlgorithmKeyMismatchError):
        verify_checkpoint(LOG.checkpoint(), ORIGIN, LOG.receipt_key.public_key)


def test_a_changed_checkpoint_is_refused() -> None:
    text = LOG.checkpoint().decode()
    with pytest.raises(SignatureInvalidError):
        verify_checkpoint(text.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n").encode(), ORIGIN, KEY)
    for data in (b"", b"\xff", b"a\nb\nc\n", text[:-1].encode(), text.replace("\n\n", "\nmore\n\n").encode()):
        with pytest.raises(MalformedCheckpointError):
            verify_checkpoint(data, ORIGIN, KEY)


def test_every_pair_of_sizes_is_consistent() -> None:
    for old in range(1, SIZE + 1):
        for new in range(old, SIZE + 1):
            proof = () if old == new else LOG.consistency_path(old, new)
            result = verify_checkpoint_consistency(_verified(old), _verified(new), proof)
            assert (result.old_size, result.new_size) == (old, new)
            assert (result.old_root, result.new_root) == (LOG.root(old), LOG.root(new))


def test_every_tree_continues_the_empty_one() -> None:
    result = verify_checkpoint_consistency(_verified(0, EMPTY_ROOT), _verified(SIZE), ())
    assert result.old_size == 0
    with pytest.raises(RootMismatchError):
        verify_checkpoint_consistency(_verified(0, LOG.root()), _verified(SIZE), ())


def test_the_empty_tree_has_one_root() -> None:
    empty = _verified(0, EMPTY_ROOT)
    assert verify_checkpoint_consistency(empty, empty, ()).new_size == 0
    for old, new in ((empty, _verified(0, LOG.root())), (_verified(0, LOG.root()), _verified(0, LOG.root()))):
        with pytest.raises(RootMismatchError):
            verify_checkpoint_consistency(old, new, ())


def test_two_roots_of_one_size_are_two_trees() -> None:
    with pytest.raises(RootMismatchError, match="two trees"):
        verify_checkpoint_consistency(_verified(5), _verified(5, LOG.root(6)), ())


def test_a_rewritten_past_is_found() -> None:
    proof = LOG.consistency_path(5, SIZE)
    with pytest.raises(UnverifiedError):
        verify_checkpoint_consistency(_verified(5, LOG.root(6)), _verified(SIZE), proof)
    with pytest.raises(RootMismatchError, match="two trees"):
        verify_checkpoint_consistency(_verified(5), _verified(SIZE, LOG.root(6)), proof)


def test_a_proof_that_does_not_fit_is_refused() -> None:
    proof = LOG.consistency_path(5, SIZE)
    wrong: list[tuple[int, int, tuple[bytes, ...]]] = [
        (5, SIZE, proof[:-1]),
        (5, SIZE, (*proof, proof[0])),
        (5, SIZE, ()),
        (5, SIZE, tuple(reversed(proof))),
        (6, SIZE, proof),
        (5, 5, proof),
        (5, SIZE, tuple(node[:-1] for node in proof)),
    ]
    for old, new, path in wrong:
        with pytest.raises(UnverifiedError):
            verify_checkpoint_consistency(_verified(old), _verified(new), path)
    with pytest.raises(ConsistencyInvalidError):
        verify_checkpoint_consistency(_verified(0, EMPTY_ROOT), _verified(SIZE), proof)


def test_the_old_checkpoint_comes_first() -> None:
    with pytest.raises(ConsistencyInvalidError):
        verify_checkpoint_consistency(_verified(SIZE), _verified(5), LOG.consistency_path(5, SIZE))


def test_checkpoints_of_two_logs_do_not_compare() -> None:
    other = PaperLog(identity=parse_origin("log.example/other"))
    other.statements = LOG.statements
    key = other.signers[KeyPurpose.CHECKPOINT].public_key
    theirs = verify_checkpoint(other.checkpoint(), "log.example/other", key)
    with pytest.raises(IssuerMismatchError):
        verify_checkpoint_consistency(_verified(5), theirs, LOG.consistency_path(5, SIZE))
