"""Whether the process lives, and whether it can do its work."""

from fastapi import APIRouter, Response

from counterfoil.http.described import PROBLEMS
from counterfoil.http.wire import Wire
from counterfoil.http.wiring import Wired

router = APIRouter(tags=["health"], responses=PROBLEMS)


class Health(Wire):
    """The answer of a healthy process."""

    status: str


@router.get("/livez")
async def get_liveness(response: Response) -> Health:
    """Whether the process answers at all; the store is not asked."""
    response.headers["Cache-Control"] = "no-store"
    return Health(status="alive")


@router.get("/readyz")
def get_readiness(response: Response, service: Wired) -> Health:
    """Whether the log can be read, is whole, was not stopped, and can be signed by this process; otherwise a problem.

    Its status is 503. One of ``receipt-key-ended`` says that the receipt key of this process was retired or is
    compromised: it goes on answering reads and takes no statement until it is started with a key in force.
    """
    service.failure.require_none()
    service.log.require_signing()
    response.headers["Cache-Control"] = "no-store"
    return Health(status="ready")
