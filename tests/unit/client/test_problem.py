"""Problems of a service as errors: by code where it is known, by status where it is not."""

import pickle
from collections.abc import Iterator

import pytest

from counterfoil.client.problem import (
    ServiceAbsentError,
    ServiceConflictError,
    ServiceMalformedError,
    ServiceProblemError,
    ServiceRefusedError,
    ServiceUnavailableError,
    ServiceUnverifiedError,
    error_of,
    parse_problem,
)
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.http.problems import problem_of

CBOR = "application/concise-problem-details+cbor"
JSON = "application/problem+json"

_FAMILY_HERE = {
    "MalformedError": ServiceMalformedError,
    "UnverifiedError": ServiceUnverifiedError,
    "RefusedError": ServiceRefusedError,
    "ConflictError": ServiceConflictError,
    "AbsentError": ServiceAbsentError,
    "UnavailableError": ServiceUnavailableError,
    # What is wrong with the service is for its operator; for a client it is not available.
    "CorruptError": ServiceUnavailableError,
    "MisconfiguredError": ServiceUnavailableError,
}


def _leaves(kind: type[CounterfoilError] = CounterfoilError) -> Iterator[type[CounterfoilError]]:
    for child in kind.__subclasses__():
        if child.__module__ == "counterfoil.errors" and child.__name__ != "SignatureTwinError":
            yield child
            yield from _leaves(child)


@pytest.mark.parametrize("accept", [CBOR, JSON])
@pytest.mark.parametrize("kind", list(_leaves()), ids=lambda kind: kind.__name__)
def test_every_problem_of_this_service_becomes_an_error_of_its_family(
    kind: type[CounterfoilError], accept: str
) -> None:
    sent = problem_of(kind("why not"))
    media_type, body = sent.encode(accept)
    problem = parse_problem(sent.status, media_type, body, {})
    assert (problem.status, problem.code, problem.title) == (sent.status, kind.code, sent.title)
    family = next(one.__name__ for one in kind.__mro__ if CounterfoilError in one.__bases__)
    assert type(error_of(problem)) is _FAMILY_HERE[family]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ServiceMalformedError),
        (401, ServiceRefusedError),
        (403, ServiceRefusedError),
        (404, ServiceAbsentError),
        (408, ServiceUnavailableError),
        (409, ServiceConflictError),
        (410, ServiceAbsentError),
        (418, ServiceMalformedError),
        (429, ServiceUnavailableError),
        (500, ServiceUnavailableError),
        (502, ServiceUnavailableError),
        (503, ServiceUnavailableError),
    ],
)
@pytest.mark.parametrize("media_type", ["text/html", "", CBOR, JSON])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xff", encode_json({"title": 7, "code": []}), encode([1]), encode({7807: 1, -1: 5})]
)
def test_a_problem_of_others_is_known_by_its_status(
    body: bytes, media_type: str, status: int, kind: type[ServiceProblemError]
) -> None:
    problem = parse_problem(status, media_type, body, {"retry-after": "7", "location": "/entries/x"})
    assert (problem.status, problem.code, problem.retry_after, problem.location) == (status, None, "7", "/entries/x")
    assert type(error_of(problem)) is kind


def test_a_code_decides_before_the_status_does() -> None:
    body = encode({-1: "Rejected", -2: "no", 7807: {"status": 400, "code": "signature-invalid"}})
    error = error_of(parse_problem(400, CBOR, body, {}))
    assert isinstance(error, ServiceUnverifiedError)
    assert error.detail == "the service answered 400 Rejected: no"


def test_a_code_of_a_later_release_is_kept_and_the_status_decides() -> None:
    error = error_of(parse_problem(409, JSON, encode_json({"code": "not-yet-invented"}), {}))
    assert isinstance(error, ServiceConflictError)
    assert error.problem.code == "not-yet-invented"


def test_a_title_may_say_in_which_language_it_is() -> None:
    assert parse_problem(400, CBOR, b"\xa1\x20\xd8\x26\x82\x62de\x69Abgelehnt", {}).title == "Abgelehnt"


def test_endless_texts_are_cut() -> None:
    problem = parse_problem(400, JSON, encode_json({"title": "t" * 9999, "detail": "d" * 9999}), {})
    assert (len(problem.title), len(problem.detail)) == (1000, 1000)


def test_an_error_goes_from_one_process_to_another() -> None:
    error = error_of(parse_problem(503, JSON, encode_json({"title": "Busy", "detail": "later"}), {"retry-after": "7"}))
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(there), there.problem, there.detail) == (type(error), error.problem, error.detail)
