"""Appraising evidence without a log: by a policy that is given, or by a strict one that is built in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from counterfoil.attestation.appraisal import Appraisal, Status
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.appraise import appraise
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Check, EvidenceClaims, Outcome, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.verify_evidence import verify_evidence
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import ChallengeMissingError, CounterfoilError, PlatformNotAdmittedError, RefusedError

BUILT_IN: Final = "built-in"
_BOUND: Final = frozenset(Binding) - {Binding.NONE}


class Verdict(StrEnum):
    """What came of it, in the words of EAR (draft-ietf-rats-ear, section 3.2).

    ``none``: nothing is wrong, but something was not checked and no policy says that this will do.
    """

    AFFIRMING = "affirming"
    WARNING = "warning"
    NONE = "none"
    CONTRAINDICATED = "contraindicated"


@dataclass(frozen=True, slots=True)
class Expected:
    """What evidence is expected to bind: a key, the nonce of a challenge, both as an enrolment does, or neither."""

    key: PublicKey | None = None
    nonce: bytes | None = None

    @property
    def bindings(self) -> frozenset[Binding]:
        """The ways of binding that will do."""
        if self.key is None:
            return frozenset({Binding.NONE})
        return _BOUND if self.nonce is None else frozenset({Binding.ENROLMENT})


@dataclass(frozen=True, slots=True)
class Trial:
    """Genuine evidence, and what a policy makes of it: an appraisal, or the reason why not."""

    policy: str
    claims: EvidenceClaims
    appraisal: Appraisal | None
    refusal: RefusedError | None
    expected: Expected

    @property
    def checks(self) -> tuple[Check, ...]:
        """All that was checked and left out; what the policy asked only where it was satisfied."""
        return self.appraisal.checks if self.appraisal is not None else tuple(_all_checks(self.claims))

    @property
    def left_out(self) -> tuple[Check, ...]:
        """What was not checked."""
        return tuple(check for check in self.checks if check.outcome is Outcome.NOT_CHECKED)

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        if self.appraisal is None:
            return Verdict.CONTRAINDICATED
        if self.appraisal.status is Status.WARNING:
            return Verdict.WARNING
        return Verdict.NONE if self.left_out and self.policy == BUILT_IN else Verdict.AFFIRMING


def try_evidence(
    evidence: Evidence, policies: Sequence[AppraisalPolicy], collateral: Collateral, expected: Expected, at: int
) -> Trial:
    """Appraise evidence at the time ``at``, by the first of the policies that it satisfies, or by the built-in one.

    The built-in one asks for the vendors' own roots, for nothing that the host could open, for firmware that is up to
    date and without advisories, and for the binding that is expected; it names no measurements.

    Raises:
        MalformedError, UnverifiedError: The evidence is not genuine; the error is that of the first policy whose
            platform it is of.
    """
    failure: CounterfoilError | None = None
    refused: Trial | None = None
    for policy in policies or (_built_in(expected),):
        try:
            trial = _trial(evidence, policy, collateral, expected, at)
        except CounterfoilError as error:
            failure = failure or error
            continue
        if trial.appraisal is not None:
            return trial
        if refused is None or isinstance(refused.refusal, PlatformNotAdmittedError):
            refused = trial
    if refused is not None and (failure is None or not isinstance(refused.refusal, PlatformNotAdmittedError)):
        return refused
    raise failure or PlatformNotAdmittedError("no appraisal policy is given")


def _trial(evidence: Evidence, policy: AppraisalPolicy, collateral: Collateral, expected: Expected, at: int) -> Trial:
    claims = verify_evidence(evidence, at, policy.anchors, collateral)
    if policy.name == BUILT_IN:
        left_out = (check.name for check in _all_checks(claims) if check.outcome is Outcome.NOT_CHECKED)
        asked = replace(policy, unchecked=frozenset(name.rpartition(".")[2] for name in left_out))
    else:
        asked = replace(policy, bindings=policy.bindings & expected.bindings)
    try:
        appraisal = appraise(evidence, claims, asked, key=expected.key, nonce=expected.nonce, at=at)
        if expected.key is None and expected.nonce is not None:
            check = passed("nonce", ", ".join(_require_nonce(claims, expected.nonce)))
            appraisal = replace(appraisal, checks=(*appraisal.checks, check))
    except RefusedError as error:
        return Trial(policy.name, claims, None, error, expected)
    return Trial(policy.name, claims, appraisal, None, expected)


def _built_in(expected: Expected) -> AppraisalPolicy:
    return AppraisalPolicy(name=BUILT_IN, platforms=frozenset(Platform), bindings=expected.bindings)


def _require_nonce(claims: EvidenceClaims, nonce: bytes) -> tuple[str, ...]:
    """The fields that hold a nonce; of a composite each submodule has to have one."""
    several = claims.submodules if claims.platform is Platform.COMPOSITE else {"": claims}
    found = {
        name: next((field for field, value in one.bound.items() if _is_nonce(value, nonce)), None)
        for name, one in several.items()
    }
    fields = tuple(f"{name}.{field}".removeprefix(".") for name, field in found.items() if field is not None)
    if len(fields) != len(found):
        raise ChallengeMissingError("no field of the evidence holds the nonce")
    return fields


def _is_nonce(value: bytes, nonce: bytes) -> bool:
    """A field holds a nonce as it is, filled up with zeros, by its digest, or as tokens spell it."""
    if value in {nonce, sha256(nonce).digest(), nonce.hex().encode(), encode_base64url(nonce).encode()}:
        return True
    return len(value) > len(nonce) and value == nonce.ljust(len(value), b"\0")


def _all_checks(claims: EvidenceClaims) -> Iterator[Check]:
    yield from claims.checks
    for name, one in claims.submodules.items():
        yield from (replace(check, name=f"{name}.{check.name}") for check in one.checks)
