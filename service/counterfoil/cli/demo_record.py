"""What the demonstration registers: the record of one tool call in an engagement between two companies' agents."""

from dataclasses import dataclass
from typing import Final

from counterfoil.encoding.jcs import encode_json

AGENT: Final = "https://procurement-agent.example"
CONTENT_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Engagement:
    """The ids of one engagement; the first session's id is the rootTraceId."""

    root_trace_id: str
    event_id: str
    call_id: str


def tool_call(engagement: Engagement, occurred_at: str) -> bytes:
    """The record of the agent placing an order within the limits it was given, in RFC 8785 form."""
    return encode_json(
        {
            "type": "ACTION",
            "eventId": engagement.event_id,
            "rootTraceId": engagement.root_trace_id,
            "sessionId": engagement.root_trace_id,
            "occurredAt": occurred_at,
            "actor": {"id": AGENT, "role": "agent"},
            "sequence": 0,
            "data": {
                "tool": "purchase_orders.create",
                "callId": engagement.call_id,
                "model": "planner-3.1",
                "durationMs": 412,
                "status": "ok",
            },
            "input": {
                "supplier": "Northwind Bearings",
                "sku": "6204-2RS",
                "quantity": 400,
                "maximumTotal": "1250.00 EUR",
            },
            "output": {"orderNumber": "PO-2219", "total": "1184.00 EUR"},
        },
    )
