"""How an agent's program writes what it does: on its own disk at once, in the log as soon as it can be reached."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from uuid import uuid4

from counterfoil.client.client import Client
from counterfoil.client.event_statement import Moment, Writer, event_statement
from counterfoil.client.patience import IMPATIENT
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.spool import Spool
from counterfoil.client.spool_sender import SpoolSender
from counterfoil.client.submitting import entry_id_of
from counterfoil.cose.signer import Signer
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import CounterfoilError, UnavailableError
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import Actor, EventType, Reference, Relation
from counterfoil.statement.trace_event.event_id import CHANCE_BYTES, event_id_of


class UndeliveredError(UnavailableError):
    """The time is over and statements wait in the spool; they are sent as soon as the log takes them."""

    code: ClassVar[str] = "undelivered"


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """An event that is safe on this machine's disk. ``entry_id`` is its statement hash, its name in every log."""

    entry_id: StatementHash
    event_id: str
    sequence: int


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _silent(_error: CounterfoilError) -> None:
    """What stops a chain is in ``problem`` too."""


class Engagement:
    """One writer's part in one engagement.

    An event that was returned is durable in the spool and is signed for good: it is sent until the log has it, in
    order, always as the same bytes. Nothing that writes an event waits for the network. ``clock`` is in milliseconds
    since 1970.
    """

    def __init__(
        self, spool: Spool, sender: SpoolSender, writer: Writer, clock: Callable[[], int], own: Client | None = None
    ) -> None:
        self._own = own
        self._spool = spool
        self._sender = sender
        self._writer = writer
        self._clock = clock

    @classmethod
    def start(  # noqa: PLR0913 - each is named where it is given
        cls,
        server: str | Client,
        *,
        spool: str | Path,
        signer: Signer,
        issuer: str,
        actor: Actor,
        root_trace_id: str | None = None,
        session_id: str | None = None,
        receipts: str | Path | ReceiptStore | None = None,
        on_problem: Callable[[CounterfoilError], None] = _silent,
        clock: Callable[[], int] = _milliseconds,
    ) -> Self:
        """Begin an engagement, or go on with the one that ``root_trace_id`` names; what waits in the spool is sent.

        A ``Client`` that is given keeps its own receipts, patience and pins, and stays open when this is closed.

        Raises:
            SpoolBusyError: Another writer has the spool.
            SpoolUnwritableError: The spool cannot be opened.
        """
        root = str(uuid4()) if root_trace_id is None else root_trace_id
        writer = Writer(signer, issuer, actor, root, root if session_id is None else session_id)
        opened = Spool(Path(spool))
        try:
            client = server if isinstance(server, Client) else _client(server, receipts)
        except CounterfoilError:
            opened.close()
            raise
        own = None if client is server else client
        return cls(opened, SpoolSender(opened, client, on_problem), writer, clock, own)

    @property
    def root_trace_id(self) -> str:
        """The engagement's name, which the others who take part in it need."""
        return self._writer.root_trace_id

    @property
    def problem(self) -> CounterfoilError | None:
        """Why the log takes no more, None while nothing was refused."""
        return self._sender.problem

    @property
    def waiting(self) -> int:
        """How many statements in the spool have no receipt yet."""
        return self._spool.waiting()

    def formation(self, data: Mapping[str, JsonValue]) -> SpooledEvent:
        """The agreement that this engagement is about."""
        return self.emit(EventType.FORMATION, data)

    def action(
        self, data: Mapping[str, JsonValue], parent: StatementHash | None = None, **more: JsonValue
    ) -> SpooledEvent:
        """Something an agent does: a tool call, an API invocation, a decision; ``more`` as for ``emit``."""
        references = () if parent is None else (Reference(Relation.PARENT, parent),)
        return self.emit(EventType.ACTION, data, references, **more)

    def observation(self, data: Mapping[str, JsonValue], responds_to: StatementHash | None = None) -> SpooledEvent:
        """A request for a human's review, or the response to one."""
        references = () if responds_to is None else (Reference(Relation.RESPONDS_TO, responds_to),)
        return self.emit(EventType.OBSERVATION, data, references)

    def emit(
        self,
        kind: EventType,
        data: Mapping[str, JsonValue],
        references: Sequence[Reference] = (),
        **more: JsonValue,
    ) -> SpooledEvent:
        """Any event. When this returns the event is durable in the spool.

        ``more`` are members besides, by their names in JSON: ``input``, ``output``, ``score``, ``components``,
        ``paper``, ``fingerprint``, ``euAiActRiskLevel``, ``euAiActLogVersion``.

        Raises:
            MalformedError, ActorRoleError: A log would refuse the event for what it says; nothing was kept.
            SpoolUnwritableError: The disk refuses; nothing was kept.
        """
        now = self._clock()
        event_id = event_id_of(now, secrets.token_bytes(CHANCE_BYTES))

        def signed(sequence: int, previous: bytes | None) -> tuple[bytes, bytes]:
            before = None if previous is None else StatementHash(previous)
            moment = Moment(event_id, now, sequence, before)
            statement = event_statement(self._writer, moment, kind, data, references, more)
            return entry_id_of(statement), statement

        sequence, digest = self._spool.add(self._writer.root_trace_id, self._writer.issuer, signed)
        self._sender.wake()
        return SpooledEvent(StatementHash(digest), event_id, sequence)

    def receipt(self, entry_id: StatementHash) -> bytes | None:
        """The receipt of an event, verified when it came; None until then."""
        return self._spool.receipt(entry_id)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until the log has given a receipt for everything in the spool.

        Raises:
            CounterfoilError: What stopped a chain; everything is kept.
            UndeliveredError: ``timeout`` seconds were not enough.
        """
        waiting = self._sender.flush(timeout)
        if self.problem is not None:
            raise self.problem
        if waiting:
            raise UndeliveredError(f"{waiting} statements wait in the spool")

    def close(self) -> int:
        """Stop sending and let go of the spool; how many statements wait in it for the next start."""
        self._sender.close()
        if self._own is not None:
            self._own.close()
        waiting = self._spool.waiting()
        self._spool.close()
        return waiting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _client(server: str, receipts: str | Path | ReceiptStore | None) -> Client:
    kept = ReceiptStore(Path(receipts)) if isinstance(receipts, str | Path) else receipts
    return Client(server, receipts=kept, patience=IMPATIENT)  # The sender is the patient one: it can be interrupted.
