"""The one table from errors to exit codes. A code never changes once released: scripts branch on it."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from counterfoil.errors import (
    AbsentError,
    ConflictError,
    CorruptError,
    CounterfoilError,
    MalformedError,
    MisconfiguredError,
    RefusedError,
    UnavailableError,
    UnverifiedError,
)


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    UNVERIFIED = 1
    USAGE = 2
    MALFORMED = 3
    REFUSED = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    CORRUPT = 7
    MISCONFIGURED = 8
    ABSENT = 9
    INTERNAL = 10
    INCOMPLETE = 11
    INTERRUPTED = 130


FAMILIES: Final[tuple[tuple[type[CounterfoilError], ExitCode], ...]] = (
    (UnverifiedError, ExitCode.UNVERIFIED),
    (MalformedError, ExitCode.MALFORMED),
    (RefusedError, ExitCode.REFUSED),
    (ConflictError, ExitCode.CONFLICT),
    (UnavailableError, ExitCode.UNAVAILABLE),
    (CorruptError, ExitCode.CORRUPT),
    (MisconfiguredError, ExitCode.MISCONFIGURED),
    (AbsentError, ExitCode.ABSENT),
)
"""Whose fault it is, and the exit code that says so."""

_MEANINGS: Final = {
    ExitCode.OK: "everything asked for was done and holds",
    ExitCode.UNVERIFIED: "a signature or proof does not hold, or cannot be checked",
    ExitCode.USAGE: "the command line was not understood",
    ExitCode.MALFORMED: "bytes could not be read as what they should be",
    ExitCode.REFUSED: "the registration policy, or the service, says no",
    ExitCode.CONFLICT: "it is there already in another form",
    ExitCode.UNAVAILABLE: "the service or the store cannot be reached now; again later",
    ExitCode.CORRUPT: "the log disagrees with itself: fsck has findings, or audit has faults",
    ExitCode.MISCONFIGURED: "it cannot be done as this machine is set up",
    ExitCode.ABSENT: "nothing is there by that name",
    ExitCode.INTERNAL: "a defect of this program",
    ExitCode.INCOMPLETE: "nothing wrong was found, and not all of it could be looked at",
    ExitCode.INTERRUPTED: "interrupted",
}


def exit_code_of(error: CounterfoilError) -> ExitCode:
    """The exit code of an error's family."""
    return next((code for family, code in FAMILIES if isinstance(error, family)), ExitCode.INTERNAL)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of a command that did the same for several things: the highest of theirs, 0 only if all are."""
    return max(codes, default=ExitCode.OK)


def exit_code_table() -> str:
    """The table as ``counterfoil --help`` shows it."""
    return "\n".join(f"  {code.value:>3}  {_MEANINGS[code]}" for code in ExitCode)
