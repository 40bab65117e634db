"""What a client asks a log for and believes as little as whoever reads it: nothing here is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.client.asking import Answer, Ask, Conversation, ask, pause
from counterfoil.client.patience import Patience
from counterfoil.client.problem import ReceiptWithheldError, ServiceAnswerError
from counterfoil.client.summary import MAX_SUMMARY_BYTES, LogSummary, parse_summary
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import CounterfoilError, MalformedEntryIdError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import ChainLink
from counterfoil.verify.log_keys import MAX_KEY_SET_BYTES

COSE: Final = "application/cose"
CBOR: Final = "application/cbor"
JSON: Final = "application/json"
TEXT: Final = "text/plain"
_NO_CONTENT: Final = 204
_POLL_SECONDS: Final = 1.0
_PAGE: Final = 200
_MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
"""The service ends a page after 4 MiB of statements, of which one may be of 16; each is there twice, in base64url and
read, and how the engagement stands a little."""


@dataclass(frozen=True, slots=True)
class GivenChain:
    """A chain as the service gives it out: what it says of it on the first page, and every entry of that moment."""

    tree_size: int
    chain_hash: bytes
    links: tuple[ChainLink, ...]
    state: str | None
    signed_head: str | None


@dataclass(frozen=True, slots=True)
class _Page:
    tree_size: int
    length: int
    chain_hash: bytes
    entries: tuple[tuple[bytes, bytes], ...]
    state: str | None
    signed_head: str | None


class Reading:
    """All that is asked of one log before anything is verified."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def log(self) -> Conversation[LogSummary]:
        """What the log says about itself."""
        body = yield from self._get("log", JSON, MAX_SUMMARY_BYTES)
        return parse_summary(body)

    def key_set(self) -> Conversation[bytes]:
        """The key set as the log publishes it now."""
        return (yield from self._get(".well-known/scitt-keys", CBOR, MAX_KEY_SET_BYTES))

    def given_chain(self, root_trace_id: str) -> Conversation[GivenChain]:
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
        return GivenChain(first.tree_size, first.chain_hash, tuple(links), first.state, first.signed_head)

    def released(self, entry_id: bytes, query: Mapping[str, str], until: float) -> Conversation[Answer]:
        """An answer with a receipt in it, waited for while the receipt is withheld."""
        while True:
            answer = yield from ask(
                Ask("GET", path_of(entry_id), COSE, MAX_RECEIPT_BYTES, until, query, later=_NO_CONTENT)
            )
            if answer.status != _NO_CONTENT:
                return answer
            yield from self._wait(answer.retry_after, entry_id, until)

    def _get(
        self, path: str, accept: str, max_bytes: int, query: Mapping[str, str | int] | None = None
    ) -> Conversation[bytes]:
        answer = yield from ask(Ask("GET", path, accept, max_bytes, self._patience.until(), query or {}))
        return answer.body

    def _wait(self, asked: float | None, entry_id: bytes, until: float) -> Conversation[None]:
        """Let the time pass after which the service wants to be asked for a receipt again."""
        seconds = min(_POLL_SECONDS if asked is None else asked, self._patience.longest_wait)
        if self._patience.clock() + seconds > until:
            raise ReceiptWithheldError(later(entry_id), entry_id, asked)
        yield from pause(seconds)

    def _page(self, root_trace_id: str, more: dict[str, str | int]) -> Conversation[_Page]:
        query: dict[str, str | int] = {"rootTraceId": root_trace_id, "limit": _PAGE, **more}
        return _parse_page((yield from self._get("chains", JSON, _MAX_PAGE_BYTES, query)))

    def _receipt_at(self, statement: bytes, size: int) -> Conversation[bytes]:
        entry_id = parse_signed_statement(statement, max_bytes=len(statement)).hash
        answer = yield from self.released(entry_id, {"size": str(size)}, self._patience.until())
        return answer.body


def later(entry_id: bytes) -> str:
    """What is said of an entry whose receipt is withheld."""
    return f"entry {entry_id.hex()} is registered, its receipt comes later"


def path_of(entry_id: bytes) -> str:
    """The path of an entry.

    Raises:
        MalformedEntryIdError: The id is not 32 bytes.
    """
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    return f"entries/{entry_id.hex()}"


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
