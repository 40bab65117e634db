"""Who takes part in the demonstration's engagement, and how each of them writes an event."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.jcs import JsonValue
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.build import build_trace_event, sign_trace_event
from counterfoil.statement.trace_event.event import Actor, EventType, Reference, Role
from counterfoil.statement.trace_event.event_id import CHANCE_BYTES, event_id_of

if TYPE_CHECKING:
    from counterfoil.client import Client

PLATFORM: Final = "https://platform.example"
RESEARCHER: Final = "https://research-agent.example"
PURCHASER: Final = "https://purchasing-agent.example"
RUNTIME: Final = "https://runtime-monitor.example"
BUYER: Final = "https://buyer.example"
PROVIDER: Final = "https://provider.example"
REVIEWER: Final = "https://reviewer.example"
ARBITRATOR: Final = "https://arbitrator.example"

ROLES: Final[Mapping[str, Role]] = {
    PLATFORM: Role.PLATFORM,
    RESEARCHER: Role.AGENT,
    PURCHASER: Role.AGENT,
    RUNTIME: Role.RUNTIME,
    BUYER: Role.BUYER,
    PROVIDER: Role.PROVIDER,
    REVIEWER: Role.REVIEWER,
    ARBITRATOR: Role.ARBITRATOR,
}


@dataclass
class Writers:
    """The parties of one engagement, each with a key and a counter; ``client`` takes what they write."""

    root_trace_id: str
    client: "Client"
    signers: Mapping[str, LocalSigner]
    counts: dict[str, int] = field(default_factory=dict)
    last: StatementHash | None = None

    def write(
        self,
        issuer: str,
        kind: EventType,
        data: Mapping[str, JsonValue],
        references: Sequence[Reference] = (),
        **more: JsonValue,
    ) -> StatementHash:
        """Sign an event now, register it, and verify its receipt; its name on the log."""
        now = time.time_ns() // 1_000_000
        sequence = self.counts.get(issuer, 0)
        payload = build_trace_event(
            kind,
            event_id=event_id_of(now, secrets.token_bytes(CHANCE_BYTES)),
            root_trace_id=self.root_trace_id,
            session_id=self.root_trace_id,
            occurred_at=now,
            actor=Actor(issuer.removeprefix("https://").removesuffix(".example"), ROLES[issuer]),
            sequence=sequence,
            data=data,
            previous=self.last,
            references=tuple(references),
            more=more,
        )
        statement = sign_trace_event(
            self.signers[issuer], payload, issuer=issuer, root_trace_id=self.root_trace_id, issued_at=now // 1000
        )
        self.client.submit(statement)
        self.counts[issuer] = sequence + 1
        self.last = parse_signed_statement(statement).hash
        return self.last

    def lose_one(self, issuer: str) -> None:
        """The issuer numbers an event that never reaches the log."""
        self.counts[issuer] = self.counts.get(issuer, 0) + 1


def new_signers() -> dict[str, LocalSigner]:
    """A key for each party."""
    return {issuer: generate_private_key("ES256") for issuer in ROLES}
