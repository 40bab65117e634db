"""The trace profile, as one profile among others."""

from dataclasses import dataclass
from typing import Final

from counterfoil.statement.profile import ProfiledEvent, register_profiles
from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, TraceEvent
from counterfoil.statement.trace_event.parse import parse_trace_event


@dataclass(frozen=True, slots=True)
class TraceEventProfile:
    """Reads trace events. A Profile."""

    name: str = "trace-event"
    content_types: frozenset[str] = frozenset({TRACE_EVENT_CONTENT_TYPE})

    def read(self, statement: SignedStatement) -> ProfiledEvent:
        """The trace event in a statement; ``event`` is a TraceEvent.

        Raises:
            MalformedError, ActorRoleError: As ``parse_trace_event``.
        """
        return profiled_event(parse_trace_event(statement))


def profiled_event(event: TraceEvent) -> ProfiledEvent:
    """A trace event as any profile says what it read."""
    return ProfiledEvent(
        type=event.type.value,
        event_id=event.event_id,
        session_id=event.session_id,
        sequence=event.sequence,
        occurred_at=event.occurred_at,
        previous=event.previous,
        references=tuple((one.relation.value, one.entry) for one in event.references),
        event=event,
    )


TRACE_EVENTS: Final = TraceEventProfile()
"""The profile that is always there."""

BUILT_IN_PROFILES: Final = register_profiles([TRACE_EVENTS])
"""What an installation reads that nobody added anything to."""
