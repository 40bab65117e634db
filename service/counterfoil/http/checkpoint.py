"""The latest tree head as a signed note (C2SP tlog-checkpoint)."""

from fastapi import APIRouter, Response

from counterfoil.http.described import PROBLEMS
from counterfoil.http.media_types import NOTE
from counterfoil.http.responses import REVALIDATE, answer
from counterfoil.http.wiring import Wired

router = APIRouter(tags=["log"], responses=PROBLEMS)


@router.get(
    "/checkpoint",
    response_class=Response,
    responses={200: {"description": "A signed note.", "content": {NOTE: {"schema": {"type": "string"}}}}},
)
def get_checkpoint(service: Wired) -> Response:
    """A checkpoint of a committed head, signed at most once a second."""
    return answer(service.checkpoints.latest().encode(), NOTE, REVALIDATE)
