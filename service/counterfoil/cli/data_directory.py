"""The data directory of a log, and the log in it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterfoil.cli.extras import needing
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import MisconfiguredError, NotInitialisedError
from counterfoil.log.local_log import LocalLog
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.policy.rules import Rules
from counterfoil.settings import Settings, read_settings
from counterfoil.signing.uri import open_signer

if TYPE_CHECKING:
    from counterfoil.storage.opening import Stored

KEYS: Final = "keys"


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A founded log on this machine: where it lies, and how this process was asked to run."""

    path: Path
    settings: Settings

    def signer(self, uri: str) -> LocalSigner:
        """One of the log's signers; errors as for ``open_signer``."""
        return open_signer(uri, self.path)

    @contextmanager
    def store(self) -> Iterator["Stored"]:
        """The log's store, closed at the end of the block; errors as for ``open_store``."""
        with needing("server"):
            from counterfoil.storage.opening import open_store  # noqa: PLC0415 - the base install has no database
        store = open_store(self.settings.database, self.path)
        try:
            yield store
        finally:
            store.close()

    def open_log(self, store: "Stored") -> LocalLog:
        """The log, ready to append beside any other process that does; errors as for ``LocalLog``."""
        return LocalLog(store, self.signer(self.settings.receipt_key), now)

    def rules(self, store: "Stored") -> Rules:
        """The rules in force.

        Raises:
            NotInitialisedError: The store holds no log.
            CorruptError, UnavailableError: It cannot be read.
        """
        head = store.head()
        if head is None:
            raise NotInitialisedError("the store holds no log")
        return read_rules(store, read_genesis(store), head)


def find_data(given: Path | None, database: str | None = None) -> DataDirectory:
    """The data directory that ``--data`` names, or the environment; and the database, if it lies elsewhere.

    Keys are looked for in the current directory when a database is named and no data directory.

    Raises:
        MisconfiguredError: Neither names anything, or the environment cannot be read.
    """
    settings = read_settings()
    if database is not None:
        settings = replace(settings, database=database)
    path = settings.data if given is None else given
    if path is None and settings.database is None:
        raise MisconfiguredError("no data directory: give --data DIR or set COUNTERFOIL_DATA")
    return DataDirectory(Path() if path is None else path, settings)


def now() -> int:
    """The clock: whole seconds since 1970."""
    return int(time.time())
