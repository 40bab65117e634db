"""Where an audit reads entries: descriptions of a store and of a service that can go to another process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from counterfoil.audit.entry import MAX_ENTRIES, AuditedEntry, audited, parse_audited
from counterfoil.audit.stored import stored_runs
from counterfoil.cli.extras import needing
from counterfoil.errors import LogCorruptError
from counterfoil.log.ports import LogReader
from counterfoil.log.records import KeptEntry
from counterfoil.storage.postgres_url import is_postgres

if TYPE_CHECKING:
    from counterfoil.client import Client

EntriesFrom = Callable[[int, int], Iterator[AuditedEntry]]
"""The entries from one number up to another, in order; those that are not there are left out."""

_BUSY_SECONDS: Final = 60.0
"""An audit of hours is not ended by a service that starts again meanwhile, or that limits how often it is asked."""


class Source(Protocol):
    """Where entries are read, without a connection to it."""

    def opened(self) -> AbstractContextManager[EntriesFrom]:
        """A connection to it, for one process."""
        ...


@dataclass(frozen=True, slots=True)
class StoreSource:
    """The store of a data directory, or at a URL."""

    path: Path
    database: str | None

    @contextmanager
    def opened(self) -> Iterator[EntriesFrom]:
        """A connection to it; errors as for ``open_store``."""
        with needing("server"):
            from counterfoil.storage.opening import open_store  # noqa: PLC0415 - the base install has no database
        store = open_store(self.database, self.path)
        try:
            yield lambda start, stop: entries_of_store(store, start, stop)
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class ServiceSource:
    """A service, and what it lets through to what is not public."""

    url: str
    credential: str | None

    @contextmanager
    def opened(self) -> Iterator[EntriesFrom]:
        """A connection to it; errors as for ``trusted_log``."""
        from counterfoil.cli.remote import trusted_log  # noqa: PLC0415 - who audits a store needs none of it

        with trusted_log(self.url, None, None, credential=self.credential, retry_for=_BUSY_SECONDS) as client:
            yield lambda start, stop: entries_of_service(client, start, stop)


def load_for(url: str | None, database: str | None) -> None:
    """Load what opening a service takes, or else a store, so that processes which are copied later have it.

    Raises:
        ExtraMissingError: It is not installed.
    """
    with needing("server" if url is None else "client"):
        if url is not None:
            import counterfoil.cli.policy_chain  # noqa: PLC0415 - as above
            import counterfoil.client  # noqa: PLC0415 - as above
        elif database is not None and is_postgres(database):
            import counterfoil.storage.postgres  # noqa: PLC0415 - as above
        else:
            import counterfoil.storage.opening  # noqa: F401, PLC0415 - as above


def entries_of_store(store: LogReader, start: int, stop: int) -> Iterator[AuditedEntry]:
    """The entries of a store; around a row that cannot be read they are read one by one."""
    try:
        for run in stored_runs(store, start, stop):
            for kept in run:
                yield audited(kept)
                start = kept.number + 1
    except LogCorruptError:
        yield from _one_by_one(store, start, stop)


def entries_of_service(client: "Client", start: int, stop: int) -> Iterator[AuditedEntry]:
    """The entries that a service gives out, until it gives none that goes on; errors as for ``Client``.

    Raises:
        MalformedError: What it answers are no entries.
    """
    while start < stop:
        before = start
        for entry in parse_audited(client.entry_sequence(start, min(MAX_ENTRIES, stop - start))):
            yield entry
            start = max(start, entry.number + 1)
        if start == before:
            return


def _one_by_one(store: LogReader, start: int, stop: int) -> Iterator[AuditedEntry]:
    for number in range(start, stop):
        try:
            entry = store.entry(number)
        except LogCorruptError:
            continue
        if entry is None:
            continue
        try:
            content = store.content(number)
        except LogCorruptError:
            content = None
        yield audited(KeptEntry(entry.number, entry.statement_hash, entry.decision, content))
