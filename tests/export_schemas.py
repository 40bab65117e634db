"""Writes the schemas of the trace profile to where they are published: ``python -m tests.export_schemas``."""

import json
from pathlib import Path

from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.schema import trace_event_schema

FOLDER = Path(__file__).parent.parent / "openapi" / "trace-event"


def exported(event_type: EventType | None) -> str:
    """A schema as its file has it."""
    return json.dumps(trace_event_schema(event_type), indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in (*EventType, None):
        name = "trace-event" if one is None else one.value
        (FOLDER / f"{name}.schema.json").write_text(exported(one))
