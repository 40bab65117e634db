"""What one policy means that another does not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.anchors import Operators, Root
from counterfoil.policy.demands import demands_by_role
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument
from counterfoil.statement.issuer import IssuerKey


class ChangeKind(StrEnum):
    """What changed; the order here is the order in which changes are listed."""

    VERSION = "version"
    ISSUER_ADDED = "issuer-added"
    ISSUER_REMOVED = "issuer-removed"
    KEY_ADDED = "key-added"
    KEY_REMOVED = "key-removed"
    KID = "kid"
    ROLE_ADDED = "role-added"
    ROLE_REMOVED = "role-removed"
    PIN_ADDED = "pin-added"
    PIN_REMOVED = "pin-removed"
    ATTESTED_BY_ADDED = "attested-by-added"
    ATTESTED_BY_REMOVED = "attested-by-removed"
    ALGORITHM_ADDED = "algorithm-added"
    ALGORITHM_REMOVED = "algorithm-removed"
    CONTENT_TYPE_ADDED = "content-type-added"
    CONTENT_TYPE_REMOVED = "content-type-removed"
    VISIBILITY = "visibility"
    CONTENT_TYPE_ROLES = "content-type-roles"
    DEMAND_ADDED = "demand-added"
    DEMAND_REMOVED = "demand-removed"
    DEMAND = "demand"
    MAX_STATEMENT_BYTES = "max-statement-bytes"
    CLOCK_SKEW_SECONDS = "clock-skew-seconds"
    MAX_LAG_SECONDS = "max-lag-seconds"
    FINDING_REFUSED = "finding-refused"
    FINDING_ADMITTED = "finding-admitted"
    ROOT_ADDED = "root-added"
    ROOT_REMOVED = "root-removed"
    NEEDS_CRL = "needs-crl"
    APPRAISAL_ADDED = "appraisal-added"
    APPRAISAL_REMOVED = "appraisal-removed"
    APPRAISAL = "appraisal"
    OPERATOR_ADDED = "operator-added"
    OPERATOR_REMOVED = "operator-removed"
    APPROVALS = "approvals"
    REPLACES = "replaces"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``about`` is the issuer, content type or root, None where the policy as a whole is meant.

    ``old`` and ``new`` are what it was and what it is: a number, a word, a key's thumbprint or a root's fingerprint in
    hexadecimal, a kid in base64url, the roles of a content type in order (none: every issuer), or a part of a document
    as it is spelled there; None where there was or is nothing. Demands are told by role, as what one goes beyond all.
    """

    kind: ChangeKind
    about: str | int | None
    old: JsonValue
    new: JsonValue

    def as_json(self) -> dict[str, JsonValue]:
        """The change for machines."""
        return {"change": self.kind.value, "about": self.about, "old": self.old, "new": self.new}


def policy_difference(old: PolicyDocument, new: PolicyDocument) -> tuple[Change, ...]:
    """Every difference in meaning, in one order whatever the order of the documents; none where they mean the same.

    The order in which a document lists its issuers, keys and content types means nothing.
    """
    return tuple(_changes(old, new))


def _changes(old: PolicyDocument, new: PolicyDocument) -> Iterator[Change]:
    yield from _value(ChangeKind.VERSION, None, old.version, new.version)
    for name in sorted({issuer.name for policy in (old, new) for issuer in policy.issuers}):
        yield from _issuer(name, old.issuer(name), new.issuer(name))
    added, removed = ChangeKind.ALGORITHM_ADDED, ChangeKind.ALGORITHM_REMOVED
    yield from _words(added, removed, None, old.algorithms, new.algorithms)
    types = {rule.content_type for policy in (old, new) for rule in policy.content_types}
    for content_type in sorted(types, key=_text_first):
        yield from _rule(content_type, old.content_type(content_type), new.content_type(content_type))
    yield from _value(ChangeKind.MAX_STATEMENT_BYTES, None, old.max_statement_bytes, new.max_statement_bytes)
    yield from _value(ChangeKind.CLOCK_SKEW_SECONDS, None, old.clock_skew_seconds, new.clock_skew_seconds)
    yield from _value(ChangeKind.MAX_LAG_SECONDS, None, old.max_lag_seconds, new.max_lag_seconds)
    refused, admitted = ChangeKind.FINDING_REFUSED, ChangeKind.FINDING_ADMITTED
    yield from _words(refused, admitted, None, old.refused_findings, new.refused_findings)
    yield from _roots(_fingerprints(old), _fingerprints(new))
    yield from _appraisals(old, new)
    yield from _operators(old.operators, new.operators)
    before, after = (None if one.replaces is None else one.replaces.as_json() for one in (old, new))
    yield from _value(ChangeKind.REPLACES, None, before, after)
    before, after = (None if one.approved is None else one.approved.as_json() for one in (old, new))
    yield from _value(ChangeKind.APPROVED, None, before, after)


def _issuer(name: str, old: Issuer | None, new: Issuer | None) -> Iterator[Change]:
    if old is None:
        yield Change(ChangeKind.ISSUER_ADDED, name, None, name)
    if new is None:
        yield Change(ChangeKind.ISSUER_REMOVED, name, name, None)
    before, after = _keys(old), _keys(new)
    yield from _words(ChangeKind.KEY_ADDED, ChangeKind.KEY_REMOVED, name, before.keys(), after.keys())
    for thumbprint in sorted(before.keys() & after.keys()):
        kids = (encode_base64url(keys[thumbprint].kid) for keys in (before, after))
        yield from _value(ChangeKind.KID, name, *kids)
    roles = (frozenset[str]() if issuer is None else issuer.roles for issuer in (old, new))
    yield from _words(ChangeKind.ROLE_ADDED, ChangeKind.ROLE_REMOVED, name, *roles)
    pins = (() if issuer is None else issuer.pins for issuer in (old, new))
    yield from _words(ChangeKind.PIN_ADDED, ChangeKind.PIN_REMOVED, name, *pins)
    attested = (frozenset[str]() if issuer is None else issuer.attested_by for issuer in (old, new))
    yield from _words(ChangeKind.ATTESTED_BY_ADDED, ChangeKind.ATTESTED_BY_REMOVED, name, *attested)


def _keys(issuer: Issuer | None) -> dict[str, IssuerKey]:
    return {} if issuer is None else {key.key.thumbprint.hex(): key for key in issuer.keys}


def _rule(content_type: str | int, old: ContentTypeRule | None, new: ContentTypeRule | None) -> Iterator[Change]:
    if old is None or new is None:
        kind = ChangeKind.CONTENT_TYPE_ADDED if old is None else ChangeKind.CONTENT_TYPE_REMOVED
        yield Change(kind, content_type, _rule_json(old), _rule_json(new))
        return
    yield from _value(ChangeKind.VISIBILITY, content_type, old.visibility.value, new.visibility.value)
    before, after = (list[JsonValue](sorted(rule.roles)) for rule in (old, new))
    yield from _value(ChangeKind.CONTENT_TYPE_ROLES, content_type, before, after)
    demanded = demands_by_role(old.demands), demands_by_role(new.demands)
    for role in sorted({*demanded[0], *demanded[1]}, key=lambda role: role or ""):
        was, now = (None if role not in some else some[role].as_json() for some in demanded)
        kind = (
            ChangeKind.DEMAND_ADDED if was is None else ChangeKind.DEMAND_REMOVED if now is None else ChangeKind.DEMAND
        )
        yield from _value(kind, content_type, was, now)


def _fingerprints(policy: PolicyDocument) -> dict[str, Root]:
    return {root.fingerprint.hex(): root for root in policy.roots}


def _roots(old: Mapping[str, Root], new: Mapping[str, Root]) -> Iterator[Change]:
    yield from _words(ChangeKind.ROOT_ADDED, ChangeKind.ROOT_REMOVED, None, old, new)
    for fingerprint in sorted({*old, *new}):
        needs = (fingerprint in roots and roots[fingerprint].needs_crl for roots in (old, new))
        yield from _value(ChangeKind.NEEDS_CRL, fingerprint, *needs)


def _appraisals(old: PolicyDocument, new: PolicyDocument) -> Iterator[Change]:
    for name in sorted({one.name for policy in (old, new) for one in policy.appraisals}):
        found = (policy.appraisal(name) for policy in (old, new))
        was, now = (None if one is None else one.as_json() for one in found)
        kind = (
            ChangeKind.APPRAISAL_ADDED
            if was is None
            else ChangeKind.APPRAISAL_REMOVED
            if now is None
            else ChangeKind.APPRAISAL
        )
        yield from _value(kind, name, was, now)


def _operators(old: Operators, new: Operators) -> Iterator[Change]:
    keys = ([key.thumbprint.hex() for key in operators.keys] for operators in (old, new))
    yield from _words(ChangeKind.OPERATOR_ADDED, ChangeKind.OPERATOR_REMOVED, None, *keys)
    yield from _value(ChangeKind.APPROVALS, None, old.approvals, new.approvals)


def _rule_json(rule: ContentTypeRule | None) -> JsonValue:
    return None if rule is None else rule.as_json()


def _value(kind: ChangeKind, about: str | int | None, old: JsonValue, new: JsonValue) -> Iterator[Change]:
    if old != new:
        yield Change(kind, about, old, new)


def _words(
    added: ChangeKind, removed: ChangeKind, about: str | None, old: Iterable[str], new: Iterable[str]
) -> Iterator[Change]:
    before, after = frozenset(map(str, old)), frozenset(map(str, new))
    for word in sorted(after - before):
        yield Change(added, about, None, word)
    for word in sorted(before - after):
        yield Change(removed, about, word, None)


def _text_first(content_type: str | int) -> tuple[bool, str, int]:
    return (True, "", content_type) if isinstance(content_type, int) else (False, content_type, 0)
