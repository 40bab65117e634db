"""What an operator asks of attested hardware (RFC 9334, section 8.5). Whatever it does not open stays closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import VENDOR_PINS, Anchors
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue

DEFAULT_MAX_AGE_SECONDS: Final = 24 * 60 * 60
"""A day: an agent that runs longer shows again what it runs on."""

MAX_MAX_AGE_SECONDS: Final = 7 * 24 * 60 * 60
"""A week. Enrolments older than that are never in force, so no process has to read them."""

UP_TO_DATE: Final = "UpToDate"
ENDORSED_SIGNERS: Final = frozenset({"VLEK"})
"""Keys that a cloud provider has for all of its chips: a policy has to name them, or they do not count."""


@dataclass(frozen=True, slots=True)
class Endorser:
    """Who may endorse a launch measurement: a did:x509, what for, and from which security version on."""

    did: str
    feed: str
    min_svn: int

    def as_json(self) -> JsonValue:
        """The endorser as the policy document spells it."""
        return {"did": self.did, "feed": self.feed, "minSvn": self.min_svn}


@dataclass(frozen=True, kw_only=True)
class AppraisalPolicy:
    """One way in which hardware may be attested, by a name that issuers and demands refer to.

    ``measurements`` and ``facts`` name what has to have one of the values listed; of a composite the submodule's name
    and a dot stand before. ``minimum_tcb`` is asked by product. ``signers`` empty: every kind of key but those of
    providers. ``unchecked`` are the checks that may be left out. ``pins`` empty: the vendors' own roots.
    """

    name: str
    platforms: frozenset[Platform]
    bindings: frozenset[Binding]
    measurements: Mapping[str, frozenset[bytes]] = field(default_factory=lambda: MappingProxyType({}))
    endorsers: tuple[Endorser, ...] = ()
    minimum_tcb: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    tcb_statuses: frozenset[str] = frozenset({UP_TO_DATE})
    advisories: frozenset[str] = frozenset()
    debug: bool = False
    migration: bool = False
    max_vmpl: int = 0
    facts: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    signers: frozenset[str] = frozenset()
    unchecked: frozenset[str] = frozenset()
    max_age_seconds: int = DEFAULT_MAX_AGE_SECONDS
    pins: frozenset[bytes] = frozenset()
    certificates: tuple[bytes, ...] = ()

    def anchors(self, platform: Platform) -> Anchors:
        """What evidence of a platform has to lead to under this policy."""
        return Anchors(self.pins or VENDOR_PINS.get(platform, frozenset()), self.certificates)

    def admits_signer(self, signer: str) -> bool:
        """Whether evidence may be signed by a key of that kind."""
        return signer in self.signers if self.signers else signer not in ENDORSED_SIGNERS

    def as_json(self) -> JsonValue:
        """The appraisal policy as the policy document spells it; what it leaves closed is left out."""
        members: dict[str, JsonValue] = {
            "name": self.name,
            "platforms": _words(self.platforms),
            "bindings": _words(self.bindings),
        }
        optional: dict[str, JsonValue] = {
            "measurements": {name: _words(map(bytes.hex, some)) for name, some in self.measurements.items()},
            "endorsements": [one.as_json() for one in self.endorsers],
            "minimumTcb": {product: dict[str, JsonValue](least) for product, least in self.minimum_tcb.items()},
            "advisories": _words(self.advisories),
            "facts": {name: _words(some) for name, some in self.facts.items()},
            "signers": _words(self.signers),
            "unchecked": _words(self.unchecked),
            "pins": _words(map(bytes.hex, self.pins)),
            "certificates": [encode_base64url(der) for der in self.certificates],
            "debug": self.debug,
            "migration": self.migration,
            "maxVmpl": self.max_vmpl,
        }
        members |= {name: value for name, value in optional.items() if value}
        if self.tcb_statuses != {UP_TO_DATE}:
            members["tcbStatuses"] = _words(self.tcb_statuses)
        if self.max_age_seconds != DEFAULT_MAX_AGE_SECONDS:
            members["maxAgeSeconds"] = self.max_age_seconds
        return members


def _words(words: Iterable[str]) -> list[JsonValue]:
    return list[JsonValue](sorted(map(str, words)))
