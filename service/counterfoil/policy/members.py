"""The members of a policy document, each by itself: what reading refuses and what linting complains of are one rule."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import PublicKey, parse_public_key_pem
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedPolicyError, UnverifiedError
from counterfoil.policy.document import POLICY_FORMAT, Visibility
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import MAX_KID_BYTES, MAX_STATEMENT_BYTES_LIMIT

MAX_NAME: Final = 255
MAX_PEM: Final = 8192
MAX_VERSION: Final = 2**53 - 1
MAX_CLOCK_SKEW_SECONDS: Final = 24 * 60 * 60
MAX_LAG_SECONDS_LIMIT: Final = 10 * 366 * 24 * 60 * 60
"""Ten years: as good as no bound."""

POLICY_MEMBERS: Final = frozenset(
    {"format", "version", "issuers", "algorithms", "contentTypes", "maxStatementBytes", "clockSkewSeconds"}
)
LATER_MEMBERS: Final = frozenset({"maxLagSeconds", "refusedFindings"})
ISSUER_MEMBERS: Final = frozenset({"issuer", "keys", "roles"})
KEY_MEMBERS: Final = frozenset({"publicKey"})
OPTIONAL_KEY_MEMBERS: Final = frozenset({"kid"})
RULE_MEMBERS: Final = frozenset({"contentType"})
OPTIONAL_RULE_MEMBERS: Final = frozenset({"visibility", "roles"})
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "version": (1, MAX_VERSION),
    "maxStatementBytes": (1, MAX_STATEMENT_BYTES_LIMIT),
    "clockSkewSeconds": (0, MAX_CLOCK_SKEW_SECONDS),
    "maxLagSeconds": (0, MAX_LAG_SECONDS_LIMIT),
}
"""The least and the most that each number may be."""

_ITEM = TypeVar("_ITEM")


def read_members(
    value: JsonValue, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> Mapping[str, JsonValue]:
    """An object that has all of the required members, and of others only the optional ones.

    Raises:
        MalformedPolicyError: It is not that; so for every function here that does not say more.
    """
    if not isinstance(value, Mapping) or not required <= set(value) <= required | optional:
        may = f" and may have {', '.join(sorted(optional))}" if optional else ""
        raise MalformedPolicyError(f"an object with the members {', '.join(sorted(required))}{may} is expected")
    return value


def read_items(value: JsonValue, read: Callable[[JsonValue], _ITEM]) -> tuple[_ITEM, ...]:
    """A list of items, each of which ``read`` reads."""
    if not isinstance(value, (list, tuple)):
        raise MalformedPolicyError("a list is expected")
    return tuple(read(item) for item in value)


def read_format(value: JsonValue) -> None:
    """The format of the document, which is the only one there is."""
    if value != POLICY_FORMAT or isinstance(value, bool):
        raise MalformedPolicyError(f"the format is not {POLICY_FORMAT}")


def read_number(member: str, value: JsonValue) -> int:
    """The number that a member of that name is, in its bounds."""
    least, most = NUMBERS[member]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise MalformedPolicyError(f"a number from {least} to {most} is expected")
    return value


def read_text(value: JsonValue, most: int = MAX_NAME) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise MalformedPolicyError(f"a text of 1 to {most} characters is expected")
    return value


def read_issuer_name(value: JsonValue) -> str:
    """The name of an issuer, any text that can be an ``iss``."""
    return read_text(value, MAX_ISSUER_CHARACTERS)


def read_issuer_key(value: JsonValue) -> IssuerKey:
    """A key of an issuer; its ``kid`` is the thumbprint where none is given."""
    members = read_members(value, KEY_MEMBERS, OPTIONAL_KEY_MEMBERS)
    key = read_public_key(members["publicKey"])
    return IssuerKey(read_kid(members["kid"]) if "kid" in members else key.thumbprint, key)


def read_public_key(value: JsonValue) -> PublicKey:
    """A public key in PEM.

    Raises:
        MalformedError: It is none.
        AlgorithmUnsupportedError: It is one that this installation cannot compute with.
    """
    return parse_public_key_pem(read_text(value, MAX_PEM))


def read_kid(value: JsonValue) -> bytes:
    """A key identifier in base64url.

    Raises:
        MalformedError: It is not that, or too long.
    """
    kid = decode_base64url(read_text(value, MAX_KID_BYTES * 2))
    if not 1 <= len(kid) <= MAX_KID_BYTES:
        raise MalformedPolicyError(f"a kid is 1 to {MAX_KID_BYTES} bytes long")
    return kid


def read_finding(value: JsonValue) -> Finding:
    """A finding by its name."""
    try:
        return Finding(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a finding is one of {', '.join(Finding)}") from error


def read_algorithm(value: JsonValue) -> str:
    """The name of an algorithm that this log can verify."""
    try:
        return algorithm_named(read_text(value)).name
    except UnverifiedError as error:
        raise MalformedPolicyError("the policy names an unknown algorithm") from error


def read_content_type(value: JsonValue) -> str | int:
    """A content type, a text or a number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else read_text(value)


def read_visibility(value: JsonValue) -> Visibility:
    """A visibility by its name."""
    try:
        return Visibility(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError("a visibility is public, parties or operator") from error
