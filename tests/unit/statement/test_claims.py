"""CWT claims: what is read, what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cose import labels
from counterfoil.encoding.cbor import CborValue, Tagged
from counterfoil.errors import MalformedClaimsError
from counterfoil.statement.claims import MAX_NUMERIC_DATE, Claims, parse_claims, parse_root_trace_id


def test_absent_claims_are_none() -> None:
    assert parse_claims(None) == Claims()
    assert parse_claims({}) == Claims()


def test_all_claims_are_read() -> None:
    claims = parse_claims({1: "i", 2: "s", 3: "a", 4: 30, 5: 10, 6: 20.5})
    assert claims == Claims("i", parse_root_trace_id("s"), ("a",), 30, 10, 20.5, tagged_dates=False)


def test_a_tagged_date_is_read_and_noted() -> None:
    claims = parse_claims({labels.CWT_IAT: Tagged(labels.TAG_EPOCH, 7)})
    assert claims.issued_at == 7
    assert claims.tagged_dates


def test_an_audience_list_is_read() -> None:
    assert parse_claims({labels.CWT_AUD: ("a", "b")}).audience == ("a", "b")


@pytest.mark.parametrize("value", [b"", "", 1, ("x",), True, Tagged(1, 1)])
def test_claims_that_are_no_map_are_refused(value: CborValue) -> None:
    with pytest.raises(MalformedClaimsError):
        parse_claims(value)


@pytest.mark.parametrize(
    "claims",
    [
        {1: ""},
        {1: "x" * 8193},
        {1: b"bytes"},
        {1: 5},
        {2: ""},
        {2: None},
        {2: b"bytes"},
        {2: 7},
        {2: "x" * 513},
        {2: "\N{LATIN SMALL LETTER E WITH ACUTE}" * 257},
        {2: "a\x00b"},
        {2: "a\nb"},
        {2: "a\x7fb"},
        {2: "a\x85b"},
        {3: ()},
        {3: 5},
        {3: ("a", 5)},
        {3: tuple("a" * 17)},
        {4: "soon"},
        {4: True},
        {5: -1},
        {6: math.nan},
        {6: math.inf},
        {6: MAX_NUMERIC_DATE + 1},
        {6: b"1"},
        {6: Tagged(1, "x")},
    ],
    ids=repr,
)
def test_claims_out_of_bounds_are_refused(claims: dict[int | str, CborValue]) -> None:
    with pytest.raises(MalformedClaimsError):
        parse_claims(claims)


def test_the_bounds_themselves_are_admitted() -> None:
    claims = parse_claims({1: "x" * 8192, 2: "y" * 512, 6: MAX_NUMERIC_DATE})
    assert claims.issuer == "x" * 8192


def test_a_subject_is_never_normalised() -> None:
    composed, decomposed = "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}"
    assert parse_root_trace_id(composed) != parse_root_trace_id(decomposed)


@given(st.text(alphabet=st.characters(categories=["Cs"]), min_size=1, max_size=4))
def test_lone_surrogates_are_refused(text: str) -> None:
    with pytest.raises(MalformedClaimsError):
        parse_root_trace_id(text)
