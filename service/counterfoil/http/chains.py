"""Chains: every entry about one rootTraceId, in order, with the hashes that show that none is missing."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from counterfoil.chain.history import read_page
from counterfoil.chain.ports import ChainReader
from counterfoil.chain.standing import Standing
from counterfoil.errors import ContentAbsentError, MalformedClaimsError, MalformedParameterError, NameAmbiguousError
from counterfoil.http.chain_entry import EntryOfChain, entry_of_chain
from counterfoil.http.chain_lookup import AsOf, ChainIdText, chain_of_id, readable_chain, require_utf8, tree_at
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.event_names import EventIdText, SessionIdText, require_name
from counterfoil.http.visibility import require_reader
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, Number, PageSize, Wire
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import ChainHead
from counterfoil.policy.document import Visibility
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.claims import RootTraceId, parse_root_trace_id
from counterfoil.statement.links import chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import parse_signed_statement

router = APIRouter(tags=["chains"], responses=PROBLEMS)

RootTraceIdText = Annotated[
    str | None,
    Query(alias="rootTraceId", description="1 to 512 bytes, compared as bytes.", json_schema_extra={"minLength": 1}),
]

_LOOKED_AT: Final = 1000
"""Events of one name that are looked at; a session has many, and all of them in one engagement."""

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """One of three: a rootTraceId, or the SHA-256 of an event id or of a session id."""

    root_trace_id: RootTraceId | None
    event_key: bytes | None
    session_key: bytes | None


def _asked(
    request: Request,
    service: Wired,
    root_trace_id: RootTraceIdText = None,
    event_id: EventIdText = None,
    session_id: SessionIdText = None,
) -> _Asked:
    require_utf8(request)
    if sum(name is not None for name in (root_trace_id, event_id, session_id)) != 1:
        raise MalformedParameterError("one of rootTraceId, eventId and sessionId is expected")
    if root_trace_id is None:
        # Who may not read a chain may not learn either whether it has such an event.
        require_reader(request, Visibility.OPERATOR, service.settings)
        return _Asked(None, require_name(event_id), require_name(session_id))
    try:
        return _Asked(parse_root_trace_id(root_trace_id), None, None)
    except MalformedClaimsError as error:
        raise MalformedParameterError(f"rootTraceId: {error.detail}") from error


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


@router.get("/chains", responses=problems(401, 404, 409), openapi_extra=GUARDED)
def find_chain(
    request: Request,
    response: Response,
    service: Wired,
    asked: Annotated[_Asked, Depends(_asked)],
    after: After = None,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    size: AsOf = None,
) -> ChainOfTrace:
    """The chain of a rootTraceId, or the one that has the events of that event id or session.

    Its head, what its hash begins from, and its entries in order.
    """
    tree = tree_at(service, size)
    head = readable_chain(request, response, service, _find(service.log.store, asked), tree)
    chain = _run(service, tree, head, after, limit)
    subject = asked.root_trace_id or _subject_of(service.log.store, head)
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


def _find(reader: ChainReader, asked: _Asked) -> ChainHead | None:
    if asked.root_trace_id is not None:
        return reader.chain(chain_id(asked.root_trace_id))
    if asked.event_key is not None:
        numbers = {row.chain_number for row in reader.events_named(asked.event_key, _LOOKED_AT)}
    else:
        numbers = {row.chain_number for row in reader.events_of_session(asked.session_key or b"", _LOOKED_AT)}
    if len(numbers) > 1:
        raise NameAmbiguousError("events of that name are in several engagements; GET /events lists them")
    return next((reader.chain_numbered(number) for number in numbers), None)


def _subject_of(reader: ChainReader, head: ChainHead) -> str:
    (entry,) = reader.chain_entries(head.number, 0, 1)
    data = reader.statements([entry.number]).get(entry.number)
    if data is None:
        raise ContentAbsentError("the first statement of the chain is not stored here, so that its rootTraceId is gone")
    return parse_signed_statement(data, max_bytes=len(data)).claims.subject or ""


def _run(service: Service, tree: TreeHead, head: ChainHead, after: int | None, limit: int) -> Chain:
    log, start = service.log, 0 if after is None else after + 1
    page = read_page(log.store, log.max_lag, head, start, limit, log.profiles)
    revoked = log.current_rules().revoked
    return Chain(
        tree_head=TreeHeadOfChain(size=tree.size, root_hash=tree.root.hex(), time=tree.time),
        chain_id=head.chain_id.hex(),
        length=head.length,
        chain_hash=head.chain_hash.hex(),
        signed_head=service.checkpoints.notes(tree, head).chain_head,
        engagement=_engagement(page.standing),
        entries=[entry_of_chain(one, revoked, tree.size) for one in page.entries],
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
