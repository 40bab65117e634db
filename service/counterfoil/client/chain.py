"""A whole chain, fetched entry by entry and verified as one before it is returned."""

from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Ask, Conversation, ask
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.submitting_many import SubmittingMany
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import CounterfoilError
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.verify import ChainLink, VerifiedChain, verify_chain

_JSON: Final = "application/json"
_CBOR: Final = "application/cbor"
_PAGE: Final = 500
_MAX_PAGE_BYTES: Final = 1024 * 1024
"""500 entries take about 150 KB, and how the engagement stands a little."""

_MAX_DECISION_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class FetchedChain:
    """A chain as the log had it at one moment: its entries in order, and what they show together.

    ``state`` is the log's own word for how the engagement stands, and not verified; None where there is none.
    """

    links: tuple[ChainLink, ...]
    verified: VerifiedChain
    state: str | None


@dataclass(frozen=True, slots=True)
class _Page:
    length: int
    chain_hash: bytes
    entries: tuple[bytes, ...]
    state: str | None


class ChainConversations(SubmittingMany):
    """What is asked about chains."""

    def chain(self, root_trace_id: str) -> Conversation[FetchedChain]:
        """The chain of that rootTraceId as it is when it is asked for first; what comes later is left out."""
        first = yield from self._page(root_trace_id, None)
        entries = list(first.entries)
        while len(entries) < first.length:
            page = yield from self._page(root_trace_id, len(entries) - 1)
            if not page.entries:
                raise ServiceAnswerError("the service's pages of the chain end before the chain does")
            entries += page.entries
        links: list[ChainLink] = []
        for entry_id in entries[: first.length]:
            link = yield from self._link(entry_id)
            links.append(link)
        keys = yield from self.keys()
        verified = verify_chain(root_trace_id, links, first.chain_hash, keys, expected_issuer=self._issuer)
        return FetchedChain(tuple(links), verified, first.state)

    def _page(self, root_trace_id: str, after: int | None) -> Conversation[_Page]:
        query: dict[str, str | int] = {"rootTraceId": root_trace_id, "limit": _PAGE}
        if after is not None:
            query["after"] = after
        answer = yield from ask(Ask("GET", "chains", _JSON, _MAX_PAGE_BYTES, self._patience.until(), query))
        return _parse_page(answer.body)

    def _link(self, entry_id: bytes) -> Conversation[ChainLink]:
        transparent = yield from self.transparent_statement(entry_id)
        path = f"entries/{entry_id.hex()}/decision"
        decision = yield from ask(Ask("GET", path, _CBOR, _MAX_DECISION_BYTES, self._patience.until()))
        parsed = parse_transparent_statement(transparent)
        return ChainLink(parsed.statement.encoded, decision.body, parsed.receipts[0])


def _parse_page(body: bytes) -> _Page:
    try:
        match parse_json(body, max_bytes=_MAX_PAGE_BYTES):
            case {
                "length": int(length),
                "chainHash": str(chain_hash),
                "entries": list(entries),
                "engagement": engagement,
            }:
                found = tuple(_entry_id(entry) for entry in entries)
                return _Page(length, bytes.fromhex(chain_hash), found, _state(engagement))
            case _:
                raise ServiceAnswerError("the service's description of the chain lacks a member")
    except (CounterfoilError, ValueError) as error:
        raise ServiceAnswerError(f"the service's description of the chain cannot be read: {error}") from error


def _entry_id(value: JsonValue) -> bytes:
    match value:
        case {"entryId": str(entry_id)}:
            return bytes.fromhex(entry_id)
        case _:
            raise ServiceAnswerError("an entry of the chain has no id")


def _state(value: JsonValue) -> str | None:
    match value:
        case {"state": str(state)}:
            return state
        case _:
            return None
