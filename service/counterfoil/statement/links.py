"""How the entries of one subject hang together: chain ids and chain hashes."""

from functools import lru_cache
from hashlib import sha256
from typing import Final, NewType

from counterfoil.statement.signed_statement import StatementHash

ChainId = NewType("ChainId", bytes)
"""SHA-256 of the subject's UTF-8 bytes: what indexes and URL paths hold. 32 bytes."""

ChainHash = NewType("ChainHash", bytes)
"""Commits to every statement and every decision of a chain up to an entry. 32 bytes."""

_LINK_PREFIX: Final = b"\x02"  # 0x00 and 0x01 are the leaves and nodes of the tree (RFC 9162).
_CHAIN_VERSION: Final = b"counterfoil/chain/v1"


@lru_cache(maxsize=1024)  # Asked several times of each statement, and chains are long.
def chain_id(subject: str) -> ChainId:
    """The id of the chain of ``subject``."""
    return ChainId(sha256(subject.encode()).digest())


def empty_chain_hash(origin: str, subject: str) -> ChainHash:
    """The hash of the chain of ``subject`` on the log ``origin`` before its first entry."""
    return ChainHash(sha256(_CHAIN_VERSION + b"\x00" + origin.encode() + b"\x00" + subject.encode()).digest())


def chain_hash(previous: ChainHash, statement_hash: StatementHash, decision_digest: bytes) -> ChainHash:
    """The hash of a chain after one more entry."""
    return ChainHash(sha256(_LINK_PREFIX + previous + statement_hash + decision_digest).digest())
