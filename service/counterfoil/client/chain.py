"""A whole chain, fetched as of one tree and verified as one before it is returned."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.client.asking import Ask, Conversation, ask
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.submitting_many import SubmittingMany
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import CounterfoilError
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import ChainLink, VerifiedChain, verify_chain

_JSON: Final = "application/json"
_ZIP: Final = "application/zip"
_PAGE: Final = 200
_MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
"""The service ends a page after 4 MiB of statements, of which one may be of 16; each is there twice, in base64url and
read, and how the engagement stands a little."""

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


@dataclass(frozen=True, slots=True)
class _Page:
    tree_size: int
    length: int
    chain_hash: bytes
    entries: tuple[tuple[bytes, bytes], ...]
    state: str | None
    signed_head: str | None


class ChainConversations(SubmittingMany):
    """What is asked about chains."""

    def chain(self, root_trace_id: str) -> Conversation[FetchedChain]:
        """The chain of that rootTraceId as it is when it is asked for first; what comes later is left out."""
        first = yield from self._page(root_trace_id, {})
        entries = list(first.entries)
        while len(entries) < first.length:
            page = yield from self._page(root_trace_id, {"size": first.tree_size, "after": len(entries) - 1})
            if not page.entries:
                raise ServiceAnswerError("the service's pages of the chain end before the chain does")
            entries += page.entries
        links: list[ChainLink] = []
        for statement, decision in entries[: first.length]:
            receipt = yield from self._receipt_at(statement, first.tree_size)
            links.append(ChainLink(statement, decision, receipt))
        keys = yield from self.keys()
        verified = verify_chain(root_trace_id, links, first.chain_hash, keys, expected_issuer=self._issuer)
        if verified.tree is None or verified.tree[0] != first.tree_size:
            raise ServiceAnswerError(f"the receipts are not all of the tree of {first.tree_size} entries")
        return FetchedChain(tuple(links), verified, first.state, first.signed_head)

    def case_file(self, root_trace_id: str, size: int | None) -> Conversation[bytes]:
        """The case file of an engagement, as it came."""
        path = f"chains/{sha256(root_trace_id.encode()).hexdigest()}/bundle"
        query: dict[str, str | int] = {} if size is None else {"size": size}
        answer = yield from ask(Ask("GET", path, _ZIP, _MAX_CASE_BYTES, self._patience.until(), query))
        return answer.body

    def _page(self, root_trace_id: str, more: dict[str, str | int]) -> Conversation[_Page]:
        query: dict[str, str | int] = {"rootTraceId": root_trace_id, "limit": _PAGE, **more}
        answer = yield from ask(Ask("GET", "chains", _JSON, _MAX_PAGE_BYTES, self._patience.until(), query))
        return _parse_page(answer.body)

    def _receipt_at(self, statement: bytes, size: int) -> Conversation[bytes]:
        entry_id = parse_signed_statement(statement, max_bytes=len(statement)).hash
        answer = yield from self.released(entry_id, {"size": str(size)}, self._patience.until())
        return answer.body


def _parse_page(body: bytes) -> _Page:
    try:
        match parse_json(body, max_bytes=_MAX_PAGE_BYTES):
            case {
                "treeHead": {"size": int(size)},
                "length": int(length),
                "chainHash": str(chain_hash),
                "entries": list(entries),
                "engagement": engagement,
                **rest,
            }:
                found = tuple(_entry(entry) for entry in entries)
                head = rest.get("signedHead")
                signed_head = head if isinstance(head, str) else None
                return _Page(size, length, bytes.fromhex(chain_hash), found, _state(engagement), signed_head)
            case _:
                raise ServiceAnswerError("the service's description of the chain lacks a member")
    except (CounterfoilError, ValueError) as error:
        raise ServiceAnswerError(f"the service's description of the chain cannot be read: {error}") from error


def _entry(value: JsonValue) -> tuple[bytes, bytes]:
    match value:
        case {"statement": str(statement), "decision": str(decision)}:
            return decode_base64url(statement), decode_base64url(decision)
        case _:
            raise ServiceAnswerError("an entry of the chain has no statement or no decision")


def _state(value: JsonValue) -> str | None:
    match value:
        case {"state": str(state)}:
            return state
        case _:
            return None
