"""Times and lags in the words of the views."""

from typing import Final

from counterfoil.errors import MalformedEventError
from counterfoil.statement.trace_event.occurred_at import format_occurred_at

_SECOND: Final = 1000
_UNITS_SHOWN: Final = 2
"""Days and hours, or minutes and seconds; the rest is cut off, since both clocks stand beside it in full."""


def utc(seconds: int) -> str:
    """A time in whole seconds since 1970 as RFC 3339 in UTC; one outside of the years 1970 to 9999 stays a number."""
    try:
        return format_occurred_at(seconds * _SECOND).replace(".000Z", "Z")
    except MalformedEventError:
        return f"{seconds} seconds since 1970"


def lag_words(milliseconds: int | None) -> str:
    """How long after its claimed time an entry was registered, in one or two units; None is not known.

    Registration is known in whole seconds, so that a lag below one, in either direction, says no more than that.
    """
    if milliseconds is None:
        return "not known"
    if abs(milliseconds) < _SECOND:
        return "less than a second"
    direction = "after the claimed time" if milliseconds > 0 else "BEFORE the claimed time"
    return f"{_duration(abs(milliseconds) // _SECOND)} {direction}"


def _duration(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    counts = [(days, "day"), (hour, "hour"), (minute, "minute"), (second, "second")]
    first = next(place for place, (count, _) in enumerate(counts) if count)
    shown = [(count, unit) for count, unit in counts[first : first + _UNITS_SHOWN] if count]
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in shown)
