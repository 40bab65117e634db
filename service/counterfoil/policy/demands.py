"""What the policy and its demands ask of a statement together. A demand can only ask for more, never for less."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from counterfoil.attestation.appraisal import Grade
from counterfoil.chain.findings import Finding
from counterfoil.errors import RequiredClaimMissingError, StatementTooLargeError
from counterfoil.policy.asked import Asked
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument
from counterfoil.statement.claims import Claims
from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.statement.trace_event.event import TraceEvent


def acting_roles(issuer: Issuer, event: TraceEvent | None) -> frozenset[str]:
    """The roles in which an issuer registers: a trace event in the one of its actor, anything else in all it holds."""
    return issuer.roles if event is None else frozenset({event.actor.role.value})


def concerning(rule: ContentTypeRule, roles: frozenset[str]) -> tuple[Demand, ...]:
    """The demands on what is registered in these roles: those that name one of them, and those that name none."""
    return rule.demands and tuple(demand for demand in rule.demands if not demand.roles or demand.roles & roles)


def asked_of(policy: PolicyDocument, demands: Iterable[Demand]) -> Asked:
    """What the policy asks of every statement, and these demands beyond that."""
    several = tuple(demands)
    if not several:
        return policy.asked_of_all
    beyond = _together(several, frozenset())
    skew, size = beyond.clock_skew_seconds, beyond.max_statement_bytes
    return Asked(
        beyond.required_claims,
        policy.clock_skew_seconds if skew is None else min(policy.clock_skew_seconds, skew),
        policy.max_statement_bytes if size is None else min(policy.max_statement_bytes, size),
        policy.refused_findings | beyond.refused_findings,
        beyond.attestation,
        beyond.appraised_by,
    )


def demands_by_role(demands: Iterable[Demand]) -> Mapping[str | None, Demand]:
    """What is demanded of everybody, under None, and of each role beyond that; what comes to nothing is left out.

    Lists of demands that come to the same here ask the same of every statement, and no others do.
    """
    several = tuple(demands)
    everybody = _together((one for one in several if not one.roles), frozenset())
    found: dict[str | None, Demand] = {None: everybody}
    for role in sorted(frozenset[str]().union(*(one.roles for one in several))):
        found[role] = _beyond(_together((one for one in several if role in one.roles), frozenset({role})), everybody)
    return {role: demand for role, demand in found.items() if demand != Demand(demand.roles)}


def require_met(statement: SignedStatement, asked: Asked) -> None:
    """Check what of it can be told of the statement alone; the clock and the chain are asked elsewhere.

    Raises:
        StatementTooLargeError: With its evidence it is larger than is admitted.
        RequiredClaimMissingError: A claim that is required is absent.
    """
    if statement.stored_bytes > asked.max_statement_bytes:
        raise StatementTooLargeError(f"the policy admits {asked.max_statement_bytes} bytes")
    if not asked.required_claims:
        return
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


def _together(demands: Iterable[Demand], roles: frozenset[str]) -> Demand:
    several = tuple(demands)
    skews = (one.clock_skew_seconds for one in several if one.clock_skew_seconds is not None)
    named = [one.appraised_by for one in several if one.appraised_by is not None]
    sizes = (one.max_statement_bytes for one in several if one.max_statement_bytes is not None)
    return Demand(
        roles,
        frozenset[RequiredClaim]().union(*(one.required_claims for one in several)),
        clock_skew_seconds=min(skews, default=None),
        max_statement_bytes=min(sizes, default=None),
        refused_findings=frozenset[Finding]().union(*(one.refused_findings for one in several)),
        attestation=max((one.attestation for one in several), default=Grade.UNATTESTED, key=list(Grade).index),
        appraised_by=frozenset.intersection(*named) if named else None,
    )


def _beyond(demand: Demand, everybody: Demand) -> Demand:
    return replace(
        demand,
        required_claims=demand.required_claims - everybody.required_claims,
        clock_skew_seconds=_smaller(demand.clock_skew_seconds, everybody.clock_skew_seconds),
        max_statement_bytes=_smaller(demand.max_statement_bytes, everybody.max_statement_bytes),
        refused_findings=demand.refused_findings - everybody.refused_findings,
        attestation=Grade.UNATTESTED if everybody.attestation.is_at_least(demand.attestation) else demand.attestation,
        appraised_by=None if demand.appraised_by == everybody.appraised_by else demand.appraised_by,
    )


def _smaller(number: int | None, other: int | None) -> int | None:
    return None if number is None or (other is not None and other <= number) else number
