"""GET /chains/{id}/bundle: the case file of an engagement."""

from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Request, Response

from counterfoil.case.archive import write_case
from counterfoil.case.build import case_files
from counterfoil.case.source import read_case_evidence
from counterfoil.errors import QueueFullError
from counterfoil.http.case_views import CASE_VIEWS
from counterfoil.http.chain_lookup import AsOf, ChainIdText, chain_of_id, tree_at
from counterfoil.http.contents import readable_content
from counterfoil.http.described import GUARDED, PROBLEMS, UNRELEASED, binary, problems
from counterfoil.http.media_types import ZIP
from counterfoil.http.released import released_size
from counterfoil.http.responses import answer, unreleased
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import ChainHead
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.genesis import GENESIS_ENTRY

router = APIRouter(tags=["chains"], responses=PROBLEMS)

SOFTWARE: Final = f"counterfoil {version('counterfoil')}"


@router.get(
    "/chains/{chain_id}/bundle",
    response_class=Response,
    responses={**binary(200, "The case file, a ZIP.", ZIP), **UNRELEASED, **problems(401, 404, 413)},
    openapi_extra=GUARDED,
)
def get_bundle(request: Request, service: Wired, chain_id: ChainIdText, size: AsOf = None) -> Response:
    """The case file of an engagement: everything that is evidence of it, as of one tree head.

    Its evidence is the same to the byte for everybody and on every later export at the same tree head.
    """
    tree = _released_tree(service, size)
    if tree is None:
        return unreleased()
    headers = Response()
    chain = chain_of_id(request, headers, service, chain_id, tree)
    # Each takes memory and computing for a while, and one at a time is as quick as several.
    if not service.case_files.acquire(blocking=False):
        raise QueueFullError("another case file is being made")
    try:
        content = _case_file(request, service, tree, chain)
    finally:
        service.case_files.release()
    name = f"case-{chain_id[:16]}-{tree.size}.zip"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return answer(content, ZIP, headers.headers["Cache-Control"], disposition)


def _released_tree(service: Service, size: int | None) -> TreeHead | None:
    if size is None:
        at = released_size(service, GENESIS_ENTRY)
        return None if at is None else tree_at(service, at)
    tree = tree_at(service, size)
    return tree if service.released(tree.size - 1) else None


def _case_file(request: Request, service: Service, tree: TreeHead, chain: ChainHead) -> bytes:
    log = service.log
    notes = partial(service.checkpoints.notes, tree)
    evidence = read_case_evidence(log.store, log.receipts, log.genesis, tree, chain, notes)
    for enrolment in evidence.enrolments:
        # What shows that a key is bound to hardware may be for fewer than what the key said.
        readable_content(request, service, enrolment.number)
    return write_case(case_files(evidence, CASE_VIEWS, SOFTWARE))
