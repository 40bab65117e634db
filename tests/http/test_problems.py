"""Every error of ours has an answer, in the form that the client would rather have."""

from typing import TypeGuard

import pytest

from counterfoil import errors
from counterfoil.errors import CounterfoilError
from counterfoil.http.problems import TABLE, Problem, problem_of
from tests.http.live import PROBLEM, read_problem

DETAIL = "what happened"


def is_error(value: object) -> TypeGuard[type[CounterfoilError]]:
    return isinstance(value, type) and issubclass(value, CounterfoilError)


def leaves() -> list[type[CounterfoilError]]:
    found = [value for value in vars(errors).values() if is_error(value)]
    return [kind for kind in found if not kind.__subclasses__() and kind is not CounterfoilError]


def made(kind: type[CounterfoilError]) -> CounterfoilError:
    if kind is errors.SignatureTwinError:
        return errors.SignatureTwinError(DETAIL, bytes(32))
    return kind(DETAIL)


FAMILIES: dict[type[CounterfoilError], set[int]] = {
    errors.MalformedError: {400, 413},
    errors.UnverifiedError: {400, 500},
    errors.RefusedError: {400},
    errors.ConflictError: {409},
    errors.AbsentError: {404, 410},
    errors.UnavailableError: {429, 503},
    errors.CorruptError: {503},
    errors.MisconfiguredError: {500},
}


@pytest.mark.parametrize("kind", leaves())
def test_every_leaf_has_a_problem(kind: type[CounterfoilError]) -> None:
    problem = problem_of(made(kind))
    (statuses,) = (statuses for family, statuses in FAMILIES.items() if issubclass(kind, family))
    assert problem.status in statuses
    assert problem.code == kind.code
    assert problem.title
    assert problem.detail
    later = (errors.UnavailableError, errors.OvertakenError)
    assert ("Retry-After" in dict(problem.headers)) == issubclass(kind, later)
    assert read_problem(problem.status, *problem.encode(None)).code == kind.code


def test_the_leaves_were_found() -> None:
    assert len(leaves()) > 60
    assert all(family in TABLE for family in FAMILIES)


@pytest.mark.parametrize("kind", [kind for kind in leaves() if FAMILIES.keys() & {*kind.__mro__}])
def test_what_is_the_operators_business_is_not_told(kind: type[CounterfoilError]) -> None:
    told = DETAIL in problem_of(made(kind)).detail
    is_ours = issubclass(kind, (errors.CorruptError, errors.MisconfiguredError, errors.StoreUnavailableError))
    assert told != is_ours


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [
        (errors.AlgorithmUnsupportedError, 400, "Bad Signature Algorithm"),
        (errors.AlgorithmNotAdmittedError, 400, "Bad Signature Algorithm"),
        (errors.PayloadMissingError, 400, "Payload Missing"),
        (errors.IssuerUnknownError, 400, "Rejected"),
        (errors.SignatureInvalidError, 400, "Rejected"),
        (errors.MalformedCborError, 400, "Malformed request"),
        (errors.MalformedEntryIdError, 400, "Invalid locator"),
        (errors.TooLargeError, 413, "Content Too Large"),
        (errors.EntryAbsentError, 404, "Not Found"),
        (errors.RateLimitedError, 429, "Too Many Requests"),
        (errors.KeyAbsentError, 404, "No such key"),
        (errors.ChallengeSessionExpiredError, 410, "Gone"),
    ],
)
def test_the_titles_of_scrapi(kind: type[CounterfoilError], status: int, title: str) -> None:
    problem = problem_of(made(kind))
    assert (problem.status, problem.title) == (status, title)


JSON = "application/problem+json"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, PROBLEM),
        ("", PROBLEM),
        ("*/*", PROBLEM),
        ("application/*", PROBLEM),
        ("text/html", PROBLEM),
        ("application/cose", PROBLEM),
        ("application/cbor", PROBLEM),
        ("application/json", JSON),
        ("application/problem+json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json, */*;q=0.8", JSON),
        ("application/json;q=0.5, */*", PROBLEM),
        ("application/json;q=0", PROBLEM),
        (f"{PROBLEM}, application/json", PROBLEM),
        (f"{PROBLEM};q=0.9, application/json", JSON),
        (f"{PROBLEM};q=0.9, application/json;q=0.9", PROBLEM),
        (f"{PROBLEM};q=0, */*;q=0.1", JSON),
        ("application/json;q=2", PROBLEM),
        ("application/json;q=x", PROBLEM),
        ("application/json;version=2", PROBLEM),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PROBLEM),
        (",,;;==", PROBLEM),
        ("a" * 20_000, PROBLEM),
    ],
)
def test_the_form_is_negotiated_and_cbor_when_in_doubt(accept: str | None, media_type: str) -> None:
    problem = Problem(404, "Not Found", "a-code", "a detail")
    assert problem.encode(accept)[0] == media_type
