"""When a page of decisions is due, and what it says."""

from counterfoil.errors import PageRootError
from counterfoil.log.ports import LogReader
from counterfoil.log.records import Head
from counterfoil.statement.page import MAX_PAGE_ENTRIES, Page, page_root

_READ = 1024


def next_page(reader: LogReader, head: Head) -> Page | None:
    """The page that covers the decisions no page covers yet; None when all are covered."""
    first = head.next_page
    last = min(head.tree.size, first + MAX_PAGE_ENTRIES) - 1
    return None if last < first else Page(first, last, page_root(_digests(reader, first, last)))


def require_page_root(reader: LogReader, page: Page) -> None:
    """Check a page against the committed decisions it covers.

    Raises:
        PageRootError: It states another root, or covers entries that are not committed.
    """
    digests = _digests(reader, page.first, page.last)
    if len(digests) != page.last - page.first + 1 or page_root(digests) != page.root:
        raise PageRootError("the page does not state the root of the decisions it covers")


def _digests(reader: LogReader, first: int, last: int) -> list[bytes]:
    digests: list[bytes] = []
    for start in range(first, last + 1, _READ):
        entries = reader.entries(start, min(_READ, last + 1 - start))
        digests.extend(entry.decision_digest for entry in entries)
    return digests
