"""A whole chain, fetched as of one tree and verified as one before it is returned."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.client.asking import Ask, Conversation, ask
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.submitting_many import SubmittingMany
from counterfoil.verify import ChainLink, VerifiedChain, verify_chain

_ZIP: Final = "application/zip"
_MAX_CASE_BYTES: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FetchedChain:
    """A chain as the log had it at one moment: its entries in order, and what they show together.

    ``state`` is the log's own word for how the engagement stands, and not verified; None where there is none.
    ``signed_head`` is the note in which the log signs length and hash of the chain in that tree, as it came
    (``counterfoil.receipt.chain_head``); None where the service gave none.
    """

    links: tuple[ChainLink, ...]
    verified: VerifiedChain
    state: str | None
    signed_head: str | None = None


class ChainConversations(SubmittingMany):
    """What is asked about chains."""

    def chain(self, root_trace_id: str) -> Conversation[FetchedChain]:
        """The chain of that rootTraceId as it is when it is asked for first; what comes later is left out."""
        return (yield from self.following(lambda: self._chain(root_trace_id)))

    def _chain(self, root_trace_id: str) -> Conversation[FetchedChain]:
        given = yield from self.given_chain(root_trace_id)
        keys = yield from self.keys()
        verified = verify_chain(root_trace_id, given.links, given.chain_hash, keys, expected_issuer=self._issuer)
        if verified.tree is None or verified.tree[0] != given.tree_size:
            raise ServiceAnswerError(f"the receipts are not all of the tree of {given.tree_size} entries")
        return FetchedChain(given.links, verified, given.state, given.signed_head)

    def case_file(self, root_trace_id: str, size: int | None) -> Conversation[bytes]:
        """The case file of an engagement, as it came."""
        path = f"chains/{sha256(root_trace_id.encode()).hexdigest()}/bundle"
        query: dict[str, str | int] = {} if size is None else {"size": size}
        answer = yield from ask(Ask("GET", path, _ZIP, _MAX_CASE_BYTES, self._patience.until(), query))
        return answer.body
