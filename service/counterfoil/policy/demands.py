"""What the policy and its demands ask of a statement together. A demand can only ask for more, never for less."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from counterfoil.chain.findings import Finding
from counterfoil.errors import RequiredClaimMissingError, StatementTooLargeError
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument
from counterfoil.statement.claims import Claims
from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.statement.trace_event.event import TraceEvent


@dataclass(frozen=True, slots=True)
class Asked:
    """All claims that are required and all findings that are refused, and of each number the smallest."""

    required_claims: frozenset[RequiredClaim]
    clock_skew_seconds: int
    max_statement_bytes: int
    refused_findings: frozenset[Finding]


def acting_roles(issuer: Issuer, event: TraceEvent | None) -> frozenset[str]:
    """The roles in which an issuer registers: a trace event in the one of its actor, anything else in all it holds."""
    return issuer.roles if event is None else frozenset({event.actor.role.value})


def concerning(rule: ContentTypeRule, roles: frozenset[str]) -> tuple[Demand, ...]:
    """The demands on what is registered in these roles: those that name one of them, and those that name none."""
    return tuple(demand for demand in rule.demands if not demand.roles or demand.roles & roles)


def asked_of(policy: PolicyDocument, demands: Iterable[Demand]) -> Asked:
    """What the policy asks of every statement, and these demands beyond that."""
    several = tuple(demands)
    skews = (one.clock_skew_seconds for one in several if one.clock_skew_seconds is not None)
    sizes = (one.max_statement_bytes for one in several if one.max_statement_bytes is not None)
    return Asked(
        frozenset[RequiredClaim]().union(*(one.required_claims for one in several)),
        min((policy.clock_skew_seconds, *skews)),
        min((policy.max_statement_bytes, *sizes)),
        policy.refused_findings.union(*(one.refused_findings for one in several)),
    )


def require_met(statement: SignedStatement, asked: Asked) -> None:
    """Check what of it can be told of the statement alone; the clock and the chain are asked elsewhere.

    Raises:
        StatementTooLargeError: With its evidence it is larger than is admitted.
        RequiredClaimMissingError: A claim that is required is absent.
    """
    if statement.stored_bytes > asked.max_statement_bytes:
        raise StatementTooLargeError(f"the policy admits {asked.max_statement_bytes} bytes")
    absent = sorted(claim for claim in asked.required_claims if _claim(statement.claims, claim) is None)
    if absent:
        raise RequiredClaimMissingError(f"the policy requires the CWT claims {', '.join(absent)}")


def _claim(claims: Claims, claim: RequiredClaim) -> object:
    match claim:
        case RequiredClaim.AUDIENCE:
            return claims.audience
        case RequiredClaim.EXPIRES:
            return claims.expires
        case RequiredClaim.NOT_BEFORE:
            return claims.not_before
        case RequiredClaim.ISSUED_AT:
            return claims.issued_at
        case _:
            assert_never(claim)
