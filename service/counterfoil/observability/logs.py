"""Log lines: JSON for programs or text for people, each with the id of the request it belongs to.

Every logger of the process comes out in this form, those of libraries too. No line holds the text of an exception that
nobody foresaw, nor a local variable: either may be a statement's content. Its type and where it happened are enough.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from counterfoil.observability.request_context import CURRENT_REQUEST

REQUEST_FIELDS: Final = ("method", "route", "status", "code", "duration_ms")
"""The fields of a request's line besides its id. No other extra field of a record is written."""


@contextmanager
def logging_to(stream: TextIO, *, as_json: bool) -> Iterator[None]:
    """Write what is logged to ``stream`` until the block ends."""
    root = logging.getLogger()
    before, handler = root.level, _begin(stream, as_json=as_json)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def log_for_ever(*, as_json: bool) -> None:
    """Write what is logged to standard error for as long as the process lives, as a worker does."""
    _begin(sys.stderr, as_json=as_json)


def _begin(stream: TextIO, *, as_json: bool) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_formatter(as_json=as_json))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # It announces each look at the schema's revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def log_formatter(*, as_json: bool) -> logging.Formatter:
    """A formatter that writes one line of JSON, or readable text, for any record of the standard library."""
    renderers: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        renderers += [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
    else:
        # The default would print local variables beside a traceback.
        renderers.append(
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=REQUEST_FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_request_id,
        ],
        processors=[_say_where, *renderers],
    )


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    context = CURRENT_REQUEST.get()
    if context is not None:
        event["request_id"] = context.request_id
    return event


def _say_where(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the lines of code that it came through."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = _raised(info)
    if error is not None:
        event["error"] = type(error).__name__
        event["where"] = "".join(traceback.format_tb(error.__traceback__))
    return event


def _raised(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple) and len(info) == len(sys.exc_info()) and isinstance(info[1], BaseException):
        return info[1]
    return None
