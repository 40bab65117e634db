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
from counterfoil.cose.keys import parse_public_key_pem, public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.schema import policy_schema
from counterfoil.signing.generate import generate_private_key
from tests.builders import issuer_of, policy_for
from tests.export_schemas import POLICY, exported_policy

NOT_IN_A_SCHEMA = {
    "the document has no name twice and at most 1 MiB": "a schema sees no bytes",
    "a number is written as one: 2.0 is none": "to a schema 2.0 is an integer",
    "publicKey is one public key of a kind that is known here, a sound point": "a pattern knows no keys",
    "no issuer, key, kid or content type stands twice": "uniqueItems compares whole items",
    "a kid is no other key's thumbprint": "as above",
}
"""The rules that reading knows and a schema does not; nothing else may make the two disagree."""

VALIDATOR = Draft202012Validator(dict(policy_schema()))
PEMS = [public_key_pem(generate_private_key(alg).public_key) for alg in ("ES256", "EdDSA")]
WHOLE: dict[str, Any] = {
    "format": 1,
    "version": 3,
    "issuers": [
        {"issuer": "https://a.example", "keys": [{"kid": "YQ", "publicKey": PEMS[0]}], "roles": ["agent"]},
        {"issuer": "https://b.example", "keys": [{"publicKey": PEMS[1]}], "roles": []},
    ],
    "algorithms": ["ES256", "EdDSA"],
    "contentTypes": [
        {"contentType": "application/json", "visibility": "public", "roles": ["agent"]},
        {"contentType": 50},
    ],
    "maxStatementBytes": 1024,
    "clockSkewSeconds": 300,
    "maxLagSeconds": 60,
    "refusedFindings": ["late"],
}


def whole(**changes: object) -> dict[str, Any]:
    """A policy with every member there is."""
    members = json.loads(json.dumps(WHOLE))
    assert isinstance(members, dict)
    return {**members, **changes}


def is_read(members: Any) -> bool:
    try:
        parse_policy(encode_json(members))
    except CounterfoilError:
        return False
    return True


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def test_the_schema_is_one_and_closed() -> None:
    Draft202012Validator.check_schema(dict(policy_schema()))
    found = list(objects(policy_schema()))
    assert len(found) == 4
    assert all(one["additionalProperties"] is False for one in found)


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


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([0.5, 300, 86400, 86401, 1 << 24, (1 << 24) + 1, 2**53 - 1, 1e21, 10 * 366 * 86400 + 1]),
    st.sampled_from(["", "x", "agent", "public", "secret", "late", "tardy", "ES256", "HS256", "x" * 255, "x" * 256]),
    st.sampled_from(["YQ", "YR", "YWI", "YWJ", "YWJj", "Y", "YQ==", encode_base64url(bytes(512)), "A" * 684]),
    st.sampled_from(["application/json", "x" * 8192, "x" * 8193, "é" * 255, "𝄞" * 255, *PEMS, PEMS[0] * 2]),
    st.sampled_from(
        [PEMS[0].strip(), "note\n" + PEMS[1], "-----BEGIN PUBLIC KEY-----", PEMS[0].replace("PUBLIC", "X")]
    ),
    st.just({}),
    st.just([]),
    st.lists(st.sampled_from(["agent", "ES256", "late", ""]), max_size=3),
    st.fixed_dictionaries({"contentType": st.sampled_from(["a/b", 50, -1, True, 1.5, None])}),
    st.fixed_dictionaries({"publicKey": st.sampled_from(PEMS)}),
)
NAMES = ["x", "kid", "visibility", "roles", "maxLagSeconds", "refusedFindings", "publicKey", "issuer", "contentType"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every object and list inside of ``value``, with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(inner):
        yield value, key
        yield from places(item)


def mutate(members: dict[str, Any], data: st.DataObject) -> None:
    container, key = data.draw(st.sampled_from(list(places(members))))
    match data.draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
        case "remove":
            del container[key]
        case "repeat" if isinstance(container, list):
            container.append(container[key])
        case "add" if isinstance(container, dict):
            container[data.draw(st.sampled_from(NAMES))] = data.draw(VALUES)
        case _:
            container[key] = data.draw(VALUES)


def beyond_a_schema(members: dict[str, Any]) -> bool:
    """Whether one of the rules in ``NOT_IN_A_SCHEMA`` may be what refuses a valid document."""
    issuers, rules = members["issuers"], members["contentTypes"]
    keys = [key for issuer in issuers for key in issuer["keys"]]
    thumbprints = [thumbprint(key["publicKey"]) for key in keys]
    named = (
        [issuer["issuer"] for issuer in issuers],
        thumbprints,
        [key["kid"] for key in keys if "kid" in key],
        [repr(rule["contentType"]) for rule in rules],
    )
    return None in thumbprints or any(len(set(some)) != len(some) for some in named)


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
    ],
    ids=["issuer", "key", "point", "type"],
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
