"""Reading a registration policy document."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import parse_public_key_pem
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedPolicyError, UnverifiedError
from counterfoil.policy.document import (
    DEFAULT_MAX_LAG_SECONDS,
    POLICY_FORMAT,
    ContentTypeRule,
    Issuer,
    PolicyDocument,
    Visibility,
)
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import MAX_KID_BYTES, MAX_STATEMENT_BYTES_LIMIT

MAX_POLICY_BYTES: Final = 1024 * 1024
"""Some 2,000 issuers; a larger directory is not a document to be read by people."""

MAX_CLOCK_SKEW_SECONDS: Final = 24 * 60 * 60
_MAX_NAME: Final = 255
_MAX_PEM: Final = 8192
_MAX_VERSION: Final = 2**53 - 1
_MEMBERS: Final = {
    "format", "version", "issuers", "algorithms", "contentTypes", "maxStatementBytes", "clockSkewSeconds",
}  # fmt: skip
_LATER_MEMBERS: Final = frozenset({"maxLagSeconds", "refusedFindings"})
MAX_LAG_SECONDS_LIMIT: Final = 10 * 366 * 24 * 60 * 60
"""Ten years: as good as no bound."""

_ITEM = TypeVar("_ITEM")


def parse_policy(payload: bytes) -> PolicyDocument:
    """Read a policy document. Every member is known and in bounds, no issuer, key or content type stands twice.

    Raises:
        MalformedError: It is not such a document.
    """
    value = parse_json(payload, max_bytes=MAX_POLICY_BYTES)
    members = _members(value, _MEMBERS, _LATER_MEMBERS)
    if members["format"] != POLICY_FORMAT or isinstance(members["format"], bool):
        raise MalformedPolicyError(f"the format is not {POLICY_FORMAT}")
    issuers = _items(members["issuers"], _issuer)
    rules = _items(members["contentTypes"], _content_type_rule)
    _require_unique([issuer.name for issuer in issuers], "issuer")
    _require_unique([key.key.thumbprint for issuer in issuers for key in issuer.keys], "public key")
    _require_unique([name for issuer in issuers for key in issuer.keys for name in _names(key)], "kid")
    _require_unique([rule.content_type for rule in rules], "content type")
    refused = _items(members.get("refusedFindings", []), _finding)
    _require_unique([finding.value for finding in refused], "finding")
    return PolicyDocument(
        version=_integer(members["version"], 1, _MAX_VERSION),
        issuers=issuers,
        algorithms=frozenset(_items(members["algorithms"], _algorithm)),
        content_types=rules,
        max_statement_bytes=_integer(members["maxStatementBytes"], 1, MAX_STATEMENT_BYTES_LIMIT),
        clock_skew_seconds=_integer(members["clockSkewSeconds"], 0, MAX_CLOCK_SKEW_SECONDS),
        max_lag_seconds=_integer(members.get("maxLagSeconds", DEFAULT_MAX_LAG_SECONDS), 0, MAX_LAG_SECONDS_LIMIT),
        refused_findings=frozenset(refused),
    )


def _names(key: IssuerKey) -> set[bytes]:
    # A key answers to both, so neither may lead to another key.
    return set(key.names)


def _items(value: JsonValue, parse: Callable[[JsonValue], _ITEM]) -> tuple[_ITEM, ...]:
    if not isinstance(value, (list, tuple)):
        raise MalformedPolicyError("a list is expected")
    return tuple(parse(item) for item in value)


def _require_unique(values: list[str] | list[bytes] | list[str | int], what: str) -> None:
    if len(set(values)) != len(values):
        raise MalformedPolicyError(f"the same {what} stands in the policy twice")


def _integer(value: JsonValue, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise MalformedPolicyError(f"a number from {least} to {most} is expected")
    return value


def _name(value: JsonValue, most: int = _MAX_NAME) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise MalformedPolicyError(f"a text of 1 to {most} characters is expected")
    return value


def _members(value: JsonValue, required: set[str], optional: frozenset[str] = frozenset()) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping) or not required <= set(value) <= required | optional:
        may = f" and may have {', '.join(sorted(optional))}" if optional else ""
        raise MalformedPolicyError(f"an object with the members {', '.join(sorted(required))}{may} is expected")
    return value


def _issuer(value: JsonValue) -> Issuer:
    members = _members(value, {"issuer", "keys", "roles"})
    return Issuer(
        _name(members["issuer"], MAX_ISSUER_CHARACTERS),
        _items(members["keys"], _issuer_key),
        frozenset(_items(members["roles"], _name)),
    )


def _issuer_key(value: JsonValue) -> IssuerKey:
    members = _members(value, {"publicKey"}, frozenset({"kid"}))
    key = parse_public_key_pem(_name(members["publicKey"], _MAX_PEM))
    kid = decode_base64url(_name(members["kid"], MAX_KID_BYTES * 2)) if "kid" in members else key.thumbprint
    if not 1 <= len(kid) <= MAX_KID_BYTES:
        raise MalformedPolicyError(f"a kid is 1 to {MAX_KID_BYTES} bytes long")
    return IssuerKey(kid, key)


def _finding(value: JsonValue) -> Finding:
    try:
        return Finding(_name(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a finding is one of {', '.join(Finding)}") from error


def _algorithm(value: JsonValue) -> str:
    try:
        return algorithm_named(_name(value)).name
    except UnverifiedError as error:
        raise MalformedPolicyError("the policy names an unknown algorithm") from error


def _content_type_rule(value: JsonValue) -> ContentTypeRule:
    members = _members(value, {"contentType"}, frozenset({"visibility", "roles"}))
    content_type = members["contentType"]
    if not isinstance(content_type, int) or isinstance(content_type, bool):
        content_type = _name(content_type)
    return ContentTypeRule(
        content_type,
        _visibility(members.get("visibility", Visibility.PARTIES.value)),
        frozenset(_items(members.get("roles", []), _name)),
    )


def _visibility(value: JsonValue) -> Visibility:
    try:
        return Visibility(_name(value))
    except ValueError as error:
        raise MalformedPolicyError("a visibility is public, parties or operator") from error
