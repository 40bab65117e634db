"""Chain heads: read back as they were signed, and never taken for anything else."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from counterfoil.errors import (
    CounterfoilError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedChainHeadError,
    MalformedCheckpointError,
)
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.receipt.chain_head import SignedChainHead, sign_chain_head, verify_chain_head
from counterfoil.receipt.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from counterfoil.receipt.note import sign_note
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.links import ChainHash, chain_id

KEY, OTHER = generate_private_key("EdDSA"), generate_private_key("EdDSA")
HEAD = SignedChainHead(
    "log.example/agents",
    TreeSize(1000),
    NodeHash(sha256(b"root").digest()),
    chain_id("trace-1"),
    12,
    ChainHash(sha256(b"chain").digest()),
)
NOTE = sign_chain_head(KEY, HEAD).encode()


def test_a_chain_head_is_read_back_and_always_the_same_bytes() -> None:
    assert verify_chain_head(NOTE, HEAD.origin, KEY.public_key) == HEAD
    assert sign_chain_head(KEY, HEAD).encode() == NOTE


def test_it_is_of_one_log_and_by_one_key() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_chain_head(NOTE, "log.example/other", KEY.public_key)
    with pytest.raises(LogKeyUnknownError):
        verify_chain_head(NOTE, HEAD.origin, OTHER.public_key)
    forged = sign_chain_head(OTHER, HEAD).encode()
    with pytest.raises(LogKeyUnknownError):
        verify_chain_head(forged, HEAD.origin, KEY.public_key)


def test_neither_is_taken_for_the_other() -> None:
    checkpoint = sign_checkpoint(KEY, Checkpoint(HEAD.origin, HEAD.size, HEAD.root)).encode()
    with pytest.raises(MalformedChainHeadError):
        verify_chain_head(checkpoint, HEAD.origin, KEY.public_key)
    with pytest.raises(MalformedCheckpointError):
        parse_checkpoint(NOTE)


def test_no_flipped_bit_verifies() -> None:
    for at in range(len(NOTE)):
        for bit in (1, 128):
            changed = NOTE[:at] + bytes([NOTE[at] ^ bit]) + NOTE[at + 1 :]
            with pytest.raises(CounterfoilError):
                verify_chain_head(changed, HEAD.origin, KEY.public_key)


@pytest.mark.parametrize(
    "change", [{"length": 11}, {"size": 999}, {"chain_hash": b"\x00" * 32}, {"root": b"\x00" * 32}]
)
def test_the_signature_is_over_every_part(change: dict[str, Any]) -> None:
    other = replace(HEAD, **change).body()
    with pytest.raises(CounterfoilError):
        verify_chain_head(NOTE.replace(HEAD.body().encode(), other.encode()), HEAD.origin, KEY.public_key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "counterfoil/chain-head/v2\n",
        HEAD.body() + "more\n",
        HEAD.body().replace("\n12\n", "\n012\n"),
        HEAD.body().replace("\n12\n", "\n-1\n"),
        HEAD.body().replace("1000", "1e3"),
        HEAD.body().replace(HEAD.origin, ""),
    ],
)
def test_what_is_signed_and_no_chain_head(text: str) -> None:

    with pytest.raises(CounterfoilError):
        verify_chain_head(sign_note(KEY, HEAD.origin, text).encode(), HEAD.origin, KEY.public_key)
