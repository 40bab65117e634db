"""The policy document in CDDL (RFC 8610, appendix E: for JSON), from the bounds and words that reading checks."""

from collections.abc import Iterable, Mapping
from typing import Final

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.policy.appraisal_members import (
    APPRAISAL_MEMBERS,
    ENDORSER_MEMBERS,
    MAX_APPRAISALS,
    MAX_DIGEST_BYTES,
    MAX_LEVEL,
    MAX_LISTED,
    OPTIONAL_APPRAISAL_MEMBERS,
)
from counterfoil.policy.demand import RequiredClaim
from counterfoil.policy.document import POLICY_FORMAT, Visibility
from counterfoil.policy.members import (
    APPROVED_MEMBERS,
    DEMAND_MEMBERS,
    ISSUER_MEMBERS,
    KEY_MEMBERS,
    LATER_MEMBERS,
    MAX_APPROVALS,
    MAX_CERTIFICATE_CHARACTERS,
    MAX_NAME,
    MAX_OPERATORS,
    MAX_PEM,
    MAX_VERSION,
    NUMBERS,
    OPERATORS_MEMBERS,
    OPTIONAL_DEMAND_MEMBERS,
    OPTIONAL_ISSUER_MEMBERS,
    OPTIONAL_KEY_MEMBERS,
    OPTIONAL_ROOT_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    REPLACED_MEMBERS,
    ROOT_MEMBERS,
    RULE_MEMBERS,
)
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.signed_statement import MAX_KID_BYTES

_UTF8: Final = 4
"""Bytes of a character at most: CDDL counts the bytes of a text, and reading its characters."""

_WORDS_ON_A_LINE: Final = 4
_HEAD: Final = """\
; The registration policy document, in JSON (RFC 8610, appendix E). What the service reads is all of this form; reading
; is stricter: no issuer, key, kid, content type, root or operator stands twice, keys and certificates are sound, there
; are as many operators as approvals, and the entries of approvals ascend. Texts are bounded in characters there, and in
; bytes of UTF-8 here."""


def policy_cddl() -> str:
    """The form of a policy document. It takes whatever reading takes; reading is stricter."""
    return "\n\n".join((_HEAD, *_objects(), "\n".join(_types()))) + "\n"


def _objects() -> Iterable[str]:
    yield _object("policy", POLICY_MEMBERS, LATER_MEMBERS, {
        "format": str(POLICY_FORMAT),
        **_numbers("version"),
        "issuers": "[* named-issuer]",
        "algorithms": "[* algorithm]",
        "contentTypes": "[* content-type-rule]",
        **_numbers("maxStatementBytes", "clockSkewSeconds", "maxLagSeconds"),
        "refusedFindings": "[* finding]",
        "roots": "[* root]",
        "operators": "quorum",
        "replaces": "replaced",
        "approved": "approval",
        "appraisals": f"[*{MAX_APPRAISALS} appraisal]",
    })  # fmt: skip
    yield _object("named-issuer", ISSUER_MEMBERS, OPTIONAL_ISSUER_MEMBERS, {
        "issuer": _text(MAX_ISSUER_CHARACTERS), "keys": "[* key]", "roles": "[* name]", "x509": "[* pin]",
        "attestedBy": "[* name]",
    })  # fmt: skip
    yield _object("key", KEY_MEMBERS, OPTIONAL_KEY_MEMBERS, {"publicKey": "pem", "kid": "key-identifier"})
    yield _object("content-type-rule", RULE_MEMBERS, OPTIONAL_RULE_MEMBERS, {
        "contentType": f"name / {-MAX_VERSION}..{MAX_VERSION}",
        "visibility": "readers",
        "roles": "[* name]",
        "demands": "[* demand]",
    })  # fmt: skip
    yield _object("demand", DEMAND_MEMBERS, OPTIONAL_DEMAND_MEMBERS, {
        "roles": "[* name]",
        "requiredClaims": "[* claim]",
        "attestation": "grade",
        "appraisedBy": "[+ name]",
        **_numbers("clockSkewSeconds", "maxStatementBytes"),
        "refusedFindings": "[* finding]",
    })  # fmt: skip
    yield _object("root", ROOT_MEMBERS, OPTIONAL_ROOT_MEMBERS, {"certificate": "der", "needsCrl": "bool"})
    yield from _appraisal()
    operators = {"keys": f"[1*{MAX_OPERATORS} key]", **_numbers("approvals")}
    yield _object("quorum", OPERATORS_MEMBERS, frozenset(), operators)
    yield _object("replaced", REPLACED_MEMBERS, frozenset(), {"entry": "entry-number", "entryId": "entry-id"})
    approved = {"proposal": "entry-id", "entries": f"[1*{MAX_APPROVALS} entry-number]"}
    yield _object("approval", APPROVED_MEMBERS, frozenset(), approved)


def _appraisal() -> Iterable[str]:
    few = f"*{MAX_LISTED}"
    yield _object("appraisal", APPRAISAL_MEMBERS, OPTIONAL_APPRAISAL_MEMBERS, {
        "name": "name",
        "platforms": f"[1{few} platform]",
        "bindings": f"[1{few} binding]",
        "measurements": f"{{{few} name => [1{few} digest]}}",
        "endorsements": "[* endorser]",
        "minimumTcb": f"{{{few} name => {{{few} name => level}}}}",
        "tcbStatuses": f"[1{few} name]",
        "advisories": f"[{few} name]",
        "debug": "bool",
        "migration": "bool",
        **_numbers("maxVmpl"),
        "facts": f"{{{few} name => [1{few} long-name]}}",
        "signers": f"[{few} name]",
        "unchecked": f"[{few} name]",
        **_numbers("maxAgeSeconds"),
        "pins": f"[{few} fingerprint]",
        "certificates": f"[{few} der]",
    })  # fmt: skip
    yield _object("endorser", ENDORSER_MEMBERS, frozenset(), {"did": "pin", "feed": "name", "minSvn": "level"})


def _types() -> Iterable[str]:
    yield f"name = {_text(MAX_NAME)}"
    yield f"pem = {_text(MAX_PEM)} ; one block of the kind PUBLIC KEY"
    yield f'key-identifier = text .regexp "[A-Za-z0-9_-]{{2,{-(-MAX_KID_BYTES * 4 // 3)}}}" ; base64url'
    yield f"der = text .size (1..{MAX_CERTIFICATE_CHARACTERS}) ; a certificate in DER, base64url"
    yield f"pin = {_text(MAX_ISSUER_CHARACTERS)} ; a did:x509 identifier"
    yield f"entry-number = {_range('entry')}"
    yield f'entry-id = text .regexp "[0-9a-f]{{{HASH_SIZE * 2}}}"'
    yield f"platform = {_choice(Platform)}"
    yield f"binding = {_choice(Binding)}"
    yield f"long-name = {_text(MAX_ISSUER_CHARACTERS)}"
    yield f"level = 0..{MAX_LEVEL}"
    yield f'digest = text .regexp "([0-9a-f]{{2}}){{1,{MAX_DIGEST_BYTES}}}"'
    yield f'fingerprint = text .regexp "[0-9a-f]{{{HASH_SIZE * 2}}}" ; SHA-256'
    yield f"algorithm = {_choice(one.name for one in ALGORITHMS.values())}"
    yield f"readers = {_choice(Visibility)}"
    yield f"claim = {_choice(RequiredClaim)}"
    yield f"grade = {_choice(Grade)}"
    yield f"finding = {_choice(Finding)}"


def _object(name: str, required: frozenset[str], optional: frozenset[str], types: Mapping[str, str]) -> str:
    spelled = {**dict.fromkeys(required, ""), **dict.fromkeys(optional, "? ")}
    lines = (f"  {spelled[member]}{member}: {form}," for member, form in types.items())
    return "\n".join((f"{name} = {{", *lines, "}"))


def _numbers(*names: str) -> dict[str, str]:
    return {name: _range(name) for name in names}


def _range(name: str) -> str:
    least, most = NUMBERS[name]
    return f"{least}..{most}"


def _text(most: int) -> str:
    return f"text .size (1..{most * _UTF8})"


def _choice(words: Iterable[str]) -> str:
    spelled = [f'"{word}"' for word in sorted(map(str, words))]
    return (" / " if len(spelled) <= _WORDS_ON_A_LINE else "\n  / ").join(spelled)
