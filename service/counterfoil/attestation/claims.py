"""What verified evidence says, in one form for all vendors (RFC 9334, section 8; draft-ietf-rats-eat)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.evidence import Platform
from counterfoil.statement.claims import MAX_NUMERIC_DATE

_NOTHING: Final[Mapping[str, "EvidenceClaims"]] = MappingProxyType({})


class Outcome(StrEnum):
    """What came of a check. One that failed is an error and never gets this far."""

    PASSED = "passed"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, order=True)
class Check:
    """One thing that was checked or left out: a short name in lower case with hyphens, how it came out, and on what."""

    name: str
    outcome: Outcome
    detail: str = ""


def passed(name: str, detail: str = "") -> Check:
    """A check that held."""
    return Check(name, Outcome.PASSED, detail)


def not_checked(name: str, detail: str = "") -> Check:
    """A check that nothing at hand allowed; the appraisal policy says whether that is enough."""
    return Check(name, Outcome.NOT_CHECKED, detail)


@dataclass(frozen=True, slots=True)
class Endorsed:
    """A signed endorsement that names the launch measurement: who signed it, for what, and its security version."""

    did: str
    feed: str
    svn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceClaims:
    """What evidence says, all of whose signatures hold up to a pinned root.

    ``measurements`` are raw digests by register (``launch``, ``mrtd``, ``rtmr0``, ``mrenclave``, ``pcr0`` ...).
    ``bound`` are the raw values that the attested environment could choose, by the field they stand in
    (``report-data``, ``extra-data``, ``nonce``, ``user-data``, ``public-key`` ...): what a binding is looked for in.
    ``facts`` are further values by name as text, for the policy to compare (``host-data`` in hex, ``audience`` ...).
    ``signer`` is the kind of the key that signed (``VCEK``, ``VLEK``, ``PCK``, ``NSM``, ``AK``, ``JWT`` ...).
    ``hardware_id`` is SHA-256 of what names the chip. ``issued_at`` is when the evidence itself says it was made.
    The claims hold from ``holds_from`` to ``holds_until``, in whole seconds since 1970, both included, with the same
    collateral. ``collateral`` are the SHA-256 digests of the collateral that was used. ``checks`` say what was checked
    and what was not. Of a composite each submodule has claims of its own.
    """

    platform: Platform
    product: str
    signer: str
    measurements: Mapping[str, bytes]
    bound: Mapping[str, bytes]
    debug: bool
    migratable: bool = False
    tcb: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    tcb_status: str | None = None
    advisories: frozenset[str] = frozenset()
    hardware_id: bytes | None = None
    vmpl: int | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    endorsed: Endorsed | None = None
    issued_at: int | None = None
    holds_from: int = 0
    holds_until: int = MAX_NUMERIC_DATE
    collateral: frozenset[bytes] = frozenset()
    checks: tuple[Check, ...] = ()
    submodules: Mapping[str, "EvidenceClaims"] = field(default_factory=lambda: _NOTHING)
