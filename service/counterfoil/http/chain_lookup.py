"""Chains by what a request says, for those who may read them."""

import re
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Path, Request, Response

from counterfoil.errors import ChainAbsentError, MalformedParameterError
from counterfoil.http.responses import PRIVATE, REVALIDATE
from counterfoil.http.visibility import require_reader
from counterfoil.http.wiring import Service
from counterfoil.log.records import ChainHead
from counterfoil.policy.document import Visibility
from counterfoil.statement.links import ChainId

_CHAIN_ID: Final = re.compile(r"[0-9a-f]{64}")

ChainIdText = Annotated[
    str,
    Path(
        description="SHA-256 of the rootTraceId: 64 lowercase hexadecimal digits.",
        json_schema_extra={"pattern": "^[0-9a-f]{64}$"},
    ),
]


def chain_of_id(request: Request, response: Response, service: Service, text: str) -> ChainHead:
    """The chain of that id, if the caller may read it; how its answer is cached is said on the way.

    Raises:
        MalformedParameterError: The text is not 64 lowercase hexadecimal digits.
        ProblemError, ChainAbsentError: As ``readable_chain``.
    """
    if _CHAIN_ID.fullmatch(text) is None:
        raise MalformedParameterError("a chain id is 64 lowercase hexadecimal digits")
    return readable_chain(request, response, service, service.log.store.chain(ChainId(bytes.fromhex(text))))


def readable_chain(request: Request, response: Response, service: Service, head: ChainHead | None) -> ChainHead:
    """The chain, if it is there and the caller may read it; how its answer is cached is said on the way.

    Raises:
        ProblemError: The caller may not read it, or might not if it were there.
        ChainAbsentError: There is none.
    """
    # Who may not read a chain may not learn either whether it is there.
    require_reader(request, Visibility.OPERATOR if head is None else head.visibility, service.settings)
    if head is None:
        raise ChainAbsentError("the log has no entry with that root trace id")
    response.headers["Cache-Control"] = REVALIDATE if head.visibility is Visibility.PUBLIC else PRIVATE
    return head


def require_utf8(request: Request) -> None:
    """Check that a query whose names and values are compared as bytes can be.

    Raises:
        MalformedParameterError: It is not UTF-8.
    """
    try:
        # The framework has replaced what is no UTF-8, and would so find something else than was asked for.
        unquote_to_bytes(request.url.query).decode()
    except UnicodeDecodeError as error:
        raise MalformedParameterError("the query is not UTF-8") from error
