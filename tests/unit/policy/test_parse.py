"""Policy documents: read back to the byte, and everything else refused."""

import json
from dataclasses import replace

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_json
from counterfoil.errors import MalformedDidError, MalformedError, MalformedPolicyError
from counterfoil.policy.anchors import Approved, Operators, Replaced, Root
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.document import Issuer, PolicyDocument, Visibility, narrower
from counterfoil.policy.parse import parse_policy
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import StatementHash
from tests.builders import issuer_of, policy_for
from tests.certificates import root
from tests.certified import pin
from tests.dids import did_key_of
from tests.policies import OPERATORS, PINS, ROOTS, WHOLE

AGENT = generate_private_key("ES256")
OTHER = generate_private_key("EdDSA")
POLICY = policy_for(issuer_of(AGENT, roles=("agent", "runtime")), issuer_of(OTHER, "https://other.example", kid=b"o"))


def members(policy: PolicyDocument = POLICY) -> dict[str, JsonValue]:
    value = parse_json(policy.encode(), max_bytes=1 << 20)
    assert isinstance(value, dict)
    return value


def test_a_policy_is_read_back() -> None:
    assert parse_policy(POLICY.encode()) == POLICY


def test_what_a_policy_says_of_events_is_read_back_and_an_older_one_keeps_its_bytes() -> None:
    strict = replace(POLICY, max_lag_seconds=0, refused_findings=frozenset({Finding.LATE, Finding.NOT_A_PARTY}))
    assert parse_policy(strict.encode()) == strict
    assert members(strict)["refusedFindings"] == ["late", "not-a-party"]
    assert members(strict)["maxLagSeconds"] == 0
    assert not {"maxLagSeconds", "refusedFindings"} & members().keys()
    assert parse_policy(POLICY.encode()).max_lag_seconds == 300


def test_what_a_policy_rests_on_is_read_back() -> None:
    demand = Demand(
        frozenset({"agent"}),
        frozenset({RequiredClaim.EXPIRES, RequiredClaim.AUDIENCE}),
        clock_skew_seconds=0,
        max_statement_bytes=1,
        refused_findings=frozenset({Finding.REPEATED}),
    )
    full = replace(
        POLICY,
        issuers=(replace(POLICY.issuers[0], pins=tuple(PINS)),),
        content_types=(replace(POLICY.content_types[0], demands=(demand, Demand())),),
        roots=tuple(Root(decode_base64url(one), needs_crl=at == 0) for at, one in enumerate(ROOTS)),
        operators=Operators(tuple(OPERATORS), 2),
        replaces=Replaced(0, StatementHash(bytes(32))),
        approved=Approved(StatementHash(bytes(range(32))), (0, 2**53 - 1)),
    )
    assert parse_policy(full.encode()) == full
    assert not {"roots", "operators", "replaces", "approved"} & members().keys()


def test_of_every_member_there_is_none_is_lost_in_writing() -> None:
    document = parse_policy(encode_json(WHOLE))
    assert parse_policy(document.encode()) == document
    written = json.loads(document.encode())
    same = WHOLE.keys() - {"issuers", "operators", "contentTypes"}
    assert {name: written[name] for name in same} == {name: WHOLE[name] for name in same}
    assert written["issuers"][0] == WHOLE["issuers"][0]
    assert [key["publicKey"] for key in written["operators"]["keys"]] == [
        key["publicKey"] for key in WHOLE["operators"]["keys"]
    ]
    asked = WHOLE["contentTypes"][0]["demands"][0]
    assert written["contentTypes"][0]["demands"] == [asked]


def test_an_empty_policy_is_read_back_and_names_nobody() -> None:
    empty = PolicyDocument(1)
    assert parse_policy(empty.encode()) == empty
    assert empty.issuer("") is None
    assert empty.content_type(None) is None


def test_absent_kids_are_thumbprints_and_absent_visibility_is_parties() -> None:
    value = members(PolicyDocument(1))
    pem = policy_for(issuer_of(AGENT)).issuers[0].as_json()
    assert isinstance(pem, dict)
    keys = pem["keys"]
    assert isinstance(keys, list)
    assert isinstance(keys[0], dict)
    value["issuers"] = [{"issuer": "i", "keys": [{"publicKey": keys[0]["publicKey"]}], "roles": []}]
    value["contentTypes"] = [{"contentType": "text/plain"}, {"contentType": 50}]
    policy = parse_policy(encode_json(value))
    assert policy.issuers[0].keys[0].kid == AGENT.public_key.thumbprint
    assert {rule.visibility for rule in policy.content_types} == {Visibility.PARTIES}


def test_no_kid_leads_to_two_keys() -> None:
    crossed = policy_for(
        issuer_of(AGENT, kid=OTHER.public_key.thumbprint), issuer_of(OTHER, "https://o.example", kid=b"o")
    )
    with pytest.raises(MalformedPolicyError):
        parse_policy(crossed.encode())


def test_the_narrower_visibility_shows_less() -> None:
    assert narrower(Visibility.PUBLIC, Visibility.PARTIES) is Visibility.PARTIES
    assert narrower(Visibility.OPERATOR, Visibility.PUBLIC) is Visibility.OPERATOR


def _issuers() -> list[JsonValue]:
    value = members()["issuers"]
    assert isinstance(value, list)
    return value


def _first_issuer(**changes: JsonValue) -> dict[str, JsonValue]:
    first = _issuers()[0]
    assert isinstance(first, dict)
    return {**first, **changes}


def _first_key(**changes: JsonValue) -> JsonValue:
    keys = _first_issuer()["keys"]
    assert isinstance(keys, list)
    assert isinstance(keys[0], dict)
    return [{**keys[0], **changes}]


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": True},
        {"more": 1},
        {"version": 0},
        {"version": True},
        {"version": "1"},
        {"version": 1.5},
        {"issuers": {}},
        {"issuers": [1]},
        {"issuers": [{}]},
        {"issuers": [_first_issuer(more=1)]},
        {"issuers": [_first_issuer(issuer="")]},
        {"issuers": [_first_issuer(issuer="x" * 8193)]},
        {"issuers": [_first_issuer(issuer=5)]},
        {"issuers": [_first_issuer(), _first_issuer()]},
        {"issuers": [_first_issuer(), _first_issuer(issuer="another with the same key")]},
        {"issuers": [_first_issuer(roles="agent")]},
        {"issuers": [_first_issuer(roles=[""])]},
        {"issuers": [_first_issuer(keys="none")]},
        {"issuers": [_first_issuer(keys=[{}])]},
        {"issuers": [_first_issuer(keys=_first_key(publicKey="none"))]},
        {"issuers": [_first_issuer(keys=_first_key(publicKey=5))]},
        {"issuers": [_first_issuer(keys=_first_key(kid=""))]},
        {"issuers": [_first_issuer(keys=_first_key(kid="not base64url!"))]},
        {"issuers": [_first_issuer(keys=_first_key(kid=encode_base64url(bytes(513))))]},
        {"issuers": [_first_issuer(keys=_first_key(private="d"))]},
        {"maxLagSeconds": -1},
        {"maxLagSeconds": True},
        {"maxLagSeconds": 1.5},
        {"maxLagSeconds": 10**10},
        {"refusedFindings": "late"},
        {"refusedFindings": ["tardy"]},
        {"refusedFindings": [1]},
        {"refusedFindings": ["late", "late"]},
        {"algorithms": "ES256"},
        {"algorithms": ["HS256"]},
        {"algorithms": [-7]},
        {"contentTypes": [{}]},
        {"contentTypes": [{"contentType": ""}]},
        {"contentTypes": [{"contentType": True}]},
        {"contentTypes": [{"contentType": "a/b", "visibility": "secret"}]},
        {"contentTypes": [{"contentType": "a/b", "visibility": None}]},
        {"contentTypes": [{"contentType": "a/b", "roles": "agent"}]},
        {"contentTypes": [{"contentType": "a/b"}, {"contentType": "a/b"}]},
        {"maxStatementBytes": 0},
        {"maxStatementBytes": 1 << 40},
        {"clockSkewSeconds": -1},
        {"clockSkewSeconds": 86401},
    ],
    ids="-".join,
)
def test_what_is_no_policy(changes: dict[str, JsonValue]) -> None:
    with pytest.raises(MalformedError):
        parse_policy(encode_json({**members(), **changes}))


@pytest.mark.parametrize("name", sorted(members()))
def test_no_member_may_be_absent(name: str) -> None:
    value = members()
    del value[name]
    with pytest.raises(MalformedError):
        parse_policy(encode_json(value))


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"{", b'{"version":1,"version":2}', b"\xff", b"null"])
def test_what_is_no_document_at_all(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_policy(payload)


def test_an_issuer_named_by_a_did_key_has_that_key_alone() -> None:
    one, two = (generate_private_key(algorithm).public_key for algorithm in ("ES256", "EdDSA"))
    named, other = did_key_of(one), IssuerKey(b"other", two)
    own = IssuerKey(b"own", one)
    document = policy_for(Issuer(named, (own,), frozenset()), Issuer("https://a.example", (other,), frozenset()))
    assert parse_policy(document.encode()) == document
    for keys, pins in (((), ()), ((other,), ()), ((own, other), ()), ((own,), (pin(root()),))):
        with pytest.raises(MalformedPolicyError, match="did:key"):
            parse_policy(policy_for(Issuer(named, keys, frozenset(), pins)).encode())
    with pytest.raises(MalformedDidError):
        parse_policy(policy_for(Issuer(f"{named}1", (own,), frozenset())).encode())
