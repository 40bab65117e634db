"""Lines in one form, whoever wrote them, and nothing in them that must not leave."""

import io
import json
import logging
from typing import Any

import pytest

from counterfoil.observability.logs import logging_to
from counterfoil.observability.request_context import CURRENT_REQUEST, RequestContext, note_problem

HIDDEN = "the payload itself"


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail_with_a_secret() -> None:
    payload = HIDDEN.encode()
    raise ValueError(f"cannot read {payload!r}")


@pytest.mark.parametrize("name", ["counterfoil.http.server", "uvicorn.error", "asyncio"])
def test_every_logger_writes_the_same_line(name: str) -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=True):
        logging.getLogger(name).warning("%s of %d", "one", 2)
    (line,) = lines_of(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "warning", "logger": name, "message": "one of 2"}


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_leaves_its_type_and_its_place_and_not_its_text(*, as_json: bool) -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=as_json):
        try:
            fail_with_a_secret()
        except ValueError:
            logging.getLogger("counterfoil").exception("it failed")
    text = stream.getvalue()
    assert "it failed" in text
    assert "ValueError" in text
    assert "fail_with_a_secret" in text
    assert HIDDEN not in text


@pytest.mark.parametrize("as_json", [True, False])
def test_no_other_extra_field_is_written(*, as_json: bool) -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=as_json):
        logging.getLogger("library").info("m", extra={"color_message": HIDDEN, "path": HIDDEN, "status": 503})
    assert HIDDEN not in stream.getvalue()
    assert "503" in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_of_json_is_one_line_whatever_it_says(*, as_json: bool) -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=as_json):
        logging.getLogger("x").info('a\n{"level": "critical", "message": "forged"}')
    if as_json:
        assert len(lines_of(stream)) == 1
    assert stream.getvalue().count('"critical"') <= 1


def test_lines_bear_the_id_of_their_request_and_of_no_other() -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=True):
        token = CURRENT_REQUEST.set(RequestContext("the-id"))
        logging.getLogger("x").info("inside")
        CURRENT_REQUEST.reset(token)
        logging.getLogger("x").info("outside")
    inside, outside = lines_of(stream)
    assert inside["request_id"] == "the-id"
    assert "request_id" not in outside


def test_text_is_readable_and_has_no_terminal_codes() -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=False):
        logging.getLogger("x").info("serving log.example on http://127.0.0.1:1")
    assert "serving log.example on http://127.0.0.1:1" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_when_the_block_ends_nothing_is_written_any_more() -> None:
    stream = io.StringIO()
    before = logging.getLogger().level
    with logging_to(stream, as_json=True):
        pass
    logging.getLogger("x").warning("late")
    assert stream.getvalue() == ""
    assert logging.getLogger().level == before


def test_a_problem_outside_of_a_request_is_nobodys() -> None:
    note_problem("a-code")
    assert CURRENT_REQUEST.get() is None
