"""Chains: every entry about one rootTraceId, in order, with the hashes that show that none is missing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from counterfoil.chain.history import read_page
from counterfoil.chain.standing import Standing
from counterfoil.errors import MalformedClaimsError, MalformedParameterError
from counterfoil.http.chain_entry import EntryOfChain, entry_of_chain
from counterfoil.http.chain_lookup import AsOf, ChainIdText, chain_of_id, readable_chain, require_utf8, tree_at
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, Number, PageSize, Wire
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import ChainHead
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.claims import RootTraceId, parse_root_trace_id
from counterfoil.statement.links import chain_id, empty_chain_hash

router = APIRouter(tags=["chains"], responses=PROBLEMS)

After = Annotated[
    Number | None,
    Query(description="Answer the entries behind this sequence number; from the first one where it is absent."),
]


class PartyOfEngagement(Wire):
    """An issuer and the role in which it takes part."""

    issuer: str
    role: str


class Engagement(Wire):
    """How the engagement of a chain stands, computed from its events of the trace profile.

    ``formation`` and ``standing`` are entry ids: what formed it, and the suspensions and escalations that nobody has
    cleared. Events by an issuer who is no party in the role it writes in count for nothing here.
    """

    state: str
    formation: str
    formed_by: str
    parties: list[PartyOfEngagement]
    standing: list[str]


class TreeHeadOfChain(Wire):
    """The tree that an answer about a chain is as of: what came later is in none of its parts."""

    size: int
    root_hash: str
    time: int


class Chain(Wire):
    """A chain as of a tree head, and a run of its entries.

    ``signedHead`` is a note by the log's checkpoint key over tree, chain id, ``length`` and ``chainHash``.

    ``next`` is the next ``after``, null at the end; with ``size`` it continues the same answer. ``engagement`` is null
    where no event of the trace profile formed one. ``allAnnotations``: every reference to these entries is shown.
    """

    tree_head: TreeHeadOfChain
    chain_id: str
    length: int
    chain_hash: str
    signed_head: str
    engagement: Engagement | None
    entries: list[EntryOfChain]
    next: int | None
    all_annotations: bool


class ChainOfTrace(Chain):
    """A chain with what its hash begins from."""

    root_trace_id: str
    empty_chain_hash: str


@router.get("/chains/{chain_id}", responses=problems(401, 404), openapi_extra=GUARDED)
def get_chain(
    request: Request,
    response: Response,
    service: Wired,
    chain_id: ChainIdText,
    after: After = None,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    size: AsOf = None,
) -> Chain:
    """The chain of that id: its head, and its entries in order."""
    tree = tree_at(service, size)
    head = chain_of_id(request, response, service, chain_id, tree)
    return _run(service, tree, head, after, limit)


@router.get("/chains", responses=problems(401, 404), openapi_extra=GUARDED)
def find_chain(
    request: Request,
    response: Response,
    service: Wired,
    root_trace_id: Annotated[
        str,
        Query(
            alias="rootTraceId", description="1 to 512 bytes, compared as bytes.", json_schema_extra={"minLength": 1}
        ),
    ],
    after: After = None,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    size: AsOf = None,
) -> ChainOfTrace:
    """The chain of a rootTraceId: its head, what its hash begins from, and its entries in order."""
    subject = _subject(request, root_trace_id)
    tree = tree_at(service, size)
    head = readable_chain(request, response, service, service.log.store.chain(chain_id(subject)), tree)
    chain = _run(service, tree, head, after, limit)
    beginning = empty_chain_hash(service.log.genesis.identity.origin, subject)
    return ChainOfTrace(**dict(chain), root_trace_id=subject, empty_chain_hash=beginning.hex())


@router.get("/entries/{entry_id}/chain", responses=problems(401, 404), openapi_extra=GUARDED)
def get_chain_of_entry(
    request: Request,
    response: Response,
    service: Wired,
    entry_id: EntryId,
    after: After = None,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    size: AsOf = None,
) -> Chain:
    """The whole engagement that an entry belongs to: from any event its chain, in one look-up."""
    tree = tree_at(service, size)
    entry = find_entry(service.log.store, entry_id)
    head = service.log.store.chain_numbered(entry.chain_number)
    return _run(service, tree, readable_chain(request, response, service, head, tree), after, limit)


def _subject(request: Request, text: str) -> RootTraceId:
    require_utf8(request)
    try:
        return parse_root_trace_id(text)
    except MalformedClaimsError as error:
        raise MalformedParameterError(f"rootTraceId: {error.detail}") from error


def _run(service: Service, tree: TreeHead, head: ChainHead, after: int | None, limit: int) -> Chain:
    log, start = service.log, 0 if after is None else after + 1
    page = read_page(log.store, log.max_lag, head, start, limit, log.profiles)
    return Chain(
        tree_head=TreeHeadOfChain(size=tree.size, root_hash=tree.root.hex(), time=tree.time),
        chain_id=head.chain_id.hex(),
        length=head.length,
        chain_hash=head.chain_hash.hex(),
        signed_head=service.checkpoints.notes(tree, head).chain_head,
        engagement=_engagement(page.standing),
        entries=[entry_of_chain(entry) for entry in page.entries],
        next=None if page.next_sequence is None else page.next_sequence - 1,
        all_annotations=page.all_annotations,
    )


def _engagement(standing: Standing) -> Engagement | None:
    if standing.formation is None or standing.formed_by is None:
        return None
    parties = sorted(standing.parties, key=lambda party: (party.role, party.issuer))
    return Engagement(
        state=standing.state.value,
        formation=standing.formation.hex(),
        formed_by=standing.formed_by,
        parties=[PartyOfEngagement(issuer=party.issuer, role=party.role.value) for party in parties],
        standing=[entry.hex() for entry in standing.standing],
    )
