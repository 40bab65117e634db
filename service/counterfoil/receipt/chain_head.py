"""Chain heads: how many entries a chain has in a tree, and their hash, under the log's signature."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.errors import IssuerMismatchError, MalformedChainHeadError, MalformedCheckpointError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.receipt.checkpoint import parse_tree_size
from counterfoil.receipt.note import parse_base64, parse_note, sign_note, verify_note
from counterfoil.statement.links import ChainHash, ChainId

_FORMAT: Final = "counterfoil/chain-head/v1"
"""The first line. No origin is that, so that a chain head is never read as a checkpoint, which has an origin there."""

_LINES: Final = 7


@dataclass(frozen=True, slots=True)
class SignedChainHead:
    """What the log says of one chain as of one tree: its length, and the hash over all of it.

    Who has two of them for one chain and tree that differ, or one that leaves out an entry whose receipt is of that
    tree or a smaller one, has caught the log.
    """

    origin: str
    size: TreeSize
    root: NodeHash
    chain_id: ChainId
    length: int
    chain_hash: ChainHash

    def body(self) -> str:
        """The signed text: what it is, origin, tree size, root, chain id, length and chain hash, each on its line."""
        root, chain, whole = (b64encode(value).decode() for value in (self.root, self.chain_id, self.chain_hash))
        return f"{_FORMAT}\n{self.origin}\n{self.size}\n{root}\n{chain}\n{self.length}\n{whole}\n"


def sign_chain_head(signer: Signer, head: SignedChainHead) -> str:
    """The signed note of a chain head, by the log's checkpoint key; the same bytes each time."""
    return sign_note(signer, head.origin, head.body())


def verify_chain_head(data: bytes, origin: str, key: PublicKey) -> SignedChainHead:
    """The chain head in a signed note, once its origin is ``origin`` and ``key`` has signed it under that name.

    Raises:
        MalformedChainHeadError, TooLargeError: It is none.
        IssuerMismatchError: It is another log's.
        LogKeyUnknownError: No signature is by that key.
        SignatureInvalidError: The signature does not verify.
    """
    try:
        note = parse_note(data)
        head = _head(note.lines)
    except MalformedCheckpointError as error:
        raise MalformedChainHeadError(f"the chain head cannot be read: {error.detail}") from error
    if head.body() != note.text:
        raise MalformedChainHeadError("the text is not a chain head of this version")
    if head.origin != origin:
        raise IssuerMismatchError("the chain head is another log's")
    verify_note(note, origin, key)
    return head


def _head(lines: list[str]) -> SignedChainHead:
    if len(lines) != _LINES:
        raise MalformedChainHeadError(f"{len(lines)} lines where a chain head has {_LINES}")
    hashes = [parse_base64(lines[at]) for at in (3, 4, 6)]
    if any(len(value) != HASH_SIZE for value in hashes):
        raise MalformedChainHeadError("a hash of the chain head is not 32 bytes")
    root, chain, whole = hashes
    size, length = parse_tree_size(lines[2]), parse_tree_size(lines[5])
    return SignedChainHead(lines[1], size, NodeHash(root), ChainId(chain), length, ChainHash(whole))
