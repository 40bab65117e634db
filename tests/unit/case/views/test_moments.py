import pytest

from counterfoil.case.views.moments import lag_words, utc


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_800_000_000, "2027-01-15T08:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800 seconds since 1970"),
        (-1, "-1 seconds since 1970"),
    ],
)
def test_a_time_in_utc(seconds: int, text: str) -> None:
    assert utc(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, "not known"),
        (0, "less than a second"),
        (999, "less than a second"),
        (-999, "less than a second"),
        (1000, "1 second after the claimed time"),
        (61_000, "1 minute 1 second after the claimed time"),
        (-7_200_000, "2 hours BEFORE the claimed time"),
        (86_400_000 + 59_000, "1 day after the claimed time"),
        (3 * 86_400_000 + 7_200_000, "3 days 2 hours after the claimed time"),
        (59_999, "59 seconds after the claimed time"),
    ],
)
def test_a_lag_in_words(milliseconds: int | None, words: str) -> None:
    assert lag_words(milliseconds) == words
