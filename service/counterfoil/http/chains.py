"""Chains: every entry about one rootTraceId, in order, with the hashes that show that none is missing."""

import re
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Path, Query, Request, Response

from counterfoil.chain.completeness import CAVEAT, WriterReport, report_writers
from counterfoil.chain.history import read_page
from counterfoil.chain.landmarks import standing_at
from counterfoil.chain.names import name_key
from counterfoil.chain.standing import Standing
from counterfoil.errors import ChainAbsentError, MalformedClaimsError, MalformedParameterError
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.responses import PRIVATE, REVALIDATE
from counterfoil.http.visibility import require_reader
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, Number, PageSize, Wire
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import ChainHead, Entry
from counterfoil.policy.document import Visibility
from counterfoil.statement.claims import RootTraceId, parse_root_trace_id
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.links import ChainId, chain_id, empty_chain_hash
from counterfoil.statement.trace_event.event import Party

router = APIRouter(tags=["chains"], responses=PROBLEMS)

_CHAIN_ID: Final = re.compile(r"[0-9a-f]{64}")

ChainIdText = Annotated[
    str,
    Path(
        description="SHA-256 of the rootTraceId: 64 lowercase hexadecimal digits.",
        json_schema_extra={"pattern": "^[0-9a-f]{64}$"},
    ),
]
After = Annotated[
    Number | None,
    Query(description="Answer the entries behind this sequence number; from the first one where it is absent."),
]


class ChainEntry(Wire):
    """One entry of a chain. Its chain hash commits to it and to every entry before it."""

    number: int
    entry_id: str
    sequence: int
    chain_hash: str
    decision_digest: str
    head_time: int


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


class Chain(Wire):
    """A chain as of its last committed entry, and a run of its entries.

    ``next`` is the next ``after``, null at the end. ``engagement`` is null where no event of the trace profile formed
    one.
    """

    chain_id: str
    length: int
    chain_hash: str
    engagement: Engagement | None
    entries: list[ChainEntry]
    next: int | None


class NumberRun(Wire):
    """Numbers from the first to the last, both included."""

    first: int
    last: int


class Writer(Wire):
    """The numbers of one party's events: which are missing, which stand there more than once.

    ``gaps`` and ``repeated`` list the first 100; ``missing`` and ``repeats`` count all. ``claimed`` is the count that
    the SETTLEMENT states for the writer, and ``claimHolds`` whether as many different numbers are there.
    """

    issuer: str | None
    issuer_hash: str
    events: int
    first: int | None
    last: int | None
    gaps: list[NumberRun]
    missing: int
    repeated: list[int]
    repeats: int
    claimed: int | None
    claim_holds: bool | None


class Completeness(Wire):
    """What the writers' own numbers say about the first ``entries`` entries of a chain, which have ``chainHash``.

    Events of those who are no party are not in it. ``caveat`` says what no such report can know.
    """

    chain_id: str
    entries: int
    chain_hash: str
    settled: bool
    writers: list[Writer]
    caveat: str


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
) -> Chain:
    """The chain of that id: its head, and its entries in order."""
    head = _readable(request, response, service, _parse_chain_id(chain_id))
    return _run(service, head, after, limit)


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
) -> ChainOfTrace:
    """The chain of a rootTraceId: its head, what its hash begins from, and its entries in order."""
    subject = _subject(request, root_trace_id)
    chain = _run(service, _readable(request, response, service, chain_id(subject)), after, limit)
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
) -> Chain:
    """The whole engagement that an entry belongs to: from any event its chain, in one look-up."""
    entry = find_entry(service.log.store, entry_id)
    head = service.log.store.chain_numbered(entry.chain_number)
    return _run(service, _admitted(request, response, service, head), after, limit)


@router.get("/chains/{chain_id}/completeness", responses=problems(401, 404), openapi_extra=GUARDED)
def get_completeness(request: Request, response: Response, service: Wired, chain_id: ChainIdText) -> Completeness:
    """What the numbers of each writer's events leave out, as far as numbers can tell."""
    head = _readable(request, response, service, _parse_chain_id(chain_id))
    standing = standing_at(service.log.store, head)
    issuers = {name_key(issuer): issuer for issuer in (*map(_issuer, standing.parties), *dict(standing.final_counts))}
    written = service.log.store.written_by(head.number, head.length)
    writers = report_writers(written, issuers, dict(standing.final_counts))
    return Completeness(
        chain_id=head.chain_id.hex(),
        entries=head.length,
        chain_hash=head.chain_hash.hex(),
        settled=standing.settled,
        writers=[_writer(report) for report in writers],
        caveat=CAVEAT,
    )


def _issuer(party: Party) -> str:
    return party.issuer


def _writer(report: WriterReport) -> Writer:
    return Writer(
        issuer=report.issuer,
        issuer_hash=report.writer.hex(),
        events=report.events,
        first=report.first if report.events else None,
        last=report.last if report.events else None,
        gaps=[NumberRun(first=first, last=last) for first, last in report.gaps],
        missing=report.missing,
        repeated=list(report.repeated),
        repeats=report.repeats,
        claimed=report.claimed,
        claim_holds=report.claim_holds,
    )


def _parse_chain_id(text: str) -> ChainId:
    if _CHAIN_ID.fullmatch(text) is None:
        raise MalformedParameterError("a chain id is 64 lowercase hexadecimal digits")
    return ChainId(bytes.fromhex(text))


def _subject(request: Request, text: str) -> RootTraceId:
    try:
        # The framework has replaced what is no UTF-8, and would so find another trace than was asked for.
        unquote_to_bytes(request.url.query).decode()
        return parse_root_trace_id(text)
    except UnicodeDecodeError as error:
        raise MalformedParameterError("the query is not UTF-8") from error
    except MalformedClaimsError as error:
        raise MalformedParameterError(f"rootTraceId: {error.detail}") from error


def _readable(request: Request, response: Response, service: Service, key: ChainId) -> ChainHead:
    return _admitted(request, response, service, service.log.store.chain(key))


def _admitted(request: Request, response: Response, service: Service, head: ChainHead | None) -> ChainHead:
    # Who may not read a chain may not learn either whether it is there.
    require_reader(request, Visibility.OPERATOR if head is None else head.visibility, service.settings)
    if head is None:
        raise ChainAbsentError("the log has no entry with that root trace id")
    response.headers["Cache-Control"] = REVALIDATE if head.visibility is Visibility.PUBLIC else PRIVATE
    return head


def _run(service: Service, head: ChainHead, after: int | None, limit: int) -> Chain:
    page = read_page(service.log.store, head, 0 if after is None else after + 1, limit)
    return Chain(
        chain_id=head.chain_id.hex(),
        length=head.length,
        chain_hash=head.chain_hash.hex(),
        engagement=_engagement(standing_at(service.log.store, head)),
        entries=[_entry(entry) for entry in page.entries],
        next=None if page.next_sequence is None else page.next_sequence - 1,
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


def _entry(entry: Entry) -> ChainEntry:
    return ChainEntry(
        number=entry.number,
        entry_id=entry.statement_hash.hex(),
        sequence=entry.sequence,
        chain_hash=entry.chain_hash.hex(),
        decision_digest=entry.decision_digest.hex(),
        head_time=parse_decision_record(entry.decision).head_time,
    )
