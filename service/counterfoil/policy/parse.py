"""Reading a registration policy document."""

from collections.abc import Iterable, Mapping
from typing import Final

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedPolicyError
from counterfoil.policy.anchors import NO_OPERATORS, Approved, Operators, Replaced, Root
from counterfoil.policy.appraisal_members import read_appraisal, require_few_appraisals
from counterfoil.policy.demand import Demand
from counterfoil.policy.document import DEFAULT_MAX_LAG_SECONDS, ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.members import (
    APPROVED_MEMBERS,
    DEMAND_MEMBERS,
    ISSUER_MEMBERS,
    LATER_MEMBERS,
    OPERATORS_MEMBERS,
    OPTIONAL_DEMAND_MEMBERS,
    OPTIONAL_ISSUER_MEMBERS,
    OPTIONAL_ROOT_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    REPLACED_MEMBERS,
    ROOT_MEMBERS,
    RULE_MEMBERS,
    read_algorithm,
    read_appraised_by,
    read_attestation,
    read_content_type,
    read_entry,
    read_entry_id,
    read_finding,
    read_flag,
    read_format,
    read_issuer_key,
    read_issuer_name,
    read_items,
    read_members,
    read_number,
    read_operator_key,
    read_pin,
    read_required_claim,
    read_root_certificate,
    read_text,
    read_visibility,
    require_approvals,
    require_known_appraisals,
    require_own_key,
    require_quorum,
)

MAX_POLICY_BYTES: Final = 1024 * 1024
"""Some 2,000 issuers; a larger directory is not a document to be read by people."""


def parse_policy(payload: bytes) -> PolicyDocument:
    """Read a policy document. Every member is known and in bounds; no issuer, key, root or content type stands twice.

    Raises:
        MalformedError: It is not such a document.
        AlgorithmUnsupportedError: It holds a key that this installation cannot compute with.
        PathInvalidError: It holds a root with a name of a form that no path is judged by.
    """
    value = parse_json(payload, max_bytes=MAX_POLICY_BYTES)
    members = read_members(value, POLICY_MEMBERS, LATER_MEMBERS)
    read_format(members["format"])
    issuers = read_items(members["issuers"], _issuer)
    rules = read_items(members["contentTypes"], _content_type_rule)
    _require_unique([issuer.name for issuer in issuers], "issuer")
    _require_unique([key.key.thumbprint for issuer in issuers for key in issuer.keys], "public key")
    # A key answers to both of its names, so neither may lead to another key.
    _require_unique([name for issuer in issuers for key in issuer.keys for name in set(key.names)], "kid")
    _require_unique([rule.content_type for rule in rules], "content type")
    refused = read_items(members.get("refusedFindings", []), read_finding)
    _require_unique([finding.value for finding in refused], "finding")
    roots = read_items(members.get("roots", []), _root)
    _require_unique([root.certificate for root in roots], "root")
    return PolicyDocument(
        version=read_number("version", members["version"]),
        issuers=issuers,
        algorithms=frozenset(read_items(members["algorithms"], read_algorithm)),
        content_types=rules,
        max_statement_bytes=read_number("maxStatementBytes", members["maxStatementBytes"]),
        clock_skew_seconds=read_number("clockSkewSeconds", members["clockSkewSeconds"]),
        max_lag_seconds=read_number("maxLagSeconds", members.get("maxLagSeconds", DEFAULT_MAX_LAG_SECONDS)),
        refused_findings=frozenset(refused),
        roots=roots,
        operators=_operators(members["operators"]) if "operators" in members else NO_OPERATORS,
        replaces=_replaced(members["replaces"]) if "replaces" in members else None,
        approved=_approved(members["approved"]) if "approved" in members else None,
        appraisals=_appraisals(members.get("appraisals", []), issuers, rules),
    )


def _appraisals(
    value: JsonValue, issuers: Iterable[Issuer], rules: Iterable[ContentTypeRule]
) -> tuple[AppraisalPolicy, ...]:
    appraisals = read_items(value, read_appraisal)
    require_few_appraisals(len(appraisals))
    names = [one.name for one in appraisals]
    _require_unique(list(names), "appraisal policy")
    for issuer in issuers:
        require_known_appraisals(issuer.attested_by, names)
    for demand in (demand for rule in rules for demand in rule.demands):
        require_known_appraisals(demand.appraised_by or (), names)
    return appraisals


def _require_unique(values: list[str] | list[bytes] | list[str | int], what: str) -> None:
    if len(set(values)) != len(values):
        raise MalformedPolicyError(f"the same {what} stands in the policy twice")


def _issuer(value: JsonValue) -> Issuer:
    members = read_members(value, ISSUER_MEMBERS, OPTIONAL_ISSUER_MEMBERS)
    pins = read_items(members.get("x509", []), read_pin)
    _require_unique(list(pins), "did:x509 identifier of an issuer")
    name, keys = read_issuer_name(members["issuer"]), read_items(members["keys"], read_issuer_key)
    require_own_key(name, keys, pins)
    attested_by = frozenset(read_items(members.get("attestedBy", []), read_text))
    return Issuer(name, keys, frozenset(read_items(members["roles"], read_text)), pins, attested_by)


def _content_type_rule(value: JsonValue) -> ContentTypeRule:
    members = read_members(value, RULE_MEMBERS, OPTIONAL_RULE_MEMBERS)
    return ContentTypeRule(
        read_content_type(members["contentType"]),
        read_visibility(members.get("visibility", Visibility.PARTIES.value)),
        frozenset(read_items(members.get("roles", []), read_text)),
        read_items(members.get("demands", []), _demand),
    )


def _demand(value: JsonValue) -> Demand:
    members = read_members(value, DEMAND_MEMBERS, OPTIONAL_DEMAND_MEMBERS)
    return Demand(
        roles=frozenset(read_items(members["roles"], read_text)),
        required_claims=frozenset(read_items(members.get("requiredClaims", []), read_required_claim)),
        attestation=read_attestation(members.get("attestation", Grade.UNATTESTED.value)),
        appraised_by=read_appraised_by(members["appraisedBy"]) if "appraisedBy" in members else None,
        clock_skew_seconds=_optional_number("clockSkewSeconds", members),
        max_statement_bytes=_optional_number("maxStatementBytes", members),
        refused_findings=frozenset(read_items(members.get("refusedFindings", []), read_finding)),
    )


def _optional_number(name: str, members: Mapping[str, JsonValue]) -> int | None:
    return read_number(name, members[name]) if name in members else None


def _root(value: JsonValue) -> Root:
    members = read_members(value, ROOT_MEMBERS, OPTIONAL_ROOT_MEMBERS)
    return Root(read_root_certificate(members["certificate"]), read_flag(members.get("needsCrl", False)))


def _operators(value: JsonValue) -> Operators:
    members = read_members(value, OPERATORS_MEMBERS)
    keys = read_items(members["keys"], read_operator_key)
    approvals = read_number("approvals", members["approvals"])
    require_quorum(approvals, len(keys))
    _require_unique([key.thumbprint for key in keys], "operator key")
    return Operators(keys, approvals)


def _replaced(value: JsonValue) -> Replaced:
    members = read_members(value, REPLACED_MEMBERS)
    return Replaced(read_entry(members["entry"]), read_entry_id(members["entryId"]))


def _approved(value: JsonValue) -> Approved:
    members = read_members(value, APPROVED_MEMBERS)
    entries = read_items(members["entries"], read_entry)
    require_approvals(entries)
    return Approved(read_entry_id(members["proposal"]), entries)
