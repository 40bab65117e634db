"""Pages while the service runs: every decision is committed to soon after it was made (architecture, decision 7)."""

import asyncio
import logging
from typing import Final

from counterfoil.errors import CorruptError, CounterfoilError, LogCorruptError, PageSupersededError
from counterfoil.http.wiring import Service
from counterfoil.log.local_log import LocalLog
from counterfoil.log.records import Entry, Head
from counterfoil.register import register
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.links import chain_id

_logger = logging.getLogger(__name__)

_RECENT_PAGES: Final = 64
"""After each page one unpaged page is left, after a long pause one for every 65,536 entries: this is plenty."""


async def write_pages(service: Service) -> None:
    """Now and in every ``page_seconds``, write the pages that are due, until cancelled. No error ends it."""
    while True:
        try:
            # Said each time, whether a page is due or not: nothing else in such a process would say it by itself.
            await asyncio.to_thread(service.log.require_signing)
            await write_due_pages(service)
        except PageSupersededError:
            _logger.debug("another process wrote the page")
        except CorruptError as error:
            service.failure.report(error)
        except CounterfoilError as error:
            _logger.error("no page was written: %s: %s", error.code, error.detail)  # noqa: TRY400 - the text says it all
        except Exception:
            _logger.exception("no page was written")
        await asyncio.sleep(service.settings.page_seconds)


async def write_due_pages(service: Service) -> int:
    """Register page after page until they cover all that was there when this began; how many it took.

    What is appended meanwhile waits for the next time, or a busy log would never be done with pages.

    Raises:
        PageSupersededError: Another process wrote one first.
        UnavailableError, CorruptError: The log did not take one.
    """
    written = 0
    end = (await asyncio.to_thread(service.log.head)).tree.size
    while (page := await asyncio.to_thread(_due_page, service, end)) is not None:
        await register(page, service.log)
        written += 1
    return written


def _due_page(service: Service, end: int) -> bytes | None:
    head = service.log.head()
    if head.next_page >= end:
        return None
    recent = _recent_pages(service.log, head)
    if not _holds_statements(head, recent) and not _heartbeat_is_due(service, recent):
        return None
    return service.log.due_page(service.service_signer)


def _recent_pages(log: LocalLog, head: Head) -> list[Entry]:
    chain = log.store.chain(chain_id(log.genesis.identity.page_subject))
    if chain is None:
        return []
    start = max(0, chain.length - _RECENT_PAGES)
    pages = log.store.chain_entries(chain.number, start, chain.length - start)
    return [page for page in pages if page.number < head.tree.size]


def _holds_statements(head: Head, recent: list[Entry]) -> bool:
    """Whether anything but pages was appended that no page covers.

    A page is an entry itself. If it made another page due, the log would grow for ever on its own.
    """
    unpaged_pages = sum(page.number >= head.next_page for page in recent)
    return head.tree.size - head.next_page > unpaged_pages


def _heartbeat_is_due(service: Service, recent: list[Entry]) -> bool:
    if not recent:
        return True
    try:
        last = parse_decision_record(recent[-1].decision).head_time
    except CounterfoilError as error:
        raise LogCorruptError(f"the decision on entry {recent[-1].number} cannot be read") from error
    return service.clock() - last >= service.settings.heartbeat_seconds
