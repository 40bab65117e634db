"""The members of a policy document, each by itself: what reading refuses and what linting complains of are one rule."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.appraisal_policy import MAX_MAX_AGE_SECONDS
from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import PublicKey, certificate_key, parse_public_key_pem
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedPolicyError, UnverifiedError
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.policy.demand import RequiredClaim
from counterfoil.policy.document import POLICY_FORMAT, Visibility
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.did_key import is_did_key, parse_did_key
from counterfoil.statement.did_x509 import is_did_x509, parse_did_x509
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import MAX_KID_BYTES, MAX_STATEMENT_BYTES_LIMIT, StatementHash

MAX_NAME: Final = 255
MAX_PEM: Final = 8192
MAX_VERSION: Final = 2**53 - 1
MAX_CLOCK_SKEW_SECONDS: Final = 24 * 60 * 60
MAX_LAG_SECONDS_LIMIT: Final = 10 * 366 * 24 * 60 * 60
"""Ten years: as good as no bound."""

MAX_OPERATORS: Final = 64
"""Nobody gathers the approvals of more; and each approval names an entry that is looked up."""

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
"""Of a root. Those of this field take 0.5 to 2 KB; one with a post-quantum key and signature fits as well."""

MAX_CERTIFICATE_CHARACTERS: Final = -(-MAX_CERTIFICATE_BYTES * 4 // 3)
MAX_VMPL: Final = 3
"""AMD's guests have four privilege levels; above those a report is the host's."""

MAX_APPROVALS: Final = 2 * MAX_OPERATORS
"""More than there are operators: a policy may have been approved by some of the old ones and some of the new."""

POLICY_MEMBERS: Final = frozenset(
    {"format", "version", "issuers", "algorithms", "contentTypes", "maxStatementBytes", "clockSkewSeconds"}
)
LATER_MEMBERS: Final = frozenset(
    {"maxLagSeconds", "refusedFindings", "roots", "operators", "replaces", "approved", "appraisals"}
)
ISSUER_MEMBERS: Final = frozenset({"issuer", "keys", "roles"})
OPTIONAL_ISSUER_MEMBERS: Final = frozenset({"x509", "attestedBy"})
KEY_MEMBERS: Final = frozenset({"publicKey"})
OPTIONAL_KEY_MEMBERS: Final = frozenset({"kid"})
RULE_MEMBERS: Final = frozenset({"contentType"})
OPTIONAL_RULE_MEMBERS: Final = frozenset({"visibility", "roles", "demands"})
DEMAND_MEMBERS: Final = frozenset({"roles"})
OPTIONAL_DEMAND_MEMBERS: Final = frozenset(
    {"requiredClaims", "attestation", "appraisedBy", "clockSkewSeconds", "maxStatementBytes", "refusedFindings"}
)
ROOT_MEMBERS: Final = frozenset({"certificate"})
OPTIONAL_ROOT_MEMBERS: Final = frozenset({"needsCrl"})
OPERATORS_MEMBERS: Final = frozenset({"keys", "approvals"})
REPLACED_MEMBERS: Final = frozenset({"entry", "entryId"})
APPROVED_MEMBERS: Final = frozenset({"proposal", "entries"})
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "version": (1, MAX_VERSION),
    "maxStatementBytes": (1, MAX_STATEMENT_BYTES_LIMIT),
    "clockSkewSeconds": (0, MAX_CLOCK_SKEW_SECONDS),
    "maxLagSeconds": (0, MAX_LAG_SECONDS_LIMIT),
    "approvals": (1, MAX_OPERATORS),
    "entry": (0, MAX_VERSION),
    "maxVmpl": (0, MAX_VMPL),
    "maxAgeSeconds": (1, MAX_MAX_AGE_SECONDS),
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


def require_own_key(name: str, keys: Sequence[IssuerKey], pins: Sequence[str]) -> None:
    """An issuer whose name says which key or certificate is its own has no other.

    Raises:
        MalformedError: It has, or its name is none of those.
    """
    if is_did_key(name) and (pins or [key.key for key in keys] != [parse_did_key(name)]):
        raise MalformedPolicyError("an issuer named by a did:key has that key and no other")
    if pins and is_did_x509(name):
        parse_did_x509(name)


def read_operator_key(value: JsonValue) -> PublicKey:
    """The key of an operator, whose ``kid`` is the thumbprint where one is given."""
    return require_own_kid(read_issuer_key(value))


def require_own_kid(key: IssuerKey) -> PublicKey:
    """The key, once it has no other name than its own: an operator is known by the thumbprint."""
    if key.kid != key.key.thumbprint:
        raise MalformedPolicyError("an operator's kid is the thumbprint of the key")
    return key.key


def require_quorum(approvals: int, operators: int) -> None:
    """That many approvals can be had of that many operators."""
    if approvals > operators or operators > MAX_OPERATORS:
        raise MalformedPolicyError(f"at most {MAX_OPERATORS} operators are expected, and as many as have to approve")


def require_approvals(entries: Sequence[int]) -> None:
    """The entries of the approvals of a policy: some, not too many, and each once in their order."""
    if not 1 <= len(entries) <= MAX_APPROVALS or list(entries) != sorted(set(entries)):
        raise MalformedPolicyError(f"1 to {MAX_APPROVALS} entries of approvals are expected in order, each once")


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


def read_entry(value: JsonValue) -> int:
    """The number of an entry."""
    return read_number("entry", value)


def read_entry_id(value: JsonValue) -> StatementHash:
    """An entry id in lower-case hex, the one spelling it has in every document of the log."""
    text = read_text(value, HASH_SIZE * 2)
    if len(text) != HASH_SIZE * 2 or not set(text) <= set("0123456789abcdef"):
        raise MalformedPolicyError(f"an entry id of {HASH_SIZE * 2} lower-case hex digits is expected")
    return StatementHash(bytes.fromhex(text))


def read_root_certificate(value: JsonValue) -> bytes:
    """A root's certificate, DER in base64url.

    Raises:
        MalformedError: It is none, or of a key of a kind that this log does not know.
        AlgorithmUnsupportedError: It is of a key that this installation cannot compute with.
        PathInvalidError: It holds a name of a form that no path is judged by.
    """
    certificate = decode_base64url(read_text(value, MAX_CERTIFICATE_CHARACTERS))
    parse_certificate(certificate)
    certificate_key(certificate)
    return certificate


def read_flag(value: JsonValue) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise MalformedPolicyError("true or false is expected")
    return value


def read_required_claim(value: JsonValue) -> RequiredClaim:
    """A claim by its name."""
    try:
        return RequiredClaim(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a claim is one of {', '.join(RequiredClaim)}") from error


def read_attestation(value: JsonValue) -> Grade:
    """A grade of attestation by its name."""
    try:
        return Grade(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a grade of attestation is one of {', '.join(Grade)}") from error


def read_appraised_by(value: JsonValue) -> frozenset[str]:
    """The names of appraisal policies, of which there are some."""
    names = frozenset(read_items(value, read_text))
    if not names:
        raise MalformedPolicyError("names of appraisal policies are expected")
    return names


def require_known_appraisals(names: Iterable[str], known: Collection[str]) -> None:
    """The names of appraisal policies, each of which the document has."""
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise MalformedPolicyError(f"the document has no appraisal policy of the name {unknown[0]}")


def read_pin(value: JsonValue) -> str:
    """A did:x509 identifier.

    Raises:
        MalformedError: It is none.
    """
    pin = read_text(value, MAX_ISSUER_CHARACTERS)
    parse_did_x509(pin)
    return pin
