"""What came of appraising evidence: an attestation result that anybody can make again (draft-ietf-rats-ear)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Final

from counterfoil.attestation.ar4si import Tier, TrustworthinessClaim, tier_of
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Check, EvidenceClaims
from counterfoil.attestation.ear_names import EAR_PROFILE, IETF_NAMES
from counterfoil.attestation.evidence import Platform
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue, encode_json

APPRAISER: Final = "https://counterfoil.invalid/appraiser"
APPRAISAL_BUILD: Final = "counterfoil-appraisal/1"
"""Which form the result has. It changes with whatever would give the same evidence another result."""

_CPU_MEMORY: Final = frozenset(
    {Platform.AMD_SEV_SNP, Platform.INTEL_TDX, Platform.INTEL_SGX, Platform.AWS_NITRO, Platform.AZURE_CVM}
)
_NO_CLAIM: Final = 0
_AFFIRMING: Final = 2
"""Genuine, approved or isolated, as each member of the vector has it (draft-ietf-rats-ar4si, section 2.3.4)."""

_WARNING: Final = 32
"""Not as it should be, and an appraisal policy admits it by name."""


class Grade(StrEnum):
    """How well the key that signed a statement is bound to attested hardware."""

    UNATTESTED = "unattested"
    PLATFORM_ATTESTED = "platform-attested"
    KEY_BOUND = "key-bound"

    def is_at_least(self, other: "Grade") -> bool:
        """Whether whoever asks for the other one is content with this one."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER: Final = tuple(Grade)


class Status(StrEnum):
    """The status of an appraisal that a policy admits (draft-ietf-rats-ear, section 3.2). Others are refused."""

    AFFIRMING = "affirming"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """Evidence that satisfies an appraisal policy, and what was looked at.

    ``appraised_by`` is the name of that policy, ``binding`` how the key is bound. ``holds_from`` and ``holds_until``
    are the times at which appraising again comes to the same; whoever relies on it later does until ``ends``. All are
    in whole seconds since 1970, both ends included. ``evidence_digest`` is SHA-256 of the encoded evidence; it names
    these bytes, and other bytes may say the same.
    """

    appraised_by: str
    binding: Binding
    claims: EvidenceClaims
    evidence_digest: bytes
    checks: tuple[Check, ...]
    holds_from: int
    holds_until: int
    max_age_seconds: int

    @property
    def grade(self) -> Grade:
        """How well it binds the key."""
        return Grade.PLATFORM_ATTESTED if self.binding is Binding.NONE else Grade.KEY_BOUND

    @cached_property
    def status(self) -> Status:
        """Affirming, or a warning where the policy admits what nobody would call sound."""
        warned = any(tier_of(value) is not Tier.AFFIRMING for value in self._vector().values() if value != _NO_CLAIM)
        return Status.WARNING if warned else Status.AFFIRMING

    def ends(self, at: int) -> int:
        """Until when a key enrolled at that time is in force, unless something ends it before."""
        made = at if self.claims.issued_at is None else min(at, self.claims.issued_at)
        return min(made + self.max_age_seconds, self.claims.holds_until)

    def ear(self, at: int | None = None) -> dict[str, JsonValue]:
        """The result as an EAR, with the reference time ``at`` as its iat where that is given."""
        submodule: dict[str, JsonValue] = {
            IETF_NAMES.status: self.status.value,
            IETF_NAMES.vector: {claim.value: value for claim, value in self._vector().items()},
            IETF_NAMES.policies: [self.appraised_by],
            "counterfoil.checks": [_check_json(check) for check in self.checks],
            "counterfoil.claims": claims_json(self.claims),
        }
        members: dict[str, JsonValue] = {
            "eat_profile": EAR_PROFILE,
            IETF_NAMES.verifier: {"developer": APPRAISER, "build": APPRAISAL_BUILD},
            "submods": {self.claims.platform.value: submodule},
            "counterfoil.grade": self.grade.value,
            "counterfoil.binding": self.binding.value,
            "counterfoil.evidence": self.evidence_digest.hex(),
            "counterfoil.collateral": [digest.hex() for digest in sorted(self.claims.collateral)],
        }
        return members if at is None else {**members, "iat": at}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the result in RFC 8785 form without its time, which the decision record has: 32 bytes."""
        return sha256(encode_json(self.ear())).digest()

    @cached_property
    def collateral_digest(self) -> bytes | None:
        """SHA-256 of the CBOR array of the digests of the collateral, ascending; None where none was used."""
        digests = self.claims.collateral
        return sha256(encode(tuple(sorted(digests)))).digest() if digests else None

    def _vector(self) -> Mapping[TrustworthinessClaim, int]:
        several = tuple(self.claims.submodules.values()) or (self.claims,)
        named = any(check.name.endswith("measurements") or check.name == "endorsement" for check in self.checks)
        opened = any(one.debug or one.migratable for one in several)
        current = all(one.tcb_status in {None, "UpToDate"} and not one.advisories for one in several)
        shielded = all(one.platform in _CPU_MEMORY for one in several)
        return {
            TrustworthinessClaim.INSTANCE_IDENTITY: _NO_CLAIM if self.binding is Binding.NONE else _AFFIRMING,
            TrustworthinessClaim.CONFIGURATION: _WARNING if opened else _AFFIRMING,
            TrustworthinessClaim.EXECUTABLES: _AFFIRMING if named else _NO_CLAIM,
            TrustworthinessClaim.HARDWARE: _AFFIRMING if current else _WARNING,
            TrustworthinessClaim.RUNTIME_OPAQUE: _AFFIRMING if shielded else _NO_CLAIM,
        }


def claims_json(claims: EvidenceClaims) -> JsonValue:
    """The claims for programs and people: digests and values in lower-case hexadecimal, what is absent left out."""
    members: dict[str, JsonValue] = {
        "platform": claims.platform.value,
        "product": claims.product,
        "signer": claims.signer,
        "debug": claims.debug,
        "migratable": claims.migratable,
        "measurements": {name: value.hex() for name, value in claims.measurements.items()},
        "bound": {name: value.hex() for name, value in claims.bound.items()},
        "tcb": dict[str, JsonValue](claims.tcb),
        "tcbStatus": claims.tcb_status,
        "advisories": list[JsonValue](sorted(claims.advisories)),
        "hardwareId": None if claims.hardware_id is None else claims.hardware_id.hex(),
        "vmpl": claims.vmpl,
        "facts": dict[str, JsonValue](claims.facts),
        "issuedAt": claims.issued_at,
        "holdsFrom": claims.holds_from,
        "holdsUntil": claims.holds_until,
        "submodules": {name: claims_json(one) for name, one in claims.submodules.items()},
    }
    if claims.endorsed is not None:
        one = claims.endorsed
        members["endorsed"] = {"did": one.did, "feed": one.feed, "svn": one.svn}
    return {name: value for name, value in members.items() if value not in (None, {}, [])}


def _check_json(check: Check) -> JsonValue:
    return {"name": check.name, "outcome": check.outcome.value, "detail": check.detail}
