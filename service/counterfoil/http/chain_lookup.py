"""Chains by what a request says, for those who may read them."""

import re
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Path, Query, Request, Response

from counterfoil.chain.history import chain_as_of
from counterfoil.errors import ChainAbsentError, MalformedParameterError, SizeNotCommittedError
from counterfoil.http.responses import PRIVATE, REVALIDATE
from counterfoil.http.visibility import require_reader
from counterfoil.http.wire import Number
from counterfoil.http.wiring import Service
from counterfoil.log.records import ChainHead
from counterfoil.policy.document import Visibility
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.links import ChainId

_CHAIN_ID: Final = re.compile(r"[0-9a-f]{64}")

ChainIdText = Annotated[
    str,
    Path(
        description="SHA-256 of the rootTraceId: 64 lowercase hexadecimal digits.",
        json_schema_extra={"pattern": "^[0-9a-f]{64}$"},
    ),
]


AsOf = Annotated[
    Number | None,
    Query(description="A committed tree size: the answer is as of that tree. The latest one where it is absent."),
]


def tree_at(service: Service, size: int | None) -> TreeHead:
    """The tree that an answer is as of: the one committed at ``size``, or the latest.

    Asked for before anything else is read: what is read later is at least as new, and is cut to it.

    Raises:
        SizeNotCommittedError: No head was committed at that size.
    """
    if size is None:
        return service.log.receipts.latest()
    tree = service.log.store.tree_head(size)
    if tree is None:
        raise SizeNotCommittedError(f"no tree head was committed at size {size}")
    return tree


def chain_of_id(request: Request, response: Response, service: Service, text: str, tree: TreeHead) -> ChainHead:
    """The chain of that id in a tree, if the caller may read it; how its answer is cached is said on the way.

    Raises:
        MalformedParameterError: The text is not 64 lowercase hexadecimal digits.
        ProblemError, ChainAbsentError: As ``readable_chain``.
    """
    if _CHAIN_ID.fullmatch(text) is None:
        raise MalformedParameterError("a chain id is 64 lowercase hexadecimal digits")
    return readable_chain(request, response, service, service.log.store.chain(ChainId(bytes.fromhex(text))), tree)


def readable_chain(
    request: Request, response: Response, service: Service, head: ChainHead | None, tree: TreeHead
) -> ChainHead:
    """The chain in a tree, if it is there and the caller may read it; how its answer is cached is said on the way.

    Raises:
        ProblemError: The caller may not read it, or might not if it were there.
        ChainAbsentError: There is none, or none of that size of the tree.
    """
    # Who may not read a chain may not learn either whether it is there.
    require_reader(request, Visibility.OPERATOR if head is None else head.visibility, service.settings)
    if head is None:
        raise ChainAbsentError("the log has no entry with that root trace id")
    response.headers["Cache-Control"] = REVALIDATE if head.visibility is Visibility.PUBLIC else PRIVATE
    chain = chain_as_of(service.log.store, head, tree.size)
    if chain is None:
        raise ChainAbsentError(f"a tree of {tree.size} entries holds none with that root trace id")
    return chain


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
