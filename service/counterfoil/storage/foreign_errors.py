"""What goes wrong in the database, in our own words."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from counterfoil.errors import CounterfoilError, LogCorruptError, StoreUnavailableError

if TYPE_CHECKING:
    import psycopg

# Under the head lock nothing is written that a rule of the database refuses, so a refusal means that what is stored
# is not what the head row says.
_CORRUPT: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    },
)
_CORRUPT_STATES: Final = (
    "22",  # data exception: a value that no column holds
    "23",  # integrity constraint violation
    "P0",  # raised by a trigger that keeps a table append-only
    "XX",  # data corrupted, index corrupted
)
"""The same for PostgreSQL, by the first two characters of its SQLSTATE."""

_PRIMARY_CODE: Final = 0xFF
"""The rest of an SQLite result code only refines these eight bits."""


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn every exception of SQLAlchemy, SQLite and psycopg into one of ours.

    Raises:
        LogCorruptError: The database is damaged, or refused rows that contradict those it holds.
        StoreUnavailableError: Anything else: busy, full, read-only, unreadable.
    """
    try:
        yield
    except DBAPIError as error:
        # The driver's text alone: SQLAlchemy's would repeat the statement and its parameters.
        raise _ours(error.orig) from error
    except SQLAlchemyError as error:
        raise StoreUnavailableError(f"the database connection failed: {type(error).__name__}") from error
    except _drivers_errors() as error:
        raise _ours(error) from error


def _ours(error: BaseException | None) -> CounterfoilError:
    if isinstance(error, _of_psycopg()):
        return _of_postgres(error)
    code = getattr(error, "sqlite_errorcode", None)
    if _is_undecodable_text(error, code) or (isinstance(code, int) and code & _PRIMARY_CODE in _CORRUPT):
        return LogCorruptError(f"the database disagrees with itself: {error}")
    return StoreUnavailableError(f"the database refused: {error}")


def _drivers_errors() -> tuple[type[Exception], ...]:
    return sqlite3.Error, *_of_psycopg()


def _of_psycopg() -> "tuple[type[psycopg.Error], ...]":
    """What psycopg raises; nothing in a process that has not loaded it, because its log is a file."""
    loaded = sys.modules.get("psycopg")
    return () if loaded is None else (loaded.Error,)


def _of_postgres(error: "psycopg.Error") -> CounterfoilError:
    state = error.sqlstate or ""
    # The primary message alone: details repeat rows, and rows are statements.
    text = error.diag.message_primary or str(error)
    if state.startswith(_CORRUPT_STATES):
        return LogCorruptError(f"the database disagrees with itself: {text} ({state})")
    return StoreUnavailableError(f"the database refused: {text} ({state or type(error).__name__})")


def _is_undecodable_text(error: BaseException | None, code: object) -> bool:
    # The one operational error that Python raises by itself, without a result code: a text column is not UTF-8.
    return code is None and isinstance(error, sqlite3.OperationalError)
