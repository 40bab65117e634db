"""The policy document as JSON Schema 2020-12, from the bounds and words that reading checks."""

from collections.abc import Iterable
from typing import Final

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.encoding.jcs import JsonValue
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.policy.appraisal_members import (
    APPRAISAL_MEMBERS,
    ENDORSER_MEMBERS,
    MAX_APPRAISALS,
    MAX_DIGEST_BYTES,
    MAX_LEVEL,
    MAX_LISTED,
)
from counterfoil.policy.demand import RequiredClaim
from counterfoil.policy.document import POLICY_FORMAT, Visibility
from counterfoil.policy.members import (
    APPROVED_MEMBERS,
    DEMAND_MEMBERS,
    ISSUER_MEMBERS,
    KEY_MEMBERS,
    MAX_APPROVALS,
    MAX_CERTIFICATE_CHARACTERS,
    MAX_NAME,
    MAX_OPERATORS,
    MAX_PEM,
    MAX_VERSION,
    NUMBERS,
    OPERATORS_MEMBERS,
    POLICY_MEMBERS,
    REPLACED_MEMBERS,
    ROOT_MEMBERS,
    RULE_MEMBERS,
)
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.signed_statement import MAX_KID_BYTES

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PEM: Final = r"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----"
_BASE64URL: Final = r"^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$"
"""The one spelling of any bytes: no padding, and no bits beyond the last byte."""

_PIN: Final = r"^did:x509:"
_MAX_KID_CHARACTERS: Final = -(-MAX_KID_BYTES * 4 // 3)


def policy_schema() -> dict[str, JsonValue]:
    """The schema of a policy document. It takes whatever reading takes; reading is stricter."""
    members: dict[str, JsonValue] = {
        "format": {"const": POLICY_FORMAT},
        "issuers": _set_of(_issuer()),
        "algorithms": _list_of({"enum": _sorted(one.name for one in ALGORITHMS.values())}),
        "contentTypes": _set_of(_content_type_rule()),
        "refusedFindings": _set_of({"enum": _sorted(Finding)}),
        "roots": _set_of(_root()),
        "operators": _operators(),
        "replaces": _object({"entry": _number("entry"), "entryId": _entry_id()}, REPLACED_MEMBERS),
        "approved": _approved(),
        "appraisals": {**_set_of(_appraisal()), "maxItems": MAX_APPRAISALS},
        **{name: _number(name) for name in ("version", "maxStatementBytes", "clockSkewSeconds", "maxLagSeconds")},
    }
    return {"$schema": _DIALECT, "title": "A registration policy", **_object(members, POLICY_MEMBERS)}


def _issuer() -> dict[str, JsonValue]:
    pin: dict[str, JsonValue] = {**_text(MAX_ISSUER_CHARACTERS), "pattern": _PIN}
    members: dict[str, JsonValue] = {
        "issuer": _text(MAX_ISSUER_CHARACTERS),
        "keys": _set_of(_key()),
        "roles": _list_of(_text()),
        "x509": _set_of(pin),
        "attestedBy": _list_of(_text()),
    }
    return _object(members, ISSUER_MEMBERS)


def _key() -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        "kid": {"type": "string", "minLength": 2, "maxLength": _MAX_KID_CHARACTERS, "pattern": _BASE64URL},
        "publicKey": {"type": "string", "maxLength": MAX_PEM, "pattern": _PEM},
    }
    return _object(members, KEY_MEMBERS)


def _content_type_rule() -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        "contentType": {"anyOf": [_text(), {"type": "integer", "minimum": -MAX_VERSION, "maximum": MAX_VERSION}]},
        "visibility": {"enum": _sorted(Visibility)},
        "roles": _list_of(_text()),
        "demands": _list_of(_demand()),
    }
    return _object(members, RULE_MEMBERS)


def _demand() -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        "roles": _list_of(_text()),
        "requiredClaims": _list_of({"enum": _sorted(RequiredClaim)}),
        "attestation": {"enum": _sorted(Grade)},
        "appraisedBy": {**_list_of(_text()), "minItems": 1},
        "clockSkewSeconds": _number("clockSkewSeconds"),
        "maxStatementBytes": _number("maxStatementBytes"),
        "refusedFindings": _list_of({"enum": _sorted(Finding)}),
    }
    return _object(members, DEMAND_MEMBERS)


def _root() -> dict[str, JsonValue]:
    certificate: dict[str, JsonValue] = {**_text(MAX_CERTIFICATE_CHARACTERS), "pattern": _BASE64URL}
    return _object({"certificate": certificate, "needsCrl": {"type": "boolean"}}, ROOT_MEMBERS)


def _appraisal() -> dict[str, JsonValue]:
    digest: dict[str, JsonValue] = {**_text(MAX_DIGEST_BYTES * 2), "pattern": "^(?:[0-9a-f]{2})*$"}
    level: dict[str, JsonValue] = {"type": "integer", "minimum": 0, "maximum": MAX_LEVEL}
    endorser: dict[str, JsonValue] = {
        "did": {**_text(MAX_ISSUER_CHARACTERS), "pattern": _PIN}, "feed": _text(), "minSvn": level,
    }  # fmt: skip
    certificate: dict[str, JsonValue] = {**_text(MAX_CERTIFICATE_CHARACTERS), "pattern": _BASE64URL}
    members: dict[str, JsonValue] = {
        "name": _text(),
        "platforms": _some_of({"enum": _sorted(Platform)}),
        "bindings": _some_of({"enum": _sorted(Binding)}),
        "measurements": _map_of(_some_of(digest)),
        "endorsements": _list_of(_object(endorser, ENDORSER_MEMBERS)),
        "minimumTcb": _map_of(_map_of(level)),
        "tcbStatuses": _some_of(_text()),
        "advisories": _few_of(_text()),
        "debug": {"type": "boolean"},
        "migration": {"type": "boolean"},
        "maxVmpl": _number("maxVmpl"),
        "facts": _map_of(_some_of(_text(MAX_ISSUER_CHARACTERS))),
        "signers": _few_of(_text()),
        "unchecked": _few_of(_text()),
        "maxAgeSeconds": _number("maxAgeSeconds"),
        "pins": _few_of({**_text(HASH_SIZE * 2), "minLength": HASH_SIZE * 2, "pattern": "^[0-9a-f]*$"}),
        "certificates": _few_of(certificate),
    }
    return _object(members, APPRAISAL_MEMBERS)


def _few_of(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {**_list_of(item), "maxItems": MAX_LISTED}


def _some_of(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {**_few_of(item), "minItems": 1}


def _map_of(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    names: JsonValue = {"minLength": 1, "maxLength": MAX_NAME}
    return {"type": "object", "propertyNames": names, "additionalProperties": value, "maxProperties": MAX_LISTED}


def _operators() -> dict[str, JsonValue]:
    keys: dict[str, JsonValue] = {**_set_of(_key()), "minItems": 1, "maxItems": MAX_OPERATORS}
    return _object({"keys": keys, "approvals": _number("approvals")}, OPERATORS_MEMBERS)


def _approved() -> dict[str, JsonValue]:
    entries: dict[str, JsonValue] = {**_set_of(_number("entry")), "minItems": 1, "maxItems": MAX_APPROVALS}
    return _object({"proposal": _entry_id(), "entries": entries}, APPROVED_MEMBERS)


def _entry_id() -> dict[str, JsonValue]:
    size = HASH_SIZE * 2
    return {"type": "string", "minLength": size, "maxLength": size, "pattern": "^[0-9a-f]*$"}


def _number(name: str) -> dict[str, JsonValue]:
    least, most = NUMBERS[name]
    return {"type": "integer", "minimum": least, "maximum": most}


def _object(members: dict[str, JsonValue], required: frozenset[str]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": {name: members[name] for name in sorted(members)},
        "required": list[JsonValue](sorted(required)),
        "additionalProperties": False,
    }


def _list_of(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"type": "array", "items": item}


def _set_of(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {**_list_of(item), "uniqueItems": True}


def _text(most: int = MAX_NAME) -> dict[str, JsonValue]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _sorted(words: Iterable[str]) -> list[JsonValue]:
    return list[JsonValue](sorted(str(word) for word in words))
