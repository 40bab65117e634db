"""Reading a registration policy document."""

from typing import Final

from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedPolicyError
from counterfoil.policy.document import DEFAULT_MAX_LAG_SECONDS, ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.members import (
    ISSUER_MEMBERS,
    LATER_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    RULE_MEMBERS,
    read_algorithm,
    read_content_type,
    read_finding,
    read_format,
    read_issuer_key,
    read_issuer_name,
    read_items,
    read_members,
    read_number,
    read_text,
    read_visibility,
)

MAX_POLICY_BYTES: Final = 1024 * 1024
"""Some 2,000 issuers; a larger directory is not a document to be read by people."""


def parse_policy(payload: bytes) -> PolicyDocument:
    """Read a policy document. Every member is known and in bounds, no issuer, key or content type stands twice.

    Raises:
        MalformedError: It is not such a document.
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
    return PolicyDocument(
        version=read_number("version", members["version"]),
        issuers=issuers,
        algorithms=frozenset(read_items(members["algorithms"], read_algorithm)),
        content_types=rules,
        max_statement_bytes=read_number("maxStatementBytes", members["maxStatementBytes"]),
        clock_skew_seconds=read_number("clockSkewSeconds", members["clockSkewSeconds"]),
        max_lag_seconds=read_number("maxLagSeconds", members.get("maxLagSeconds", DEFAULT_MAX_LAG_SECONDS)),
        refused_findings=frozenset(refused),
    )


def _require_unique(values: list[str] | list[bytes] | list[str | int], what: str) -> None:
    if len(set(values)) != len(values):
        raise MalformedPolicyError(f"the same {what} stands in the policy twice")


def _issuer(value: JsonValue) -> Issuer:
    members = read_members(value, ISSUER_MEMBERS)
    return Issuer(
        read_issuer_name(members["issuer"]),
        read_items(members["keys"], read_issuer_key),
        frozenset(read_items(members["roles"], read_text)),
    )


def _content_type_rule(value: JsonValue) -> ContentTypeRule:
    members = read_members(value, RULE_MEMBERS, OPTIONAL_RULE_MEMBERS)
    return ContentTypeRule(
        read_content_type(members["contentType"]),
        read_visibility(members.get("visibility", Visibility.PARTIES.value)),
        frozenset(read_items(members.get("roles", []), read_text)),
    )
