"""When an event happened: RFC 3339 in milliseconds and in Zulu time, in one spelling only."""

import re
from typing import Final

from counterfoil.errors import MalformedEventError
from counterfoil.statement.trace_event.shape import Pattern

MAX_OCCURRED_AT: Final = 253_402_300_799_999
"""The last millisecond of the year 9999; later dates do not survive other software's calendars."""

_SPELLING: Final = re.compile(
    r"(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])\.([0-9]{3})Z",
)
OCCURRED_AT: Final = Pattern(_SPELLING, "a time of the years 1970 to 9999, such as 2026-03-01T12:00:00.000Z,")
_FEBRUARY: Final = 2
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_TO_1970: Final = 719_468
"""From 1 March of the year 0 of the Gregorian calendar."""

_DAYS_IN_ERA: Final = 146_097
"""400 years, after which the calendar repeats."""


def parse_occurred_at(text: str) -> int:
    """Milliseconds since 1970 of a time such as ``2026-03-01T12:00:00.000Z``.

    Raises:
        MalformedEventError: Another spelling, a day that its month does not have, or a leap second.

    Spec: RFC 3339, section 5.6.
    """
    found = _SPELLING.fullmatch(text)
    if found is None:
        raise MalformedEventError(f"{OCCURRED_AT.what} is expected")
    year, month, day, hour, minute, second, millisecond = map(int, found.groups())
    if day > _MONTH_DAYS[month - 1] + (month == _FEBRUARY and _is_leap(year)):
        raise MalformedEventError("the month has no such day")
    return (((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond


def format_occurred_at(milliseconds: int) -> str:
    """The one spelling of a time in milliseconds since 1970.

    Raises:
        MalformedEventError: It lies before 1970 or after 9999.
    """
    if not 0 <= milliseconds <= MAX_OCCURRED_AT:
        raise MalformedEventError("a time of the years 1970 to 9999 is expected")
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    year, month, day = _date(days)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int, day: int) -> int:
    # Years begin in March here, so that the day which some years lack is the last of them.
    from_march = (month + 9) % 12
    whole = year - (month <= _FEBRUARY)
    return (
        whole * 365 + whole // 4 - whole // 100 + whole // 400 + (153 * from_march + 2) // 5 + day - 1 - _DAYS_TO_1970
    )


def _date(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + _DAYS_TO_1970, _DAYS_IN_ERA)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * of_year + 2) // 153
    month = (from_march + 2) % 12 + 1
    return era * 400 + year_of_era + (month <= _FEBRUARY), month, of_year - (153 * from_march + 2) // 5 + 1
