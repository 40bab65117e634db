"""Posting statements and fetching what the log gives out, each thing verified before it is returned."""

try:
    import httpx as _httpx  # noqa: F401 - the one package that the base install lacks; better asked for by its extra
except ImportError as error:
    raise ImportError("the client needs httpx: pip install 'counterfoil[client]'") from error

from counterfoil.client.client import Client, Fetched, Registered
from counterfoil.client.problem import (
    Problem,
    ServiceAbsentError,
    ServiceAnswerError,
    ServiceConflictError,
    ServiceMalformedError,
    ServiceProblemError,
    ServiceRefusedError,
    ServiceUnavailableError,
    ServiceUnreachableError,
    ServiceUnverifiedError,
    parse_problem,
)
from counterfoil.client.summary import LogSummary

__all__ = [
    "Client",
    "Fetched",
    "LogSummary",
    "Problem",
    "Registered",
    "ServiceAbsentError",
    "ServiceAnswerError",
    "ServiceConflictError",
    "ServiceMalformedError",
    "ServiceProblemError",
    "ServiceRefusedError",
    "ServiceUnavailableError",
    "ServiceUnreachableError",
    "ServiceUnverifiedError",
    "parse_problem",
]
