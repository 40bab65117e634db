"""Times of events, against the calendar of the standard library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import MalformedEventError
from counterfoil.statement.trace_event.occurred_at import MAX_OCCURRED_AT, format_occurred_at, parse_occurred_at

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, MAX_OCCURRED_AT)


def by_the_library(milliseconds: int) -> str:
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(TIMES)
def test_any_time_is_written_and_read_as_the_library_does(milliseconds: int) -> None:
    text = format_occurred_at(milliseconds)
    assert text == by_the_library(milliseconds)
    assert parse_occurred_at(text) == milliseconds


def test_the_turn_of_every_february_and_year() -> None:
    for year in range(1970, 2402):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            milliseconds = (datetime(year, month, day, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
            for moment in (milliseconds, milliseconds + 24 * 60 * 60 * 1000 - 1):
                assert format_occurred_at(moment) == by_the_library(moment)
                assert parse_occurred_at(by_the_library(moment)) == moment


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2000-02-29T00:00:00.000Z"])
def test_the_ends(text: str) -> None:
    assert format_occurred_at(parse_occurred_at(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027-01-15",
        "2027-01-15T08:00:00Z",
        "2027-01-15T08:00:00.12Z",
        "2027-01-15T08:00:00.1234Z",
        "2027-01-15T08:00:00,123Z",
        "2027-01-15T08:00:00.123",
        "2027-01-15T08:00:00.123z",
        "2027-01-15t08:00:00.123Z",
        "2027-01-15 08:00:00.123Z",
        "2027-01-15T08:00:00.123+00:00",
        "2027-01-15T08:00:00.123Z\n",
        " 2027-01-15T08:00:00.123Z",
        "1969-12-31T23:59:59.999Z",
        "10000-01-01T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "2027-00-15T08:00:00.123Z",
        "2027-13-15T08:00:00.123Z",
        "2027-01-00T08:00:00.123Z",
        "2027-01-32T08:00:00.123Z",
        "2027-04-31T08:00:00.123Z",
        "2027-02-29T08:00:00.123Z",
        "2100-02-29T08:00:00.123Z",
        "2027-01-15T24:00:00.000Z",
        "2027-01-15T08:60:00.000Z",
        "2016-12-31T23:59:60.000Z",
        "\u0662027-01-15T08:00:00.123Z",
        "\u0662\u0660\u0662\u0667-01-15T08:00:00.123Z",
    ],
    ids=repr,
)
def test_no_other_spelling(text: str) -> None:
    with pytest.raises(MalformedEventError):
        parse_occurred_at(text)


@pytest.mark.parametrize("milliseconds", [-1, MAX_OCCURRED_AT + 1])
def test_times_that_have_no_spelling(milliseconds: int) -> None:
    with pytest.raises(MalformedEventError):
        format_occurred_at(milliseconds)
