"""Posting statements and fetching what the log gives out, each thing verified before it is returned."""

try:
    import httpx as _httpx  # noqa: F401 - the one package that the base install lacks; better asked for by its extra
except ImportError as error:
    raise ImportError("the client needs httpx: pip install 'counterfoil[client]'") from error

from counterfoil.client.client import AsyncClient, Client
from counterfoil.client.conversations import Fetched, Outcome, Registered
from counterfoil.client.patience import IMPATIENT, Patience
from counterfoil.client.problem import (
    LogKeysChangedError,
    Problem,
    ReceiptWithheldError,
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
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.summary import LogSummary

__all__ = [
    "IMPATIENT",
    "AsyncClient",
    "Client",
    "Fetched",
    "LogKeysChangedError",
    "LogSummary",
    "Outcome",
    "Patience",
    "Problem",
    "ReceiptStore",
    "ReceiptWithheldError",
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
