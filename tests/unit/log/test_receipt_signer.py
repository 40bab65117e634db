"""Receipts are made again from the public key alone, so their signer must use that key's own algorithm."""

import asyncio

import pytest

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.private_keys import LocalSigner, parse_private_key_pem
from counterfoil.errors import SignerUnavailableError
from counterfoil.log.local_log import LocalLog
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.register import register
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement


def world(name: str) -> tuple[World, LocalSigner]:
    pem = generate_key_pem(name)
    made = World(MemoryStore())
    made.signers[KeyPurpose.RECEIPT] = parse_private_key_pem(pem)
    return made, parse_private_key_pem(pem, algorithm=algorithm_named(name))


@pytest.mark.parametrize("name", ["ES256", "ES384", "EdDSA", "PS256", "ML-DSA-44"])
def test_a_receipt_in_the_keys_own_algorithm_verifies(name: str) -> None:
    made, signer = world(name)
    log = made.found().open()
    registration = asyncio.run(register(sign_statement(made.agent), log))
    leaf = statement_leaf(registration.entry_id)
    assert verify_inclusion_receipt(parse_receipt(registration.receipt), leaf, signer.public_key).leaf_index == 2


@pytest.mark.parametrize("name", ["Ed25519", "ESP256", "ESP384", "ESP512", "PS384", "PS512"])
def test_another_algorithm_of_the_same_key_is_refused_before_it_signs(name: str) -> None:
    made, signer = world(name)
    made.found()
    with pytest.raises(SignerUnavailableError):
        LocalLog(made.store, signer, made.clock)
    unfounded, other = world(name)
    unfounded.signers[KeyPurpose.RECEIPT] = other
    with pytest.raises(SignerUnavailableError):
        unfounded.found()
    assert unfounded.store.head() is None
