"""Real trace events for tests: of each type one that says something, and an engagement that plays to its end."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.policy.document import Issuer, PolicyDocument
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.event import (
    TRACE_EVENT_CONTENT_TYPE,
    WRITERS,
    EventType,
    Role,
)
from counterfoil.statement.trace_event.occurred_at import format_occurred_at
from tests.builders import ISSUER, START, issuer_of, policy_for, sign_statement
from tests.trace_events import DATA

ROOT = "0192f0c1-7e1a-4a3b-9c5d-1f2e3d4c5b6a"
_count = itertools.count(1)


def event_id(number: int | None = None) -> str:
    """A UUIDv7 that no other event of this process has, or always the same for the same number."""
    value = next(_count) if number is None else number
    return str(UUID(int=(0x0192F0C1_7E1A << 80) | (0x7 << 76) | (0b10 << 62) | value))


def data_of(kind: EventType, parties: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Data of that type; a FORMATION narrows nothing and names these parties, a DISPUTE is filed."""
    data: dict[str, Any] = copy.deepcopy(DATA[kind])
    if kind is EventType.FORMATION:
        del data["visibility"]
        data["parties"] = list(parties) or [{"issuer": ISSUER, "role": "agent"}]
    return data if kind is not EventType.DISPUTE else {"kind": "filed", "claims": ["the suspension was wrongful"]}


ROLE = {
    **{kind: min(writers) for kind, writers in WRITERS.items()},
    EventType.OBSERVATION: Role.REVIEWER,
    EventType.DISPUTE: Role.BUYER,
}
"""Who writes an event unless a test says otherwise."""


def members_of(
    kind: EventType,
    *,
    root: str = ROOT,
    sequence: int = 0,
    refs: Sequence[tuple[str, bytes]] = (),
    data: Mapping[str, Any] | None = None,
    occurred_at: int = START * 1000,
    **more: Any,
) -> dict[str, Any]:
    """The members of an event's payload; ``more`` adds members or replaces them, None takes one away."""
    members: dict[str, Any] = {
        "type": kind.value,
        "eventId": event_id(),
        "rootTraceId": root,
        "sessionId": root,
        "occurredAt": format_occurred_at(occurred_at),
        "actor": {"id": "somebody", "role": ROLE[kind].value},
        "sequence": sequence,
        "data": data_of(kind) if data is None else data,
    }
    if refs:
        members["references"] = [{"rel": relation, "entry": entry.hex()} for relation, entry in refs]
    members.update(more)
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class Cast:
    """Seven issuers, one for each role, with keys of their own and a counter each, in one engagement."""

    root: str = ROOT
    signers: dict[Role, LocalSigner] = field(
        default_factory=lambda: {role: generate_private_key("ES256") for role in Role}
    )
    counts: dict[Role, int] = field(default_factory=dict)

    def name(self, role: Role) -> str:
        return f"https://{role}.parties.example"

    @property
    def parties(self) -> list[dict[str, str]]:
        return [{"issuer": self.name(role), "role": role.value} for role in Role]

    def issuers(self) -> list[Issuer]:
        return [issuer_of(signer, self.name(role), roles=(role.value,)) for role, signer in self.signers.items()]

    def policy(self, *others: Issuer) -> PolicyDocument:
        return policy_for(*others, *self.issuers())

    def sign(self, role: Role, payload: "JsonValue | bytes", **statement: Any) -> bytes:
        """A statement by who has that role, over a payload or its members."""
        body = payload if isinstance(payload, bytes) else encode_json(payload)
        arguments: dict[str, Any] = {
            "issuer": self.name(role),
            "subject": self.root,
            "content_type": TRACE_EVENT_CONTENT_TYPE,
        }
        return sign_statement(self.signers[role], body, **{**arguments, **statement})

    def say(self, kind: EventType, *, role: Role | None = None, **members: Any) -> bytes:
        """An event by who writes such events, with the next number of his own."""
        writer = ROLE[kind] if role is None else role
        number = self.counts.get(writer, 0)
        self.counts[writer] = number + 1
        members.setdefault("data", data_of(kind, self.parties))
        members.setdefault("actor", {"id": writer.value, "role": writer.value})
        members.setdefault("sequence", number)
        return self.sign(writer, members_of(kind, root=self.root, **members))


def hash_of(statement: bytes) -> StatementHash:
    return parse_signed_statement(statement).hash


def engagement(cast: Cast) -> list[bytes]:
    """From FORMATION to SETTLEMENT, by way of a flag, a wrongful suspension and a dispute; in order."""
    say, kinds = cast.say, EventType
    story = [say(kinds.FORMATION), say(kinds.ACTION)]
    story.append(say(kinds.ACTION, refs=[("parent", hash_of(story[1]))], previous=hash_of(story[1]).hex()))
    scored = [("scores", hash_of(story[1])), ("scores", hash_of(story[2]))]
    story.append(say(kinds.RUNTIME_FLAGGED, refs=scored))
    story.append(say(kinds.RUNTIME_SUSPENDED, refs=scored))
    story.append(say(kinds.OBSERVATION))
    answer = {"kind": "response", "answer": "It is.", "reviewer": "on duty"}
    story.append(say(kinds.OBSERVATION, data=answer, refs=[("responds-to", hash_of(story[5]))]))
    story.append(say(kinds.RUNTIME_CLEARED, refs=[("clears", hash_of(story[4]))]))
    story.append(say(kinds.ACTION))
    counts = [{"issuer": cast.name(Role.AGENT), "count": 3}]
    story.append(say(kinds.SETTLEMENT, data={"finalCounts": counts}, refs=[("settles", hash_of(story[0]))]))
    story.append(say(kinds.DISPUTE, refs=[("evidence", hash_of(story[4]))]))
    story.append(say(kinds.DISPUTE, role=Role.ARBITRATOR, data=DATA[EventType.DISPUTE]))
    return story
