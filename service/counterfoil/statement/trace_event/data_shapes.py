"""What stands in ``data``: a closed shape for each of the nine events."""

from collections.abc import Mapping
from typing import Final

from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.shape import Boolean, Choice, Items, Members, Number, Shape
from counterfoil.statement.trace_event.variants import Variants
from counterfoil.statement.trace_event.words import (
    AMOUNT,
    COMPONENTS,
    COUNT,
    FRACTION,
    HASH,
    ISSUER,
    MAX_PARTIES,
    NAME,
    PAPER,
    PARTIES,
    PROSE,
    REMEDY,
)

_MAX_WEIGHT: Final = 1_000_000
_LINES: Final = Items(PROSE, 0, 64)
_RUNTIME: Final = Members(
    {"score": FRACTION},
    {"components": COMPONENTS, "threshold": FRACTION, "reasons": _LINES, "measures": _LINES},
)
_EVALUATOR: Final = Variants(
    "failed",
    {
        False: Members(
            {"id": NAME, "weight": Number(0, _MAX_WEIGHT), "confidence": FRACTION, "p": FRACTION, "failed": Boolean()},
        ),
        True: Members({"id": NAME, "weight": Number(0, _MAX_WEIGHT), "failed": Boolean()}),
    },
)

DATA_SHAPES: Final[Mapping[EventType, Shape]] = {
    EventType.FORMATION: Members(
        {"parties": PARTIES, "paper": PAPER, "fingerprint": HASH},
        {"escrow": AMOUNT, "visibility": Choice(("public", "parties", "operator"))},
    ),
    EventType.ACTION: Members(
        {"kind": Choice(("tool", "api", "decision")), "name": NAME},
        {
            "callId": NAME,
            "model": NAME,
            "durationMs": COUNT,
            "status": Choice(("started", "succeeded", "failed", "denied", "cancelled")),
        },
    ),
    EventType.OBSERVATION: Members(
        {"kind": Choice(("request", "response", "amendment"))},
        {"question": PROSE, "answer": PROSE, "reviewer": NAME, "parties": PARTIES},
    ),
    EventType.RUNTIME_FLAGGED: _RUNTIME,
    EventType.RUNTIME_SUSPENDED: _RUNTIME,
    EventType.RUNTIME_ESCALATED: _RUNTIME,
    EventType.SETTLEMENT: Members(
        {"finalCounts": Items(Members({"issuer": ISSUER, "count": COUNT}), 0, MAX_PARTIES)},
        {"deliverableHash": HASH, "criteriaMet": Boolean(), "amountReleased": AMOUNT},
    ),
    EventType.DISPUTE: Variants(
        "kind",
        {
            "filed": Members({"kind": NAME, "claims": _LINES}),
            "posterior": Members(
                {
                    "kind": NAME,
                    "evaluators": Items(_EVALUATOR, 1, 256),
                    "outcome": Choice(("refund", "release", "partial", "review")),
                },
                {"claims": _LINES, "posterior": FRACTION, "remedy": REMEDY},
            ),
        },
    ),
    EventType.RUNTIME_CLEARED: Members({"grounds": PROSE}, {"remedy": REMEDY}),
}
"""By event type. Amounts are decimal texts, because no two programs round a binary fraction alike."""
