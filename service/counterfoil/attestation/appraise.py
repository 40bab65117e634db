"""Whether claims satisfy an appraisal policy, and bind the key: pure, dated and repeatable (RFC 9334, section 8.5)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Final, TypeVar

from counterfoil.attestation.appraisal import Appraisal
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.binding import Binding, is_bound
from counterfoil.attestation.claims import Check, EvidenceClaims, Outcome, passed
from counterfoil.attestation.evidence import Evidence
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import (
    AdvisoryNotAdmittedError,
    DebugNotAdmittedError,
    EndorsementNotAdmittedError,
    EvidenceTooOldError,
    FactNotAdmittedError,
    KeyNotBoundError,
    MeasurementNotAdmittedError,
    MigrationNotAdmittedError,
    PlatformNotAdmittedError,
    PrivilegeNotAdmittedError,
    SignerNotAdmittedError,
    TcbStatusNotAdmittedError,
    TcbTooOldError,
    UncheckedNotAdmittedError,
)

CLOCK_SKEW_SECONDS: Final = 60
"""How far the clock that dates evidence may be ahead of the log's."""

_VALUE = TypeVar("_VALUE")
_STRONGEST_FIRST: Final = (Binding.ENROLMENT, Binding.THUMBPRINT, Binding.TRACE, Binding.NONE)


def appraise(
    evidence: Evidence,
    claims: EvidenceClaims,
    policy: AppraisalPolicy,
    *,
    key: PublicKey | None,
    nonce: bytes | None,
    at: int,
) -> Appraisal:
    """The appraisal of verified evidence at the time ``at``, in whole seconds since 1970.

    ``key`` is the one that is to be bound, ``nonce`` that of the challenge which the evidence answers, if any. Of the
    bindings that the policy admits the strongest one that holds counts.

    Raises:
        RefusedError: One of its leaves, by what the policy does not admit.
    """
    require_satisfied(claims, policy)
    made = claims.issued_at
    if made is not None and not made - CLOCK_SKEW_SECONDS <= at <= made + policy.max_age_seconds:
        raise EvidenceTooOldError(f"the evidence was made at {made}, and at most {policy.max_age_seconds} seconds ago")
    binding = next(
        (one for one in _STRONGEST_FIRST if one in policy.bindings and is_bound(one, claims, key, nonce)), None
    )
    if binding is None:
        admitted = ", ".join(sorted(policy.bindings))
        raise KeyNotBoundError(f"the evidence does not bind the key in a way that is admitted: {admitted}")
    latest = claims.holds_until if made is None else min(claims.holds_until, made + policy.max_age_seconds)
    return Appraisal(
        appraised_by=policy.name,
        binding=binding,
        claims=claims,
        evidence_digest=sha256(evidence.encode()).digest(),
        checks=(*_all_checks(claims), *_policy_checks(claims, policy), passed("binding", binding.value)),
        holds_from=claims.holds_from if made is None else max(claims.holds_from, made - CLOCK_SKEW_SECONDS),
        holds_until=latest,
        max_age_seconds=policy.max_age_seconds,
    )


def require_admitted(evidence: Evidence, policy: AppraisalPolicy) -> None:
    """Check that evidence is of a platform that the policy admits, before anything of it is looked at.

    Raises:
        PlatformNotAdmittedError: It is not, or a part of a composite is not.
    """
    for one in (evidence, *evidence.submodules.values()):
        if one.platform not in policy.platforms:
            raise PlatformNotAdmittedError(f"{policy.name} admits no evidence of {one.platform}")


def require_satisfied(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    """Check everything of a policy that needs neither the key nor the time; what is asked again when it changes.

    Raises:
        RefusedError: One of its leaves, by what the policy does not admit.
    """
    if claims.platform not in policy.platforms:
        raise PlatformNotAdmittedError(f"{policy.name} admits no evidence of {claims.platform}")
    for check in _CHECKS:
        check(claims, policy)
    for name, one in claims.submodules.items():
        _require_submodule(name, one, policy)
    for check in (_require_measurements, _require_facts):
        check(claims, policy)


def _require_submodule(name: str, claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    if claims.platform not in policy.platforms:
        raise PlatformNotAdmittedError(f"{policy.name} admits no evidence of {claims.platform}, which {name} is")
    for check in _CHECKS:
        check(claims, policy)


def _require_signer(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    if not claims.submodules and not policy.admits_signer(claims.signer):
        raise SignerNotAdmittedError(f"{policy.name} does not admit evidence signed by a {claims.signer}")


def _require_closed(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    if claims.debug and not policy.debug:
        raise DebugNotAdmittedError("the environment can be debugged by its host")
    if claims.migratable and not policy.migration:
        raise MigrationNotAdmittedError("the environment can be migrated")
    if claims.vmpl is not None and claims.vmpl > policy.max_vmpl:
        raise PrivilegeNotAdmittedError(f"the report is of VMPL {claims.vmpl}, and {policy.max_vmpl} is the most")


def _require_tcb(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    for name, least in policy.minimum_tcb.get(claims.product, {}).items():
        level = claims.tcb.get(name)
        if level is None or level < least:
            raise TcbTooOldError(f"{name} of {claims.product} is {'unknown' if level is None else level}, not {least}")
    if claims.tcb_status is not None and claims.tcb_status not in policy.tcb_statuses:
        raise TcbStatusNotAdmittedError(f"the status of the platform's firmware is {claims.tcb_status[:64]}")
    others = sorted(claims.advisories - policy.advisories)
    if others:
        raise AdvisoryNotAdmittedError(f"advisories concern the platform: {', '.join(others)[:256]}")


def _require_endorsed(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    if not policy.endorsers or "launch" not in claims.measurements:
        return
    one = claims.endorsed
    if one is None or not any(
        (one.did, one.feed) == (other.did, other.feed) and one.svn >= other.min_svn for other in policy.endorsers
    ):
        raise EndorsementNotAdmittedError("the launch measurement has no endorsement that is admitted")


def _require_checked(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    left_out = sorted(
        check.name
        for check in claims.checks
        if check.outcome is Outcome.NOT_CHECKED and check.name.rpartition(".")[2] not in policy.unchecked
    )
    if left_out:
        raise UncheckedNotAdmittedError(f"not checked, and {policy.name} does not admit that: {', '.join(left_out)}")


def _require_measurements(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    held = dict(_named(claims, lambda one: one.measurements.items()))
    for name, admitted in policy.measurements.items():
        value = held.get(name)
        if value is None or value not in admitted:
            raise MeasurementNotAdmittedError(f"{name} is {'absent' if value is None else value.hex()}")


def _require_facts(claims: EvidenceClaims, policy: AppraisalPolicy) -> None:
    held = dict(_named(claims, lambda one: one.facts.items()))
    for name, admitted in policy.facts.items():
        value = held.get(name)
        if value is None or value not in admitted:
            raise FactNotAdmittedError(f"{name} is {'absent' if value is None else 'none of the values admitted'}")


_CHECKS: Final = (_require_signer, _require_closed, _require_tcb, _require_endorsed, _require_checked)


def _named(
    claims: EvidenceClaims, items: Callable[[EvidenceClaims], Iterable[tuple[str, _VALUE]]]
) -> Iterator[tuple[str, _VALUE]]:
    yield from items(claims)
    for name, one in claims.submodules.items():
        yield from ((f"{name}.{key}", value) for key, value in items(one))


def _all_checks(claims: EvidenceClaims) -> tuple[Check, ...]:
    if claims.checks or not claims.submodules:
        return claims.checks
    return tuple(
        replace(check, name=f"{name}.{check.name}") for name, one in claims.submodules.items() for check in one.checks
    )


def _policy_checks(claims: EvidenceClaims, policy: AppraisalPolicy) -> Iterator[Check]:
    if policy.measurements:
        yield passed("measurements", ", ".join(sorted(policy.measurements)))
    if policy.endorsers and "launch" in claims.measurements:
        yield passed("endorsement", "" if claims.endorsed is None else claims.endorsed.feed)
    if policy.facts:
        yield passed("facts", ", ".join(sorted(policy.facts)))
    if claims.product in policy.minimum_tcb:
        yield passed("minimum-tcb", claims.product)
    if claims.tcb_status is not None:
        yield passed("tcb-status", claims.tcb_status)
    for name, opened in (("debug", claims.debug), ("migration", claims.migratable)):
        yield passed(name, "possible, and admitted" if opened else "not possible")
