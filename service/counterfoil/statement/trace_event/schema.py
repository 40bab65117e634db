"""The trace profile as JSON Schema 2020-12, from the shapes that check its events."""

from typing import Final

from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.trace_event.event import WRITERS, EventType, Relation
from counterfoil.statement.trace_event.event_shapes import EVENT_SHAPES
from counterfoil.statement.trace_event.references import MAX_REFERENCES, RELATIONS
from counterfoil.statement.trace_event.words import HASH, NAME

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SHORTEST_ROOT: Final = 4
"""A schema counts characters; in 16 bytes there are at least so many."""


def trace_event_schema(event_type: EventType | None = None) -> dict[str, JsonValue]:
    """The schema of one type's payload, or of any event's. It is as strict as a schema can be; reading is stricter."""
    if event_type is None:
        title = "A trace event"
        return {"$schema": _DIALECT, "title": title, "oneOf": [_event(one) for one in EventType]}
    return {"$schema": _DIALECT, "title": f"A trace event: {event_type}", **_event(event_type)}


def _event(event_type: EventType) -> dict[str, JsonValue]:
    shape = EVENT_SHAPES[event_type]
    members = {name: known.schema() for name, known in sorted({**shape.required, **shape.optional}.items())}
    roles = list[JsonValue](sorted(WRITERS[event_type]))
    members["actor"] = {
        "type": "object",
        "properties": {"id": NAME.schema(), "role": {"enum": roles}},
        "required": ["id", "role"],
        "additionalProperties": False,
    }
    members["references"] = _references(event_type)
    members["rootTraceId"] = {**members["rootTraceId"], "minLength": _SHORTEST_ROOT}
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": members,
        "required": list[JsonValue](sorted(shape.required)),
        "additionalProperties": False,
        "dependentRequired": {"components": ["score"]},
    }
    return schema | _rules(event_type)


def _references(event_type: EventType) -> dict[str, JsonValue]:
    relations = list[JsonValue](sorted(RELATIONS[event_type]))
    reference: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"rel": {"enum": relations}, "entry": HASH.schema()},
        "required": ["rel", "entry"],
        "additionalProperties": False,
    }
    schema: dict[str, JsonValue] = {"type": "array", "maxItems": MAX_REFERENCES, "uniqueItems": True}
    return schema | ({"items": reference} if relations else {"maxItems": 0})


def _rules(event_type: EventType) -> dict[str, JsonValue]:
    """What holds between members of that type's events."""
    if event_type is EventType.RUNTIME_CLEARED:
        return _required_references({"minItems": 1, "maxItems": 1})
    if RELATIONS[event_type] == {Relation.SCORES}:
        return _required_references({"minItems": 1})
    if event_type is EventType.OBSERVATION:
        responds, amends = _names(Relation.RESPONDS_TO), _names(Relation.AMENDS)
        adds: dict[str, JsonValue] = {"properties": {"data": {"type": "object", "required": ["parties"]}}}
        return {
            "allOf": [
                {"if": _of_kind("response"), "then": responds, "else": {"not": responds}},
                {"if": {"anyOf": [_of_kind("amendment"), adds]}, "then": amends},
            ],
        }
    return {}


def _required_references(bounds: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"allOf": [{"required": ["references"], "properties": {"references": bounds}}]}


def _names(relation: Relation) -> dict[str, JsonValue]:
    names: dict[str, JsonValue] = {"type": "object", "properties": {"rel": {"const": relation}}, "required": ["rel"]}
    return {"required": ["references"], "properties": {"references": {"type": "array", "contains": names}}}


def _of_kind(kind: str) -> dict[str, JsonValue]:
    return {"properties": {"data": {"type": "object", "properties": {"kind": {"const": kind}}}}}
