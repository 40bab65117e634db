"""Trace events for tests: one of each type as its writer would make it, and what a statement says of it."""

import copy
import json
from typing import Any

from counterfoil.encoding.jcs import encode_json
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, WRITERS, EventType
from tests.builders import ISSUER

ROOT = "trace-7f3c2a90-4b1d"
HEX = "ab" * 32
OTHER_HEX = "cd" * 32
EVENT_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
CONTENT_TYPE = TRACE_EVENT_CONTENT_TYPE

DATA: dict[EventType, dict[str, Any]] = {
    EventType.FORMATION: {
        "parties": [{"issuer": ISSUER, "role": "platform"}, {"issuer": "https://buyer.example", "role": "buyer"}],
        "paper": {"id": "paper-1", "hash": HEX, "hashChain": [HEX, OTHER_HEX]},
        "fingerprint": HEX,
        "escrow": {"amount": "1200.50", "currency": "EUR"},
        "visibility": "operator",
    },
    EventType.ACTION: {
        "kind": "tool",
        "name": "search",
        "callId": "call-1",
        "model": "m-1",
        "durationMs": 1250,
        "status": "succeeded",
    },
    EventType.OBSERVATION: {"kind": "request", "question": "May it pay?"},
    EventType.RUNTIME_FLAGGED: {
        "score": 0.31,
        "components": {"route": 0.4, "scope": 0.3, "output": 0.2},
        "threshold": 0.15,
        "reasons": ["an unknown route"],
        "measures": ["the buyer was notified"],
    },
    EventType.RUNTIME_SUSPENDED: {"score": 0.5},
    EventType.RUNTIME_ESCALATED: {"score": 1},
    EventType.SETTLEMENT: {
        "finalCounts": [{"issuer": ISSUER, "count": 3}],
        "deliverableHash": HEX,
        "criteriaMet": True,
        "amountReleased": {"amount": "1200", "currency": "EUR"},
    },
    EventType.DISPUTE: {
        "kind": "posterior",
        "evaluators": [
            {"id": "one", "weight": 0.5, "confidence": 0.9, "p": 0.7, "failed": False},
            {"id": "two", "weight": 1, "failed": True},
        ],
        "posterior": 0.7,
        "outcome": "refund",
        "remedy": {"text": "the escrow goes back", "amount": {"amount": "1.5", "currency": "USDC"}},
        "claims": ["nothing was delivered"],
    },
    EventType.RUNTIME_CLEARED: {"grounds": "the route was agreed on", "remedy": {"text": "the fee is waived"}},
}

REFERENCES: dict[EventType, list[dict[str, str]]] = {
    EventType.ACTION: [{"rel": "parent", "entry": HEX}],
    EventType.OBSERVATION: [],
    EventType.RUNTIME_FLAGGED: [{"rel": "scores", "entry": HEX}, {"rel": "scores", "entry": OTHER_HEX}],
    EventType.RUNTIME_SUSPENDED: [{"rel": "scores", "entry": HEX}],
    EventType.RUNTIME_ESCALATED: [{"rel": "scores", "entry": HEX}],
    EventType.SETTLEMENT: [{"rel": "settles", "entry": HEX}],
    EventType.DISPUTE: [{"rel": "evidence", "entry": HEX}],
    EventType.RUNTIME_CLEARED: [{"rel": "clears", "entry": HEX}],
}


def event_members(event_type: EventType, **changes: Any) -> dict[str, Any]:
    """The members of a whole event of that type; a change to None takes the member away."""
    members: dict[str, Any] = {
        "type": event_type.value,
        "eventId": EVENT_ID,
        "rootTraceId": ROOT,
        "sessionId": ROOT,
        "occurredAt": "2027-01-15T08:00:00.125Z",
        "actor": {"id": "writer-1", "role": min(WRITERS[event_type])},
        "sequence": 0,
        "data": DATA[event_type],
    }
    if event_type is not EventType.FORMATION:
        members |= {"previous": HEX, "references": REFERENCES[event_type]}
    if event_type is EventType.ACTION:
        members |= {
            "paper": {"id": "paper-1", "hash": HEX},
            "input": {"alg": "hmac-sha256", "digest": HEX},
            "output": {"rows": 3},
            "score": 0.05,
            "components": {"route": 0, "scope": 0.1, "output": 0.05},
            "fingerprint": HEX,
            "euAiActRiskLevel": "limited",
            "euAiActLogVersion": "1.0",
        }
    members |= changes
    return copy.deepcopy({name: value for name, value in members.items() if value is not None})


def event_payload(event_type: EventType, **changes: Any) -> bytes:
    """The payload of such an event, in RFC 8785 form."""
    return encode_json(event_members(event_type, **changes))


def spaced(event_type: EventType) -> bytes:
    """The same value in another spelling."""
    return json.dumps(event_members(event_type)).encode()
