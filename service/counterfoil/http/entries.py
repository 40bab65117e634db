"""Registering a statement, its receipt, and the public index of entries (SCRAPI, sections 2.1.3 and 2.1.4)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from counterfoil.http.body import read_body
from counterfoil.http.described import PROBLEMS, STATEMENT_BODY, receipt
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.media_types import COSE, RECEIPT, is_identity, is_statement_type, preferred
from counterfoil.http.problems import UNSUPPORTED_MEDIA_TYPE, ProblemError
from counterfoil.http.responses import REVALIDATE, STABLE, answer
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, Number, PageSize, Wire
from counterfoil.http.wiring import Wired
from counterfoil.log.records import Entry
from counterfoil.policy.decision import largest_statement
from counterfoil.register import register

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
    responses=receipt(201, "The statement is registered; this is its receipt, the same bytes each time."),
    openapi_extra=STATEMENT_BODY,
)
async def register_statement(request: Request, service: Wired) -> Response:
    """Register a Signed Statement. Posting the same bytes again is harmless and answers the same receipt."""
    service.failure.require_none()
    if not is_statement_type(request.headers.getlist("content-type")):
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE)
    if not is_identity(request.headers.getlist("content-encoding")):
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE)
    most = largest_statement(await service.log.rules())
    with service.bodies.hold() as held:
        body = await read_body(request, held, most, service.body_seconds)
        registration = await register(body, service.log)
    return _receipt(request, registration.entry_id.hex(), registration.receipt, 201, "no-store")


@router.get(
    "/entries/{entry_id}",
    response_class=Response,
    responses=receipt(200, "The receipt of the entry."),
)
def get_receipt(request: Request, service: Wired, entry_id: EntryId, *, fresh: bool = False) -> Response:
    """The receipt of an entry: the bytes that registering it answered, or one at the current size of the log."""
    entry = find_entry(service.log.store, entry_id)
    receipts = service.log.receipts
    content = receipts.fresh(entry.number) if fresh else receipts.stable(entry.number)
    return _receipt(request, entry_id, content, 200, REVALIDATE if fresh else STABLE)


@router.get("/entries")
def list_entries(
    response: Response,
    service: Wired,
    start: Annotated[Number, Query(alias="from", description="The first entry number.")] = 0,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> EntryIndex:
    """The entries of the log by number, without their content."""
    size = service.log.head().tree.size
    entries = service.log.store.entries(start, min(limit, size - start)) if start < size else ()
    response.headers["Cache-Control"] = REVALIDATE
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


def _receipt(request: Request, entry_id: str, content: bytes, status: int, cache: str) -> Response:
    media_type = preferred(request.headers.get("accept"), (COSE,), (RECEIPT,))
    response = answer(content, media_type, cache, {"Location": f"/entries/{entry_id}", "Vary": "Accept"})
    response.status_code = status
    return response
