"""The engagement that the demonstration plays: two agents, a suspension that is overturned, and a dispute."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from counterfoil.cli.demo_cast import (
    ARBITRATOR,
    BUYER,
    PLATFORM,
    PROVIDER,
    PURCHASER,
    RESEARCHER,
    REVIEWER,
    ROLES,
    RUNTIME,
    Writers,
)
from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import EventType, Reference, Relation

_STEPS: Final = (
    ("supplier_directory.search", "bearings 6204-2RS, 400 pieces"),
    ("quotes.request", "three suppliers"),
    ("quotes.compare", "price, delivery, warranty"),
    ("credit_check.run", "Northwind Bearings"),
    ("purchase_orders.draft", "PO-2219"),
    ("documents.read", "framework agreement, section 4"),
)


def play(writers: Writers) -> None:
    """Write the whole engagement, from its FORMATION to the panel's result."""
    formation = writers.write(PLATFORM, EventType.FORMATION, _formation())
    actions = _work(writers, 24)
    writers.write(RUNTIME, EventType.RUNTIME_FLAGGED, _flag(), _scores(actions[-2:]))
    asked = writers.write(
        PLATFORM, EventType.OBSERVATION, {"kind": "request", "question": "May the order be placed with a new supplier?"}
    )
    answer: Mapping[str, JsonValue] = {"kind": "response", "answer": "Yes, up to 1250 EUR.", "reviewer": "duty officer"}
    writers.write(REVIEWER, EventType.OBSERVATION, answer, [Reference(Relation.RESPONDS_TO, asked)])
    actions += _work(writers, 8)
    suspended = writers.write(RUNTIME, EventType.RUNTIME_SUSPENDED, _suspension(), _scores(actions[-3:]))
    actions += _work(writers, 1)
    _appeal(writers, suspended)
    writers.lose_one(RESEARCHER)
    actions += _work(writers, 7)
    counts = {issuer: writers.counts[issuer] for issuer in (RESEARCHER, PURCHASER)}
    settled = writers.write(
        PLATFORM, EventType.SETTLEMENT, _settlement(counts), [Reference(Relation.SETTLES, formation)]
    )
    _dispute(writers, [settled, actions[-1], suspended])


def _work(writers: Writers, count: int) -> list[StatementHash]:
    done: list[StatementHash] = []
    for _ in range(count):
        turn = sum(writers.counts.get(issuer, 0) for issuer in (RESEARCHER, PURCHASER))
        tool, about = _STEPS[turn % len(_STEPS)]
        issuer = (RESEARCHER, PURCHASER)[turn % 2]
        data: dict[str, JsonValue] = {
            "kind": "tool",
            "name": tool,
            "callId": f"call-{turn:03}",
            "model": "planner-3.1",
            "durationMs": 120 + 37 * (turn % 11),
            "status": "succeeded",
        }
        parent = [Reference(Relation.PARENT, done[-1])] if done else []
        done.append(writers.write(issuer, EventType.ACTION, data, parent, input={"about": about}))
    return done


def _appeal(writers: Writers, suspended: StatementHash) -> None:
    filed = writers.write(
        PROVIDER,
        EventType.DISPUTE,
        {"kind": "filed", "claims": ["The supplier was approved by the reviewer before the suspension."]},
        [Reference(Relation.EVIDENCE, suspended)],
    )
    estimates = [("panel-1", 1, 0.9, 0.35), ("panel-2", 1, 0.8, 0.3), ("panel-3", 0.5, 0.6, 0.4)]
    result = _posterior(estimates, [], "release", "The suspension is lifted.")
    writers.write(ARBITRATOR, EventType.DISPUTE, result, [Reference(Relation.EVIDENCE, filed)])
    grounds: Mapping[str, JsonValue] = {
        "grounds": "The deviation had been approved.",
        "remedy": {"text": "The suspension fee is waived."},
    }
    writers.write(ARBITRATOR, EventType.RUNTIME_CLEARED, grounds, [Reference(Relation.CLEARS, suspended)])


def _dispute(writers: Writers, evidence: list[StatementHash]) -> None:
    cited = [Reference(Relation.EVIDENCE, entry) for entry in evidence]
    claims: Mapping[str, JsonValue] = {"kind": "filed", "claims": ["The quotes of one day are missing."]}
    filed = writers.write(BUYER, EventType.DISPUTE, claims, cited)
    estimates = [("panel-1", 1, 0.9, 0.6), ("panel-2", 1, 0.7, 0.45), ("panel-3", 0.5, 0.8, 0.5)]
    result = _posterior(estimates, ["panel-4"], "partial", "Ten per cent of the escrow go back.")
    writers.write(ARBITRATOR, EventType.DISPUTE, result, [Reference(Relation.EVIDENCE, filed)])


def _posterior(
    estimates: list[tuple[str, float, float, float]], failed: list[str], outcome: str, remedy: str
) -> dict[str, JsonValue]:
    total = sum(weight * confidence for _, weight, confidence, _ in estimates)
    posterior = sum(weight * confidence * p for _, weight, confidence, p in estimates) / total
    evaluators: list[JsonValue] = [
        {"id": name, "weight": weight, "confidence": confidence, "p": p, "failed": False}
        for name, weight, confidence, p in estimates
    ]
    evaluators += [{"id": name, "weight": 1, "failed": True} for name in failed]
    return {
        "kind": "posterior",
        "evaluators": evaluators,
        "posterior": posterior,
        "outcome": outcome,
        "remedy": {"text": remedy},
    }


def _formation() -> dict[str, JsonValue]:
    return {
        "parties": [{"issuer": issuer, "role": role.value} for issuer, role in ROLES.items()],
        "paper": {"id": "agreement-7710", "hash": _hash("agreement")},
        "fingerprint": _hash("fingerprint of model, prompt, tools and routes"),
        "escrow": {"amount": "1250.00", "currency": "EUR"},
        "visibility": "parties",
    }


def _flag() -> dict[str, JsonValue]:
    return {"score": 0.27, "threshold": 0.15, "reasons": ["a supplier that was never used before"]}


def _suspension() -> dict[str, JsonValue]:
    return {
        "score": 0.52,
        "components": {"route": 0.7, "scope": 0.5, "output": 0.26},
        "threshold": 0.4,
        "reasons": ["orders outside of the framework agreement"],
        "measures": ["execution was suspended", "the escrow was held"],
    }


def _settlement(counts: Mapping[str, int]) -> dict[str, JsonValue]:
    return {
        "finalCounts": [{"issuer": issuer, "count": count} for issuer, count in counts.items()],
        "deliverableHash": _hash("deliverable"),
        "criteriaMet": True,
        "amountReleased": {"amount": "1184.00", "currency": "EUR"},
    }


def _scores(entries: list[StatementHash]) -> list[Reference]:
    return [Reference(Relation.SCORES, entry) for entry in entries]


def _hash(of: str) -> str:
    return sha256(of.encode()).hexdigest()
