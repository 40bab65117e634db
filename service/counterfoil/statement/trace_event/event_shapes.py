"""The shape of a whole trace event, by its type."""

from collections.abc import Mapping
from typing import Final

from counterfoil.statement.trace_event.data_shapes import DATA_SHAPES
from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.occurred_at import OCCURRED_AT
from counterfoil.statement.trace_event.references import REFERENCES
from counterfoil.statement.trace_event.shape import Choice, Members, Shape, Text
from counterfoil.statement.trace_event.words import (
    COMMITTED,
    COMPONENTS,
    COUNT,
    EVENT_ID,
    FRACTION,
    HASH,
    NAME,
    PAPER,
    ROLE,
    SESSION,
)

_OPTIONAL: Final[Mapping[str, Shape]] = {
    "previous": HASH,
    "references": REFERENCES,
    "paper": PAPER,
    "input": COMMITTED,
    "output": COMMITTED,
    "score": FRACTION,
    "components": COMPONENTS,
    "fingerprint": HASH,
    "euAiActRiskLevel": Choice(("minimal", "limited", "high", "unacceptable")),
    "euAiActLogVersion": Text(1, 64),
}


def _event_shape(event_type: EventType) -> Members:
    return Members(
        {
            "type": Choice((event_type,)),
            "eventId": EVENT_ID,
            "rootTraceId": SESSION,
            "sessionId": SESSION,
            "occurredAt": OCCURRED_AT,
            "actor": Members({"id": NAME, "role": ROLE}),
            "sequence": COUNT,
            "data": DATA_SHAPES[event_type],
        },
        _OPTIONAL,
    )


EVENT_SHAPES: Final[Mapping[EventType, Members]] = {event_type: _event_shape(event_type) for event_type in EventType}
"""Every member of an event of that type; which of them may go together is not theirs to say."""
