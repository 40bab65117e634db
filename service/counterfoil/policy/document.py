"""The registration policy document: who may register what (RFC 9943, section 5.1.1)."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.chain.findings import Finding
from counterfoil.cose.keys import PublicKey, public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.policy.anchors import NO_OPERATORS, Approved, Operators, Replaced, Root
from counterfoil.policy.asked import Asked
from counterfoil.policy.demand import Demand
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import DEFAULT_MAX_STATEMENT_BYTES

POLICY_CONTENT_TYPE: Final = "application/vnd.counterfoil.policy+json"
POLICY_FORMAT: Final = 1
DEFAULT_CLOCK_SKEW_SECONDS: Final = 300
"""Five minutes: what TRACE and most token formats allow a writer's clock to run ahead."""

DEFAULT_MAX_LAG_SECONDS: Final = 300
"""What a policy means that does not say it: five minutes, as for clocks. Part of the profile, so never changed."""


class Visibility(StrEnum):
    """Who may read the statements of a content type; receipts and proofs are public whatever it says."""

    PUBLIC = "public"
    PARTIES = "parties"
    OPERATOR = "operator"


_NARROWNESS: Final = (Visibility.PUBLIC, Visibility.PARTIES, Visibility.OPERATOR)


def narrower(one: Visibility, other: Visibility) -> Visibility:
    """The one of two visibilities that shows less."""
    return one if one is other else max(one, other, key=_NARROWNESS.index)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A named issuer: the exact text of its ``iss``, its keys, and the roles it may act in.

    ``pins`` are did:x509 identifiers: a certificate that has a path to a root of the policy speaks for the issuer when
    all that one of them says holds of it. ``attested_by`` are names of appraisal policies: a key that is bound to
    hardware which satisfies one of them speaks for the issuer.
    """

    name: str
    keys: tuple[IssuerKey, ...]
    roles: frozenset[str]
    pins: tuple[str, ...] = ()
    attested_by: frozenset[str] = frozenset()

    def as_json(self) -> JsonValue:
        """The issuer as the policy document spells it."""
        members: dict[str, JsonValue] = {
            "issuer": self.name,
            "keys": [{"kid": encode_base64url(key.kid), "publicKey": public_key_pem(key.key)} for key in self.keys],
            "roles": list[JsonValue](sorted(self.roles)),
        }
        if self.pins:
            members["x509"] = list[JsonValue](self.pins)
        if self.attested_by:
            members["attestedBy"] = list[JsonValue](sorted(self.attested_by))
        return members


@dataclass(frozen=True, slots=True)
class ContentTypeRule:
    """One admitted content type: who may read it, and which roles may register it (none named: every issuer).

    ``demands`` are what is asked of its statements beyond what the policy asks of all.
    """

    content_type: str | int
    visibility: Visibility
    roles: frozenset[str]
    demands: tuple[Demand, ...] = ()

    def as_json(self) -> JsonValue:
        """The rule as the policy document spells it."""
        members: dict[str, JsonValue] = {
            "contentType": self.content_type,
            "visibility": self.visibility.value,
            "roles": list[JsonValue](sorted(self.roles)),
        }
        if self.demands:
            members["demands"] = [demand.as_json() for demand in self.demands]
        return members


@dataclass(frozen=True)
class PolicyDocument:
    """One version of the policy. ``version`` counts from 1; an empty document admits nobody.

    ``max_lag_seconds`` is how long after it happened an event may be registered without a finding; statements with one
    of the ``refused_findings`` are not admitted. ``operators`` are the keys that speak for the log in policy, none
    where that is the one of the genesis statement. ``replaces`` is the policy that this one follows, None in the first;
    ``approved`` says what was approved and by which entries, None where it is not approved yet, or needs no more than
    its own signature. ``appraisals`` say which hardware is attested well enough, for what names them.
    """

    version: int
    issuers: tuple[Issuer, ...] = ()
    algorithms: frozenset[str] = frozenset()
    content_types: tuple[ContentTypeRule, ...] = ()
    max_statement_bytes: int = DEFAULT_MAX_STATEMENT_BYTES
    clock_skew_seconds: int = DEFAULT_CLOCK_SKEW_SECONDS
    max_lag_seconds: int = DEFAULT_MAX_LAG_SECONDS
    refused_findings: frozenset[Finding] = frozenset()
    roots: tuple[Root, ...] = ()
    operators: Operators = NO_OPERATORS
    replaces: Replaced | None = None
    approved: Approved | None = None
    appraisals: tuple[AppraisalPolicy, ...] = ()

    def issuer(self, name: str) -> Issuer | None:
        """The issuer of exactly that name."""
        return self._by_name.get(name)

    def content_type(self, content_type: str | int | None) -> ContentTypeRule | None:
        """The rule of exactly that content type."""
        return self._by_content_type.get(content_type)

    @cached_property
    def asked_of_all(self) -> Asked:
        """What is asked of a statement that no demand concerns."""
        return Asked(frozenset(), self.clock_skew_seconds, self.max_statement_bytes, self.refused_findings)

    @cached_property
    def _by_name(self) -> dict[str, Issuer]:
        # Of two of one name, which no policy that was read has, the first.
        return {issuer.name: issuer for issuer in reversed(self.issuers)}

    @cached_property
    def _by_content_type(self) -> dict[str | int | None, ContentTypeRule]:
        return {rule.content_type: rule for rule in reversed(self.content_types)}

    def appraisal(self, name: str) -> AppraisalPolicy | None:
        """The appraisal policy of exactly that name."""
        return next((one for one in self.appraisals if one.name == name), None)

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Every key of every issuer."""
        return tuple(key.key for issuer in self.issuers for key in issuer.keys)

    def encode(self) -> bytes:
        """The payload of a policy statement, in RFC 8785 form."""
        members: dict[str, JsonValue] = {
            "format": POLICY_FORMAT,
            "version": self.version,
            "issuers": [issuer.as_json() for issuer in self.issuers],
            "algorithms": list[JsonValue](sorted(self.algorithms)),
            "contentTypes": [rule.as_json() for rule in self.content_types],
            "maxStatementBytes": self.max_statement_bytes,
            "clockSkewSeconds": self.clock_skew_seconds,
        }
        # Members that came later are left out where they say nothing, so that older documents keep their bytes.
        if self.max_lag_seconds != DEFAULT_MAX_LAG_SECONDS:
            members["maxLagSeconds"] = self.max_lag_seconds
        if self.refused_findings:
            members["refusedFindings"] = list[JsonValue](sorted(self.refused_findings))
        if self.roots:
            members["roots"] = [root.as_json() for root in self.roots]
        if self.appraisals:
            members["appraisals"] = [one.as_json() for one in self.appraisals]
        if self.operators.keys:
            members["operators"] = self.operators.as_json()
        if self.replaces is not None:
            members["replaces"] = self.replaces.as_json()
        if self.approved is not None:
            members["approved"] = self.approved.as_json()
        return encode_json(members)
