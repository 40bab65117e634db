"""How an append speaks to PostgreSQL: statements that go together in one journey, over a connection or a loop's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_engine import Connection
from counterfoil.storage.rows import Found


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement with its parameters by name. ``kept``: it comes again, so the server had better keep its plan."""

    query: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = True


class Wire(Protocol):
    """A connection as an append uses it. Raises our errors only."""

    def ask(self, *asked: Asked) -> Sequence[Found]:
        """Send statements; the rows of the last one by column. One that fails keeps those behind it from being done."""
        ...


class ThreadWire:
    """Implements Wire over a connection of a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, *asked: Asked) -> Sequence[Found]:
        """Send statements one after another and wait for the rows of each."""
        rows: Sequence[Found] = ()
        with our_errors():
            for one in asked:
                cursor = self._connection.execute(one.query, one.parameters, prepare=one.kept, binary=True)
                rows = cursor.fetchall() if cursor.description else ()
        return rows
