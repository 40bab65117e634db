"""Proofs that the log only grew (RFC 9942, section 5.3)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from counterfoil.errors import LogCorruptError
from counterfoil.http.described import PROBLEMS, UNRELEASED, binary, problems
from counterfoil.http.media_types import COSE, JSON, preferred
from counterfoil.http.released import released_size
from counterfoil.http.responses import IMMUTABLE, REVALIDATE, STABLE, answer, unreleased
from counterfoil.http.wire import Number, Wire
from counterfoil.http.wiring import Service, Wired

router = APIRouter(tags=["log"], responses=PROBLEMS)

First = Annotated[Number, Query(alias="from", description="The earlier size.", json_schema_extra={"minimum": 1})]
Second = Annotated[
    Number | None,
    Query(alias="to", description="The later size, at which a head was committed; the current one where it is absent."),
]


class ConsistencyProof(Wire):
    """A consistency path in hex. ``from_root`` is left out where no head was committed at the earlier size."""

    first: int = Field(serialization_alias="from")
    second: int = Field(serialization_alias="to")
    to_root: str
    path: list[str]
    from_root: str | None = None


@router.get(
    "/consistency",
    response_class=Response,
    responses={
        200: {
            "description": "The proof, as a COSE receipt or as JSON.",
            "model": ConsistencyProof,
            "content": binary(200, "", COSE)[200]["content"],
        },
        **UNRELEASED,
        **problems(404),
    },
)
def get_consistency(request: Request, service: Wired, first: First, second: Second = None) -> Response:
    """The proof that the log at one size is the beginning of the log at a later one.

    As a COSE receipt it leaves when inclusion receipts at the later size do.
    """
    headers = {"Vary": "Accept"}
    media_type = preferred(request.headers.get("accept"), (COSE,), (JSON,))
    if media_type == JSON:
        to = service.log.head().tree.size if second is None else second
        cache = REVALIDATE if second is None else IMMUTABLE
        return answer(_json(service, first, to), media_type, cache, headers)
    receipts = service.log.receipts
    to = (released_size(service, first) or receipts.latest().size) if second is None else second
    content = receipts.consistency(first, to)
    # It holds the signature of the later head: with that and the tiles anybody makes the receipts of its entries.
    cache = REVALIDATE if second is None else STABLE
    return answer(content, media_type, cache, headers) if service.released(to - 1) else unreleased()


def _json(service: Service, first: int, second: int) -> bytes:
    path = service.log.receipts.consistency_path(first, second)
    earlier, later = service.log.store.tree_head(first), service.log.store.tree_head(second)
    if later is None:
        raise LogCorruptError(f"the tree head at size {second} was there and is gone")
    proof = ConsistencyProof(
        first=first,
        second=second,
        from_root=None if earlier is None else earlier.root.hex(),
        to_root=later.root.hex(),
        path=[node.hex() for node in path],
    )
    return proof.model_dump_json(by_alias=True, exclude_none=True).encode()
