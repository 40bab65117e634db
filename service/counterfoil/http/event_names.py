"""Names of events and sessions as they stand in a query."""

from typing import Annotated, Final

from fastapi import Query

from counterfoil.chain.names import name_key
from counterfoil.errors import MalformedParameterError

_MOST: Final = 512
"""As long as a subject may be; no name of an event or a session is longer."""

EventIdText = Annotated[str | None, Query(alias="eventId", description="The writer's own id of an event.")]
SessionIdText = Annotated[str | None, Query(alias="sessionId", description="The id of a session.")]


def require_name(name: str | None) -> bytes | None:
    """Under what a name is looked up; None where none is given.

    Raises:
        MalformedParameterError: No event and no session has such a name.
    """
    if name is None:
        return None
    if not 1 <= len(name) <= _MOST:
        raise MalformedParameterError(f"a name is 1 to {_MOST} characters long")
    return name_key(name)
