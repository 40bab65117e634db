"""Which entries an event refers to, and which references its type may and must have."""

from collections.abc import Mapping
from typing import Final

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedEventError
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import EventType, Reference, Relation
from counterfoil.statement.trace_event.shape import Choice, Items, Members
from counterfoil.statement.trace_event.words import HASH

MAX_REFERENCES: Final = 256
"""Each of them is looked up while the log is locked; a score of more actions is spread over several events."""

REFERENCES: Final = Items(Members({"rel": Choice(tuple(Relation)), "entry": HASH}), 0, MAX_REFERENCES)

RELATIONS: Final[Mapping[EventType, frozenset[Relation]]] = {
    EventType.FORMATION: frozenset(),
    EventType.ACTION: frozenset({Relation.PARENT}),
    EventType.OBSERVATION: frozenset({Relation.RESPONDS_TO, Relation.AMENDS}),
    EventType.RUNTIME_FLAGGED: frozenset({Relation.SCORES}),
    EventType.RUNTIME_SUSPENDED: frozenset({Relation.SCORES}),
    EventType.RUNTIME_ESCALATED: frozenset({Relation.SCORES}),
    EventType.SETTLEMENT: frozenset({Relation.SETTLES}),
    EventType.DISPUTE: frozenset({Relation.EVIDENCE}),
    EventType.RUNTIME_CLEARED: frozenset({Relation.CLEARS}),
}
"""Which relations an event's references may have."""


def read_references(value: JsonValue) -> tuple[Reference, ...]:
    """The references of a payload whose shape was checked, in its own order.

    Raises:
        MalformedEventError: The same reference stands there twice.
    """
    if not isinstance(value, list):
        return ()
    found = tuple(
        Reference(Relation(str(item["rel"])), StatementHash(bytes.fromhex(str(item["entry"]))))
        for item in value
        if isinstance(item, dict)
    )
    if len(set(found)) != len(found):
        raise MalformedEventError("references: the same reference stands there twice")
    return found


def require_references(event_type: EventType, kind: JsonValue, references: tuple[Reference, ...]) -> None:
    """Check the references of an event by its type; ``kind`` is the one in its data. None of it needs the chain.

    Raises:
        MalformedEventError: A relation is not the type's, one it must have is missing, or there are too many of it.
    """
    relations = [reference.relation for reference in references]
    for relation in relations:
        if relation not in RELATIONS[event_type]:
            raise MalformedEventError(f"references: {event_type} has none that {relation}")
    if event_type is EventType.RUNTIME_CLEARED and len(relations) != 1:
        raise MalformedEventError(f"references: {event_type} clears exactly one entry")
    if RELATIONS[event_type] == {Relation.SCORES} and not relations:
        raise MalformedEventError(f"references: {event_type} scores at least one entry")
    if event_type is EventType.OBSERVATION:
        if (kind == "response") != (Relation.RESPONDS_TO in relations):
            raise MalformedEventError("references: a response, and nothing else, names what it responds-to")
        if kind == "amendment" and Relation.AMENDS not in relations:
            raise MalformedEventError("references: an amendment names what it amends")
