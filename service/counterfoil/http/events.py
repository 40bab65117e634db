"""Events by the names that their writers gave them: every one of that name, whoever wrote it and wherever it is."""

from fastapi import APIRouter, Request, Response

from counterfoil.chain.ports import ChainReader
from counterfoil.errors import LogCorruptError, MalformedParameterError
from counterfoil.http.chain_lookup import require_utf8
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.event_names import EventIdText, SessionIdText, require_name
from counterfoil.http.responses import PRIVATE
from counterfoil.http.visibility import require_reader
from counterfoil.http.wire import DEFAULT_PAGE_SIZE, PageSize, Wire
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import EventRow
from counterfoil.policy.document import Visibility

router = APIRouter(tags=["chains"], responses=PROBLEMS)


class NamedEvent(Wire):
    """An event, where it stands, and the chain it belongs to, which ``/entries/{entryId}/chain`` shows."""

    number: int
    entry_id: str
    chain_id: str
    sequence: int
    type: str


class NamedEvents(Wire):
    """Events of one name, in the order of the log. ``more``: there are others behind them."""

    events: list[NamedEvent]
    more: bool


@router.get("/events", responses=problems(401), openapi_extra=GUARDED)
def find_events(
    request: Request,
    response: Response,
    service: Wired,
    event_id: EventIdText = None,
    session_id: SessionIdText = None,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> NamedEvents:
    """Every event of that id, or of that session, of any chain; if several writers used one id, all of them."""
    # Who may not read a chain may not learn either whether it has such an event.
    require_reader(request, Visibility.OPERATOR, service.settings)
    require_utf8(request)
    response.headers["Cache-Control"] = PRIVATE
    rows = _rows(service.log.store, event_id, session_id, limit + 1)
    return NamedEvents(events=[_named(service, row) for row in rows[:limit]], more=len(rows) > limit)


def _rows(reader: ChainReader, event_id: str | None, session_id: str | None, limit: int) -> list[EventRow]:
    event_key, session_key = require_name(event_id), require_name(session_id)
    if event_key is not None and session_key is None:
        return list(reader.events_named(event_key, limit))
    if session_key is not None and event_key is None:
        return list(reader.events_of_session(session_key, limit))
    raise MalformedParameterError("one of eventId and sessionId is expected")


def _named(service: Service, row: EventRow) -> NamedEvent:
    chain = service.log.store.chain_numbered(row.chain_number)
    entry = service.log.store.entry(row.number)
    if chain is None or entry is None:
        raise LogCorruptError(f"table events, row {row.number}: its chain or its entry is not there")
    return NamedEvent(
        number=row.number,
        entry_id=entry.statement_hash.hex(),
        chain_id=chain.chain_id.hex(),
        sequence=row.sequence,
        type=row.kind,
    )
