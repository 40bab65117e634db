"""GET /chains/{id}/completeness: what the numbers of a chain's writers leave out."""

from fastapi import APIRouter, Request, Response

from counterfoil.chain.completeness import CAVEAT, WriterReport, report_writers
from counterfoil.chain.landmarks import standing_at
from counterfoil.chain.names import name_key
from counterfoil.http.chain_lookup import AsOf, ChainIdText, chain_of_id, tree_at
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.wire import Wire
from counterfoil.http.wiring import Wired

router = APIRouter(tags=["chains"], responses=PROBLEMS)


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


@router.get("/chains/{chain_id}/completeness", responses=problems(401, 404), openapi_extra=GUARDED)
def get_completeness(
    request: Request, response: Response, service: Wired, chain_id: ChainIdText, size: AsOf = None
) -> Completeness:
    """What the numbers of each writer's events leave out, as far as numbers can tell."""
    tree = tree_at(service, size)
    head = chain_of_id(request, response, service, chain_id, tree)
    standing = standing_at(service.log.store, head)
    claimed = dict(standing.final_counts)
    issuers = {name_key(issuer): issuer for issuer in {party.issuer for party in standing.parties} | claimed.keys()}
    writers = report_writers(service.log.store.written_by(head.number, head.length), issuers, claimed)
    return Completeness(
        chain_id=head.chain_id.hex(),
        entries=head.length,
        chain_hash=head.chain_hash.hex(),
        settled=standing.settled,
        writers=[_writer(report) for report in writers],
        caveat=CAVEAT,
    )


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
