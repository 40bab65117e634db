"""Posting statements and fetching what the log gives out, each thing verified before it is returned."""

try:
    import httpx as _httpx  # noqa: F401 - what the base install lacks; better asked for by its extra
    import stamina as _stamina  # noqa: F401 - as above
except ImportError as error:
    raise ImportError("the client needs httpx and stamina: pip install 'counterfoil[client]'") from error

from counterfoil.client.client import AsyncClient, Client
from counterfoil.client.conversations import Fetched
from counterfoil.client.engagement import Engagement, SpooledEvent, UndeliveredError
from counterfoil.client.enrolling import Enrolled, MakeEvidence, ToBind, to_bind
from counterfoil.client.patience import IMPATIENT, Patience
from counterfoil.client.problem import (
    KeptReceiptError,
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
from counterfoil.client.spool import SpoolBusyError, SpoolUnwritableError
from counterfoil.client.spool_sender import SenderEndedError
from counterfoil.client.submitting import Registered
from counterfoil.client.submitting_many import Outcome
from counterfoil.client.summary import LogSummary

__all__ = [
    "IMPATIENT",
    "AsyncClient",
    "Client",
    "Engagement",
    "Enrolled",
    "Fetched",
    "KeptReceiptError",
    "LogKeysChangedError",
    "LogSummary",
    "MakeEvidence",
    "Outcome",
    "Patience",
    "Problem",
    "ReceiptStore",
    "ReceiptWithheldError",
    "Registered",
    "SenderEndedError",
    "ServiceAbsentError",
    "ServiceAnswerError",
    "ServiceConflictError",
    "ServiceMalformedError",
    "ServiceProblemError",
    "ServiceRefusedError",
    "ServiceUnavailableError",
    "ServiceUnreachableError",
    "ServiceUnverifiedError",
    "SpoolBusyError",
    "SpoolUnwritableError",
    "SpooledEvent",
    "ToBind",
    "UndeliveredError",
    "parse_problem",
    "to_bind",
]
