"""The published schema of the policy document: valid, closed, exported as it is, and never stricter than reading."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.cose.keys import parse_public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.schema import policy_schema
from counterfoil.signing.generate import generate_private_key
from tests.builders import issuer_of, policy_for
from tests.export_schemas import POLICY, exported_policy
from tests.policies import OPERATOR_ROOT, PEMS, PINS, ROOTS, WHOLE, is_read, mutate, whole

NOT_IN_A_SCHEMA = {
    "the document has no name twice and at most 1 MiB": "a schema sees no bytes",
    "a number is written as one: 2.0 is none": "to a schema 2.0 is an integer",
    "publicKey is one public key of a kind that is known here, a sound point": "a pattern knows no keys",
    "no issuer, key, kid, content type or root stands twice": "uniqueItems compares whole items",
    "a kid is no other key's thumbprint": "as above",
    "a root is a certificate": "a pattern knows none",
    "a pin is a did:x509 identifier to its end": "a pattern looks at its beginning",
    "an operator's kid is the thumbprint of the key": "to a pattern one kid is like another",
    "an issuer named by a DID has what the DID says": "as above",
    "there are as many operators as approvals": "a schema does not compare members",
    "the entries of the approvals stand in order": "as above",
}
"""The rules that reading knows and a schema does not; nothing else may make the two disagree."""

VALIDATOR = Draft202012Validator(dict(policy_schema()))


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def test_the_schema_is_one_and_closed() -> None:
    Draft202012Validator.check_schema(dict(policy_schema()))
    found = list(objects(policy_schema()))
    assert len(found) == 16
    # What is looked up by a name of somebody else's, a register or a product, has any members of one form.
    assert all(one["additionalProperties"] is False or "propertyNames" in one for one in found)


def test_the_exported_schema_is_the_codes() -> None:
    assert POLICY.read_text() == exported_policy(), "run make schemas"


def test_what_this_software_writes_is_valid() -> None:
    signers = [generate_private_key("ES256"), generate_private_key("EdDSA")]
    policy = policy_for(issuer_of(signers[0]), issuer_of(signers[1], "https://o.example", kid=bytes(512)))
    for document in (policy, PolicyDocument(1)):
        assert VALIDATOR.is_valid(json.loads(document.encode()))
    assert VALIDATOR.is_valid(whole())
    assert is_read(whole())


def test_every_word_that_reading_knows_is_in_the_schema() -> None:
    members = whole(algorithms=[one.name for one in ALGORITHMS.values()], refusedFindings=list(Finding))
    assert VALIDATOR.is_valid(members)
    assert is_read(members)


def beyond_a_schema(members: dict[str, Any]) -> bool:
    """Whether one of the rules in ``NOT_IN_A_SCHEMA`` may be what refuses a valid document."""
    issuers, rules, appraisals = members["issuers"], members["contentTypes"], members.get("appraisals", [])
    keys = [key for issuer in issuers for key in issuer["keys"]]
    thumbprints = [thumbprint(key["publicKey"]) for key in keys]
    certificates = [root["certificate"] for root in members.get("roots", [])]
    named = (
        [issuer["issuer"] for issuer in issuers],
        thumbprints,
        [key["kid"] for key in keys if "kid" in key],
        [repr(rule["contentType"]) for rule in rules],
        certificates,
        [appraisal["name"] for appraisal in appraisals],
    )
    entries = members.get("approved", {}).get("entries", [])
    demands = [demand for rule in rules for demand in rule.get("demands", [])]
    referred = {name for issuer in issuers for name in issuer.get("attestedBy", [])}
    referred |= {name for demand in demands for name in demand.get("appraisedBy", [])}
    return (
        None in thumbprints
        or any(len(set(some)) != len(some) for some in named)
        or not set(certificates) <= {*ROOTS, OPERATOR_ROOT}
        or not referred <= {appraisal["name"] for appraisal in appraisals}
        or not {one for appraisal in appraisals for one in appraisal.get("certificates", [])} <= set(ROOTS)
        or not {one["did"] for appraisal in appraisals for one in appraisal.get("endorsements", [])} <= set(PINS)
        or not {pin for issuer in issuers for pin in issuer.get("x509", [])} <= set(PINS)
        or not is_operators(members.get("operators"))
        or entries != sorted(entries)
        or any(issuer["issuer"].startswith(("did:key:", "did:x509:")) for issuer in issuers)
    )


def is_operators(members: dict[str, Any] | None) -> bool:
    keys = [] if members is None else members["keys"]
    own = [thumbprint(key["publicKey"]) for key in keys]
    named = all(key.get("kid") in {None, encode_base64url(one or b"")} for key, one in zip(keys, own, strict=True))
    enough = members is None or members["approvals"] <= len(keys)
    return None not in own and len(set(own)) == len(own) and named and enough


def thumbprint(pem: str) -> bytes | None:
    try:
        return parse_public_key_pem(pem).thumbprint
    except CounterfoilError:
        return None


@given(st.integers(1, 3), st.data())
def test_what_is_read_is_valid_and_what_is_valid_is_read_but_for_the_rules_that_no_schema_knows(
    times: int, data: st.DataObject
) -> None:
    members = whole()
    for _ in range(times):
        if members:
            mutate(members, data)
    members = json.loads(encode_json(members))  # As it is read: 1.0 is 1 then.
    valid, read = VALIDATOR.is_valid(members), is_read(members)
    assert valid or not read
    if valid and not read:
        assert beyond_a_schema(members)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuers": [WHOLE["issuers"][0], {**WHOLE["issuers"][1], "issuer": "https://a.example"}]},
        {"issuers": [WHOLE["issuers"][0], {**WHOLE["issuers"][0], "issuer": "https://b.example"}]},
        {"issuers": [{"issuer": "a", "keys": [{"publicKey": PEMS[0].replace("MFk", "MFj")}], "roles": []}]},
        {"contentTypes": [{"contentType": "a/b"}, {"contentType": "a/b", "visibility": "public"}]},
        {"roots": [{"certificate": "YQ"}]},
        {"roots": [{"certificate": ROOTS[0]}, {"certificate": ROOTS[0], "needsCrl": True}]},
        {"operators": {"approvals": 2, "keys": WHOLE["operators"]["keys"][:1]}},
        {"operators": {"approvals": 1, "keys": [{"kid": "YQ", "publicKey": PEMS[0]}]}},
        {"approved": {**WHOLE["approved"], "entries": [9, 7]}},
        {"appraisals": WHOLE["appraisals"][:1]},
        {"appraisals": [*WHOLE["appraisals"], {**WHOLE["appraisals"][1], "bindings": ["none"]}]},
    ],
    ids=[
        "issuer",
        "key",
        "point",
        "type",
        "certificate",
        "root",
        "approvals",
        "operator's kid",
        "order",
        "unknown",
        "appraisal",
    ],
)
def test_what_no_schema_says_reading_does(changes: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(whole(**changes))
    assert not is_read(whole(**changes))


@pytest.mark.parametrize(
    "text", ['{"version":2.0}', '{"version":2,"version":2}', '{"more":1}'], ids=["spelled", "twice", "unknown"]
)
def test_what_is_spelled_wrong_is_not_read(text: str) -> None:
    written = json.dumps(whole())[:-1].replace('"version": 3, ', "") + "," + text[1:]
    with pytest.raises(CounterfoilError):
        parse_policy(written.encode())
