"""When a token holds: NumericDates whole and fractional, and a minute of leeway on either side."""

from typing import Any

import pytest

from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.attestation.token.times import CLOCK_SKEW_SECONDS, require_times
from counterfoil.errors import EvidenceOutOfDateError, MalformedEvidenceError
from counterfoil.statement.claims import MAX_NUMERIC_DATE

AT = 1_000_000


def times(**claims: Any) -> TokenClaims:
    return TokenClaims({"exp": AT + 100, **claims})


@pytest.mark.parametrize("at", [AT - 61, AT + 160, AT + 161])
def test_before_and_after_it_does_not_hold(at: int) -> None:
    with pytest.raises(EvidenceOutOfDateError):
        require_times(times(iat=AT, nbf=AT), at)


@pytest.mark.parametrize("at", [AT - 60, AT, AT + 99, AT + 100, AT + 159])
def test_in_between_it_holds_and_says_from_when_to_when(at: int) -> None:
    held = require_times(times(iat=AT, nbf=AT), at)
    assert (held.issued_at, held.holds_from, held.holds_until) == (AT, AT - 60, AT + 159)


@pytest.mark.parametrize(
    ("claims", "begins", "ends"),
    [
        ({"iat": AT - 50, "nbf": AT}, AT - 60, AT + 159),
        ({"iat": AT, "nbf": AT - 50}, AT - 60, AT + 159),
        ({"iat": AT + 0.25}, AT - 59, AT + 159),
        ({"exp": AT + 100.5}, 0, AT + 160),
        ({"exp": AT + 100.0, "nbf": 0}, 0, AT + 159),
        ({"nbf": None, "iat": None}, 0, AT + 159),
    ],
)
def test_the_later_beginning_counts_and_fractions_do(claims: dict[str, Any], begins: int, ends: int) -> None:
    held = require_times(times(**claims), AT + 1)
    assert (held.holds_from, held.holds_until) == (begins, ends)
    for at in (begins, ends):
        require_times(times(**claims), at)
    for at in (begins - 1, ends + 1) if begins else (ends + 1,):
        with pytest.raises(EvidenceOutOfDateError):
            require_times(times(**claims), at)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1", True, [], {}, -1, -0.5, 253_402_300_800, 1e300])
def test_what_is_no_time_is_refused(name: str, value: Any) -> None:
    with pytest.raises(MalformedEvidenceError):
        require_times(times(**{name: value}), AT)


@pytest.mark.parametrize("claims", [{}, {"exp": None}, {"iat": AT, "nbf": AT}])
def test_a_token_that_never_expires_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvidenceError):
        require_times(TokenClaims(claims), AT)


@pytest.mark.parametrize("claims", [{}, {"exp": None}, {"nbf": AT}, {"iat": None, "nbf": AT}])
def test_one_that_says_neither_when_it_expires_nor_when_it_was_issued_is_refused_everywhere(
    claims: dict[str, Any],
) -> None:
    with pytest.raises(MalformedEvidenceError):
        require_times(TokenClaims(claims), AT, dated_will_do=True)


def test_where_a_date_will_do_a_token_holds_from_then_on() -> None:
    claims = TokenClaims({"iat": AT})
    held = require_times(claims, AT, dated_will_do=True)
    assert (held.issued_at, held.holds_from, held.holds_until) == (AT, AT - 60, MAX_NUMERIC_DATE)
    with pytest.raises(EvidenceOutOfDateError):
        require_times(claims, AT - 61, dated_will_do=True)


def test_an_expiry_counts_where_a_date_will_do_too() -> None:
    assert require_times(times(iat=AT), AT + 159, dated_will_do=True).holds_until == AT + 159
    with pytest.raises(EvidenceOutOfDateError):
        require_times(times(iat=AT), AT + 160, dated_will_do=True)


def test_the_leeway_is_a_minute() -> None:
    assert CLOCK_SKEW_SECONDS == 60
