"""The appraisal policies of a policy document, each read as one."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from counterfoil.attestation.appraisal_policy import (
    DEFAULT_MAX_AGE_SECONDS,
    UP_TO_DATE,
    AppraisalPolicy,
    Endorser,
)
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedPolicyError
from counterfoil.policy.members import (
    MAX_CERTIFICATE_CHARACTERS,
    read_flag,
    read_items,
    read_members,
    read_number,
    read_text,
)
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.did_x509 import parse_did_x509

APPRAISAL_MEMBERS: Final = frozenset({"name", "platforms", "bindings"})
OPTIONAL_APPRAISAL_MEMBERS: Final = frozenset(
    {
        "measurements", "endorsements", "minimumTcb", "tcbStatuses", "advisories", "debug", "migration", "maxVmpl",
        "facts", "signers", "unchecked", "maxAgeSeconds", "pins", "certificates",
    }
)  # fmt: skip
ENDORSER_MEMBERS: Final = frozenset({"did", "feed", "minSvn"})
MAX_APPRAISALS: Final = 64
"""Kinds of machines and images that one log admits; and each may be tried on an enrolment."""

MAX_LISTED: Final = 1024
"""Values of one list: measurements of all images of some years."""

MAX_LEVEL: Final = 2**32 - 1
MAX_DIGEST_BYTES: Final = 64
_PIN_BYTES: Final = 32

_ITEM = TypeVar("_ITEM")


def read_appraisal(value: JsonValue) -> AppraisalPolicy:
    """An appraisal policy.

    Raises:
        MalformedError: It is none.
        UnverifiedError: It holds a certificate that cannot be judged.
    """
    members = read_members(value, APPRAISAL_MEMBERS, OPTIONAL_APPRAISAL_MEMBERS)
    return AppraisalPolicy(
        name=read_text(members["name"]),
        platforms=_some(members["platforms"], read_platform),
        bindings=_some(members["bindings"], read_binding),
        measurements=_map(members.get("measurements", {}), lambda some: _some(some, read_digest)),
        endorsers=read_items(members.get("endorsements", []), _endorser),
        minimum_tcb=_map(members.get("minimumTcb", {}), lambda levels: _map(levels, _level)),
        tcb_statuses=_some(members.get("tcbStatuses", [UP_TO_DATE]), read_text),
        advisories=_set(members.get("advisories", []), read_text),
        debug=read_flag(members.get("debug", False)),
        migration=read_flag(members.get("migration", False)),
        max_vmpl=read_number("maxVmpl", members.get("maxVmpl", 0)),
        facts=_map(members.get("facts", {}), lambda some: _some(some, _fact)),
        signers=_set(members.get("signers", []), read_text),
        unchecked=_set(members.get("unchecked", []), read_text),
        max_age_seconds=read_number("maxAgeSeconds", members.get("maxAgeSeconds", DEFAULT_MAX_AGE_SECONDS)),
        pins=_set(members.get("pins", []), _pin),
        certificates=_few(members.get("certificates", []), _certificate),
    )


def require_few_appraisals(count: int) -> None:
    """There are not more appraisal policies than a document has."""
    if count > MAX_APPRAISALS:
        raise MalformedPolicyError(f"at most {MAX_APPRAISALS} appraisal policies are expected")


def read_platform(value: JsonValue) -> Platform:
    """A platform by its name."""
    try:
        return Platform(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a platform is one of {', '.join(Platform)}") from error


def read_binding(value: JsonValue) -> Binding:
    """A binding by its name."""
    try:
        return Binding(read_text(value))
    except ValueError as error:
        raise MalformedPolicyError(f"a binding is one of {', '.join(Binding)}") from error


def read_digest(value: JsonValue) -> bytes:
    """A digest in lower-case hexadecimal, up to 64 bytes."""
    text = read_text(value, MAX_DIGEST_BYTES * 2)
    if len(text) % 2 or not set(text) <= set("0123456789abcdef"):
        raise MalformedPolicyError("a digest in lower-case hex digits is expected")
    return bytes.fromhex(text)


def _pin(value: JsonValue) -> bytes:
    digest = read_digest(value)
    if len(digest) != _PIN_BYTES:
        raise MalformedPolicyError("a pin is a SHA-256 digest")
    return digest


def _endorser(value: JsonValue) -> Endorser:
    members = read_members(value, ENDORSER_MEMBERS)
    did = read_text(members["did"], MAX_ISSUER_CHARACTERS)
    parse_did_x509(did)
    return Endorser(did, read_text(members["feed"]), _number(members["minSvn"], MAX_LEVEL))


def _certificate(value: JsonValue) -> bytes:
    certificate = decode_base64url(read_text(value, MAX_CERTIFICATE_CHARACTERS))
    parse_certificate(certificate)
    return certificate


def _fact(value: JsonValue) -> str:
    return read_text(value, MAX_ISSUER_CHARACTERS)


def _level(value: JsonValue) -> int:
    return _number(value, MAX_LEVEL)


def _number(value: JsonValue, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise MalformedPolicyError(f"a number from 0 to {most} is expected")
    return value


def _few(value: JsonValue, read: Callable[[JsonValue], _ITEM]) -> tuple[_ITEM, ...]:
    items = read_items(value, read)
    if len(items) > MAX_LISTED:
        raise MalformedPolicyError(f"at most {MAX_LISTED} items are expected")
    return items


def _set(value: JsonValue, read: Callable[[JsonValue], _ITEM]) -> frozenset[_ITEM]:
    return frozenset(_few(value, read))


def _some(value: JsonValue, read: Callable[[JsonValue], _ITEM]) -> frozenset[_ITEM]:
    items = _set(value, read)
    if not items:
        raise MalformedPolicyError("a list that is not empty is expected")
    return items


def _map(value: JsonValue, read: Callable[[JsonValue], _ITEM]) -> Mapping[str, _ITEM]:
    if not isinstance(value, Mapping) or len(value) > MAX_LISTED:
        raise MalformedPolicyError("an object is expected")
    return {read_text(name): read(item) for name, item in value.items()}
