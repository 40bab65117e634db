"""What was registered and what was decided: an entry's statement and its decision record, for those who may read."""

from fastapi import APIRouter, Request, Response

from counterfoil.errors import ContentAbsentError
from counterfoil.http.described import GUARDED, PROBLEMS, UNRELEASED, binary, problems
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.media_types import CBOR, COSE
from counterfoil.http.responses import PRIVATE, REVALIDATE, answer, unreleased
from counterfoil.http.visibility import require_reader
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import Content
from counterfoil.policy.document import Visibility
from counterfoil.receipt.transparent import attach_receipts

router = APIRouter(tags=["entries"], responses=PROBLEMS)


@router.get(
    "/entries/{entry_id}/statement",
    response_class=Response,
    responses={**binary(200, "The Transparent Statement.", COSE), **UNRELEASED, **problems(401, 404)},
    openapi_extra=GUARDED,
)
def get_statement(request: Request, service: Wired, entry_id: EntryId) -> Response:
    """The statement with its receipt in header 394 (RFC 9943, section 7)."""
    entry = find_entry(service.log.store, entry_id)
    content = readable_content(request, service, entry.number)
    if content is None:
        raise ContentAbsentError("the entry's statement is not stored here")
    if not service.released(entry.number):
        return unreleased()
    receipt = service.log.receipts.stable(entry.number)
    return answer(attach_receipts(content.statement, [receipt]), COSE, cache_of(content))


@router.get(
    "/entries/{entry_id}/decision",
    response_class=Response,
    responses={**binary(200, "The decision record, deterministic CBOR.", CBOR), **problems(401, 404)},
    openapi_extra=GUARDED,
)
def get_decision(request: Request, service: Wired, entry_id: EntryId) -> Response:
    """What the service decided when it registered the entry; its SHA-256 is the decision digest."""
    entry = find_entry(service.log.store, entry_id)
    return answer(entry.decision, CBOR, cache_of(readable_content(request, service, entry.number)))


def readable_content(request: Request, service: Service, number: int) -> Content | None:
    """What is stored of an entry, for who may read it; None where it is stored no more.

    Raises:
        ProblemError: The caller may not read it.
    """
    content = service.log.store.content(number)
    # Of what was erased nobody can tell any more who might read it.
    visibility = Visibility.OPERATOR if content is None else content.visibility
    require_reader(request, visibility, service.settings)
    return content


def cache_of(content: Content | None) -> str:
    """How an answer about that is cached."""
    return REVALIDATE if content is not None and content.visibility is Visibility.PUBLIC else PRIVATE
