"""Writes the published schemas to where they are published: ``python -m tests.export_schemas``."""

import json
from pathlib import Path

from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.cddl import policy_cddl
from counterfoil.policy.schema import policy_schema
from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.schema import trace_event_schema

PUBLISHED = Path(__file__).parent.parent / "openapi"
FOLDER = PUBLISHED / "trace-event"
POLICY = PUBLISHED / "policy.schema.json"
POLICY_CDDL = PUBLISHED / "policy.cddl"


def exported(event_type: EventType | None) -> str:
    """The schema of an event as its file has it."""
    return _written(trace_event_schema(event_type))


def exported_policy() -> str:
    """The schema of the policy document as its file has it."""
    return _written(policy_schema())


def _written(schema: dict[str, JsonValue]) -> str:
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in (*EventType, None):
        name = "trace-event" if one is None else one.value
        (FOLDER / f"{name}.schema.json").write_text(exported(one))
    POLICY.write_text(exported_policy())
    POLICY_CDDL.write_text(policy_cddl())
