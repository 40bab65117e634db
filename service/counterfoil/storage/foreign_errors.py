"""What goes wrong in the database, in our own words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from counterfoil.errors import CounterfoilError, LogCorruptError, StoreUnavailableError

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
_PRIMARY_CODE: Final = 0xFF
"""The rest of an SQLite result code only refines these eight bits."""


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn every exception of SQLAlchemy and SQLite into one of ours.

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
    except sqlite3.Error as error:
        raise _ours(error) from error


def _ours(error: BaseException | None) -> CounterfoilError:
    code = getattr(error, "sqlite_errorcode", None)
    if _is_undecodable_text(error, code) or (isinstance(code, int) and code & _PRIMARY_CODE in _CORRUPT):
        return LogCorruptError(f"the database disagrees with itself: {error}")
    return StoreUnavailableError(f"the database refused: {error}")


def _is_undecodable_text(error: BaseException | None, code: object) -> bool:
    # The one operational error that Python raises by itself, without a result code: a text column is not UTF-8.
    return code is None and isinstance(error, sqlite3.OperationalError)
