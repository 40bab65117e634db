"""Evidence of a machine with several attesters: a CPU, and GPUs beside it (draft-ietf-rats-eat, submodules)."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.claims import Check, EvidenceClaims
from counterfoil.attestation.evidence import MAX_SUBMODULES, Evidence, Platform
from counterfoil.errors import EvidenceMismatchError, EvidenceTooLargeError, MalformedEvidenceError

CPU: Final = "cpu"
"""What the submodule of the CPU is called, of which a composite has one at most."""

_BESIDE_A_CPU: Final = frozenset({Platform.NVIDIA_GPU, Platform.NVIDIA_NRAS, Platform.TPM2})
_MAX_NAME: Final = 32
_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def verify_composite(evidence: Evidence, verify: Callable[[Evidence], EvidenceClaims]) -> EvidenceClaims:
    """The claims of a composite, once ``verify`` has given those of each submodule.

    Debug and migration are those of any submodule; the composite holds while all of them do, and was made when the
    first of those was that say when. It has no measurements of its own and binds nothing: those are the submodules'.
    The names of its checks are the submodules' names before the names of their checks, with a dot between.

    Raises:
        EvidenceTooLargeError: It has more submodules than any machine of this field.
        MalformedEvidenceError: It has none, or one that is a composite or under a name that is none.
        EvidenceMismatchError: It is no composite, two submodules are one piece of hardware, or what is called the CPU
            is none.
        MalformedError, UnverifiedError: As ``verify``.
    """
    _require_shape(evidence)
    claims = {name: verify(submodule) for name, submodule in sorted(evidence.submodules.items())}
    _require_distinct(claims)
    parts = tuple(claims.values())
    issued = [one.issued_at for one in parts if one.issued_at is not None]
    return EvidenceClaims(
        platform=Platform.COMPOSITE,
        product="composite",
        signer="submodules",
        measurements=MappingProxyType({}),
        bound=MappingProxyType({}),
        debug=any(one.debug for one in parts),
        migratable=any(one.migratable for one in parts),
        advisories=frozenset().union(*(one.advisories for one in parts)),
        issued_at=min(issued, default=None),
        holds_from=max(one.holds_from for one in parts),
        holds_until=min(one.holds_until for one in parts),
        collateral=frozenset().union(*(one.collateral for one in parts)),
        checks=tuple(
            Check(f"{name}.{check.name}", check.outcome, check.detail)
            for name, one in claims.items()
            for check in one.checks
        ),
        submodules=MappingProxyType(claims),
    )


def _require_shape(evidence: Evidence) -> None:
    if evidence.platform is not Platform.COMPOSITE or evidence.parts:
        raise EvidenceMismatchError("a composite has submodules and no parts")
    if not evidence.submodules:
        raise MalformedEvidenceError("a composite has at least one submodule")
    if len(evidence.submodules) - (CPU in evidence.submodules) > MAX_SUBMODULES:
        raise EvidenceTooLargeError(f"a composite of a CPU and more than {MAX_SUBMODULES} others")
    for name, submodule in evidence.submodules.items():
        if not 1 <= len(name) <= _MAX_NAME or not _NAME_CHARACTERS.issuperset(name):
            raise MalformedEvidenceError("a submodule has a short name in lower case")
        if submodule.platform is Platform.COMPOSITE or submodule.submodules:
            raise MalformedEvidenceError("a submodule of a composite is a composite")
        if (name == CPU) is (submodule.platform in _BESIDE_A_CPU):
            raise EvidenceMismatchError(f"evidence of {submodule.platform} under a name that says otherwise")


def _require_distinct(claims: dict[str, EvidenceClaims]) -> None:
    """Refuse one piece of hardware that stands for two."""
    known = [(one.platform, one.hardware_id) for one in claims.values() if one.hardware_id is not None]
    if len(set(known)) != len(known):
        raise EvidenceMismatchError("two submodules are of one piece of hardware")
