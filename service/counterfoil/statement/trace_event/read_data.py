"""What rules look at in the ``data`` of an event."""

from collections.abc import Mapping
from typing import cast

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedEventError
from counterfoil.statement.trace_event.event import (
    Dispute,
    Evaluator,
    EventData,
    EventType,
    Formation,
    Observation,
    Party,
    Role,
    Settlement,
)


def read_data(event_type: EventType, data: Mapping[str, JsonValue]) -> EventData:
    """The typed form of data whose shape was checked.

    Raises:
        MalformedEventError: A writer stands in it with two final counts.
    """
    match event_type:
        case EventType.FORMATION:
            return Formation(_parties(data), cast("str | None", data.get("visibility")))
        case EventType.OBSERVATION:
            return Observation(str(data["kind"]), _parties(data))
        case EventType.SETTLEMENT:
            return Settlement(_final_counts(data))
        case EventType.DISPUTE:
            posterior, outcome = data.get("posterior"), data.get("outcome")
            evaluators = tuple(_evaluator(item) for item in _objects(data, "evaluators"))
            return Dispute(str(data["kind"]), evaluators, _number(posterior), cast("str | None", outcome))
        case _:
            return None


def _objects(data: Mapping[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    # The shape was checked, so this is all that can stand there.
    return cast("list[dict[str, JsonValue]]", data.get(name, []))


def _number(value: JsonValue) -> float | None:
    return None if value is None else float(cast("float", value))


def _parties(data: Mapping[str, JsonValue]) -> tuple[Party, ...]:
    return tuple(Party(str(item["issuer"]), Role(str(item["role"]))) for item in _objects(data, "parties"))


def _final_counts(data: Mapping[str, JsonValue]) -> tuple[tuple[str, int], ...]:
    counts = tuple((str(item["issuer"]), cast("int", item["count"])) for item in _objects(data, "finalCounts"))
    if len({issuer for issuer, _ in counts}) != len(counts):
        raise MalformedEventError("data: finalCounts: a writer stands there twice")
    return counts


def _evaluator(item: Mapping[str, JsonValue]) -> Evaluator:
    return Evaluator(
        id=str(item["id"]),
        weight=float(cast("float", item["weight"])),
        confidence=_number(item.get("confidence")),
        p=_number(item.get("p")),
        failed=item["failed"] is True,
    )
