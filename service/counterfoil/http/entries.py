"""Registering a statement, its receipt, and the public index of entries (SCRAPI, sections 2.1.3 and 2.1.4)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from counterfoil.errors import MalformedParameterError
from counterfoil.http.audited_entries import audited_sequence
from counterfoil.http.described import (
    GUARDED,
    PROBLEMS,
    REDIRECT,
    STATEMENT_BODY,
    UNRELEASED,
    WITHHELD,
    binary,
    problems,
    receipt,
)
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.media_types import CBOR_SEQUENCE, COSE, JSON, RECEIPT, preferred
from counterfoil.http.released import released_size
from counterfoil.http.responses import PRIVATE, REVALIDATE, STABLE, answer, unreleased
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, Number, PageSize, Wire
from counterfoil.http.wiring import Wired
from counterfoil.log.records import Entry

router = APIRouter(tags=["entries"], responses=PROBLEMS)


class IndexedEntry(Wire):
    """An entry without its content: enough to fetch its receipt and to check its decision."""

    number: int
    entry_id: str
    decision_digest: str


class EntryIndex(Wire):
    """A run of entries in the order of the log. ``next`` is the next ``from``, null at the end."""

    entries: list[IndexedEntry]
    next: int | None
    size: int


@router.post(
    "/entries",
    status_code=201,
    response_class=Response,
    responses={
        **receipt(201, "The statement is registered; this is its receipt, the same bytes each time."),
        **binary(200, "For a sequence: in its order, a receipt or a problem for each statement.", CBOR_SEQUENCE),
        **WITHHELD,
        **REDIRECT,
        **problems(409, 413, 415, 429),
    },
    openapi_extra=STATEMENT_BODY,
)
async def register_statement() -> Response:
    """Register a Signed Statement, or a sequence of up to 256 of them.

    Posting the same bytes again is harmless and answers the same receipt.
    """
    raise RuntimeError("registration is answered before the framework is asked")


@router.get(
    "/entries/{entry_id}",
    response_class=Response,
    responses={**receipt(200, "The receipt of the entry."), **UNRELEASED, **problems(404)},
)
def get_receipt(
    request: Request,
    service: Wired,
    entry_id: EntryId,
    size: Annotated[Number | None, Query(description="A committed tree size, for a receipt at that size.")] = None,
    *,
    fresh: bool = False,
) -> Response:
    """The receipt of an entry: the bytes that registering it answered, or one at the current or a committed size.

    Where receipts are withheld for a while, the current size is that of the latest head at which they may leave.
    """
    entry = find_entry(service.log.store, entry_id)
    receipts, number, entry_id = service.log.receipts, entry.number, entry.statement_hash.hex()
    if fresh and size is not None:
        raise MalformedParameterError("a receipt is fresh or at a size, not both")
    if fresh:
        at = released_size(service, number)
        return unreleased() if at is None else _receipt(request, entry_id, receipts.at(number, at), REVALIDATE)
    # Made before it is asked whether it may leave: a size that cannot be is refused, and is not waited for.
    content = receipts.stable(number) if size is None else receipts.at(number, size)
    if not service.released(number if size is None else size - 1):
        return unreleased()
    return _receipt(request, entry_id, content, STABLE)


@router.get(
    "/entries",
    response_model=EntryIndex,
    responses=binary(
        200,
        "The entries without their content; or, for an audit, a sequence of arrays: number, statement hash, decision "
        "record, statement, evidence as kind and bytes, decision digest. What is not there is null; for whom the entry "
        "is not, everything but the first two and the last. It ends early after 4 MiB; ask on from behind its last.",
        CBOR_SEQUENCE,
    ),
    openapi_extra=GUARDED,
)
def list_entries(
    request: Request,
    response: Response,
    service: Wired,
    start: Annotated[Number, Query(alias="from", description="The first entry number.")] = 0,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> EntryIndex | Response:
    """The entries of the log by number: an index of them, or what an audit takes to repeat each decision."""
    size = service.log.head().tree.size
    if preferred(request.headers.get("accept"), (JSON,), (CBOR_SEQUENCE,)) == CBOR_SEQUENCE:
        items = audited_sequence(request, service, start, min(start + limit, size))
        return answer(items, CBOR_SEQUENCE, PRIVATE, {"Vary": "Accept, Authorization"})
    entries = service.log.store.entries(start, min(limit, size - start)) if start < size else ()
    response.headers["Cache-Control"] = REVALIDATE
    response.headers["Vary"] = "Accept"
    following = start + len(entries)
    return EntryIndex(
        entries=[_indexed(entry) for entry in entries],
        next=following if following < size else None,
        size=size,
    )


def _indexed(entry: Entry) -> IndexedEntry:
    return IndexedEntry(
        number=entry.number,
        entry_id=entry.statement_hash.hex(),
        decision_digest=entry.decision_digest.hex(),
    )


def _receipt(request: Request, entry_id: str, content: bytes, cache: str) -> Response:
    media_type = preferred(request.headers.get("accept"), (COSE,), (RECEIPT,))
    return answer(content, media_type, cache, {"Location": f"/entries/{entry_id}", "Vary": "Accept"})
