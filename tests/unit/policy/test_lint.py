"""Linting: every mistake with its place, no other opinion than reading has, and each warning alone."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.chain.findings import Finding
from counterfoil.cose.keys import parse_public_key_pem, public_key_pem
from counterfoil.cose.public_key import public_key_of
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.policy.anchors import Operators, Root
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.lint import lint_policy
from counterfoil.policy.parse import MAX_POLICY_BYTES
from counterfoil.policy.remark import Severity
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE
from tests.dids import did_key_of
from tests.json_mutations import places
from tests.policies import OPERATOR_ROOT, OPERATORS, PEMS, PINS, ROOTS, WHOLE, is_read, is_sound, mutate, whole

EC, ED = generate_private_key("ES256").public_key, generate_private_key("EdDSA").public_key


def agent(key: Any = EC, *roles: str, name: str = "https://a.example") -> Issuer:
    return Issuer(name, (IssuerKey(key.thumbprint, key),), frozenset(roles))


def rule(content_type: str | int, *roles: str, visibility: Visibility = Visibility.PARTIES) -> ContentTypeRule:
    return ContentTypeRule(content_type, visibility, frozenset(roles))


SOUND = PolicyDocument(
    2,
    issuers=(agent(EC, "agent"), agent(ED, "agent", "platform", name="https://b.example")),
    algorithms=frozenset({"ES256", "EdDSA"}),
    content_types=(rule("application/json"), rule(TRACE_EVENT_CONTENT_TYPE)),
)
APART = replace(
    SOUND,
    issuers=(agent(EC, "x"), agent(ED, "y", name="https://b.example")),
    content_types=(rule("a/x", "x"), rule("a/y", "y")),
)


def said(policy: PolicyDocument) -> set[tuple[str, str]]:
    remarks = lint_policy(policy.encode())
    assert {one.severity for one in remarks} <= {Severity.WARNING}
    return {(one.code, one.path) for one in remarks}


def mistakes(members: Any) -> list[tuple[str, str]]:
    payload = members if isinstance(members, bytes) else encode_json(members)
    remarks = lint_policy(payload)
    assert [one.severity for one in remarks] == sorted(one.severity for one in remarks)
    return [(one.code, one.path) for one in remarks if one.severity is Severity.ERROR]


def test_nothing_is_said_of_a_sound_policy() -> None:
    assert lint_policy(SOUND.encode()) == ()


def test_every_mistake_is_said_with_its_place() -> None:
    broken = whole(format=2, version=0, algorithms=["HS256", 5], maxStatementBytes=None, more=1)
    broken["issuers"][0] |= {"issuer": "", "roles": ["agent", ""]}
    broken["issuers"][0]["keys"] = [{"kid": "=", "publicKey": "none", "private": "d"}, {"kid": "YQ"}, 7]
    broken["issuers"][1]["keys"] = {}
    broken["contentTypes"] = [{"contentType": True, "visibility": "secret", "roles": "x"}, {}]
    del broken["clockSkewSeconds"]
    broken |= {"maxLagSeconds": -1, "refusedFindings": ["tardy", "late", "late"]}
    assert sorted(path for _, path in mistakes(broken)) == sorted([
        "format", "version", "algorithms[0]", "algorithms[1]", "maxStatementBytes", "more",
        "issuers[0].issuer", "issuers[0].roles[1]",
        "issuers[0].keys[0].kid", "issuers[0].keys[0].publicKey", "issuers[0].keys[0].private",
        "issuers[0].keys[1].publicKey", "issuers[0].keys[2]",
        "issuers[1].keys",
        "contentTypes[0].contentType", "contentTypes[0].visibility", "contentTypes[0].roles",
        "contentTypes[1].contentType",
        "clockSkewSeconds", "maxLagSeconds", "refusedFindings[0]", "refusedFindings[2]",
    ])  # fmt: skip


def test_every_mistake_in_the_anchors_is_said_with_its_place() -> None:
    pem = public_key_pem(OPERATORS[0])
    keys: list[Any] = [{"kid": "YQ", "publicKey": pem}, {"publicKey": pem}, {"publicKey": "none"}, 7]
    broken = whole(
        roots=[{"certificate": "YQ", "needsCrl": 1}, {}, *([{"certificate": ROOTS[0]}] * 2)],
        operators={"approvals": 5, "keys": keys, "more": 1},
        replaces={"entry": -1, "entryId": "5A" * 32},
        approved={"proposal": "5a" * 31, "entries": [3, 2]},
    )
    broken["issuers"][0]["x509"] = [PINS[0], 5, PINS[0]]
    broken["issuers"][1]["x509"] = PINS
    assert sorted(mistakes(broken)) == sorted([
        ("malformed-policy", "issuers[0].x509[1]"), ("malformed-policy", "issuers[0].x509[2]"),
        ("malformed-certificate", "roots[0].certificate"), ("malformed-policy", "roots[0].needsCrl"),
        ("malformed-policy", "roots[1].certificate"), ("malformed-policy", "roots[3].certificate"),
        ("malformed-policy", "operators"), ("malformed-policy", "operators.more"),
        ("malformed-policy", "operators.keys[0].kid"), ("malformed-policy", "operators.keys[1]"),
        ("malformed-key", "operators.keys[2].publicKey"), ("malformed-policy", "operators.keys[3]"),
        ("malformed-policy", "replaces.entry"), ("malformed-policy", "replaces.entryId"),
        ("malformed-policy", "approved.proposal"), ("malformed-policy", "approved.entries"),
    ])  # fmt: skip


def test_every_mistake_in_a_demand_is_said_with_its_place() -> None:
    wrong = {
        "roles": [""], "requiredClaims": ["sub", 6], "attestation": "measured", "clockSkewSeconds": 86401,
        "maxStatementBytes": 0, "refusedFindings": ["tardy"], "visibility": "public",
    }  # fmt: skip
    broken = whole(contentTypes=[{"contentType": "a/b", "demands": [wrong, {}, 1]}])
    assert {code for code, _ in mistakes(broken)} == {"malformed-policy"}
    assert sorted(path.removeprefix("contentTypes[0].demands") for _, path in mistakes(broken)) == sorted([
        "[0].roles[0]", "[0].requiredClaims[0]", "[0].requiredClaims[1]", "[0].attestation", "[0].clockSkewSeconds",
        "[0].maxStatementBytes", "[0].refusedFindings[0]", "[0].visibility", "[1].roles", "[2]",
    ])  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"approved": {**WHOLE["approved"], "entries": []}},
        {"approved": {**WHOLE["approved"], "entries": list(range(129))}},
        {"approved": {**WHOLE["approved"], "entries": [7, 7]}},
        {"operators": {"approvals": 1, "keys": []}},
        {"operators": {**WHOLE["operators"], "approvals": 4}},
        {"operators": None},
        {"replaces": None},
        {"approved": None},
        {"roots": None},
        {"contentTypes": [{"contentType": "a/b", "demands": [{"roles": [], "clockSkewSeconds": None}]}]},
        {"contentTypes": [{"contentType": "a/b", "demands": [{"roles": [], "maxStatementBytes": None}]}]},
    ],
)
def test_what_an_anchor_or_a_demand_cannot_be_is_one_mistake(changes: dict[str, Any]) -> None:
    assert not is_read(whole(**changes))
    assert len(mistakes(whole(**changes))) == 1


def test_what_stands_twice_is_said_of_the_second() -> None:
    first = whole()["issuers"][0]
    other_name = {**first, "issuer": "https://c.example"}
    crossed = {"issuer": "d", "keys": [{"kid": encode_base64url(EC.thumbprint), "publicKey": PEMS[1]}], "roles": []}
    pem = EC.material.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    victim = {"issuer": "e", "keys": [{"publicKey": pem.decode()}], "roles": []}
    assert mistakes(whole(issuers=[first, first])) == [
        ("malformed-policy", "issuers[1].issuer"),
        ("malformed-policy", "issuers[1].keys[0]"),
    ]
    assert mistakes(whole(issuers=[first, other_name])) == [("malformed-policy", "issuers[1].keys[0]")]
    assert mistakes(whole(issuers=[crossed, victim])) == [("malformed-policy", "issuers[1].keys[0]")]
    same_kid = {**first, "issuer": "f", "keys": [{"kid": "YQ", "publicKey": PEMS[1]}]}
    assert mistakes(whole(issuers=[first, same_kid])) == [("malformed-policy", "issuers[1].keys[0]")]
    assert mistakes(whole(contentTypes=[{"contentType": "a/b"}] * 3)) == [
        ("malformed-policy", "contentTypes[1].contentType"),
        ("malformed-policy", "contentTypes[2].contentType"),
    ]
    assert mistakes(whole(contentTypes=[{"contentType": "50"}, {"contentType": 50}])) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "malformed-json"),
        (b"\xff", "malformed-json"),
        (b'{"version":1,"version":2}', "duplicate-key"),
        (b" " * (MAX_POLICY_BYTES + 1), "too-large"),
        (b"[]", "malformed-policy"),
        (b"null", "malformed-policy"),
    ],
)
def test_what_is_no_document_is_one_mistake(payload: bytes, code: str) -> None:
    assert mistakes(payload) == [(code, "")]


def test_a_content_type_of_the_logs_own_is_a_mistake_although_it_is_read() -> None:
    own = whole(contentTypes=[{"contentType": "application/vnd.counterfoil.page+cbor"}])
    assert is_read(own)
    assert mistakes(own) == [("policy-unsafe", "contentTypes[0].contentType")]


def test_the_key_of_an_operator_is_nobody_elses() -> None:
    keys = [{"kid": encode_base64url(OPERATORS[1].thumbprint), "publicKey": PEMS[0]}]
    named = whole(roots=[{"certificate": OPERATOR_ROOT}])
    named["issuers"][1] = {"issuer": "https://b.example", "keys": keys, "roles": []}
    named["issuers"][0]["keys"] = [{"publicKey": public_key_pem(OPERATORS[2])}]
    assert is_read(named)
    assert not is_sound(named)
    assert mistakes(named) == [("policy-unsafe", f"operators.keys[{at}]") for at in range(3)]


def test_the_first_policy_follows_none_and_has_the_operator_of_the_genesis_statement() -> None:
    names = ("operators", "replaces", "approved")
    assert mistakes(whole(version=1)) == [("policy-unsafe", name) for name in names]
    first = {name: value for name, value in whole(version=1).items() if name not in names}
    assert mistakes(first) == []
    assert [is_read(one) and is_sound(one) for one in (first, whole(version=1))] == [True, False]


def test_an_issuer_named_by_its_key_has_that_one_alone() -> None:
    key = {"publicKey": PEMS[1]}
    name = did_key_of(parse_public_key_pem(PEMS[1]))
    named = {"issuer": name, "keys": [key], "roles": []}
    assert mistakes(whole(issuers=[named])) == []
    for issuer, code in (
        ({**named, "keys": []}, "malformed-policy"),
        ({**named, "keys": [{"publicKey": PEMS[0]}]}, "malformed-policy"),
        ({**named, "keys": [key, {"publicKey": PEMS[0]}]}, "malformed-policy"),
        ({**named, "x509": PINS}, "malformed-policy"),
        ({**named, "issuer": f"{name}!"}, "malformed-did"),
        ({"issuer": "did:x509:0:sha256", "keys": [], "roles": [], "x509": PINS}, "malformed-did"),
    ):
        assert not is_read(whole(issuers=[issuer]))
        assert mistakes(whole(issuers=[issuer])) == [(code, "issuers[0].issuer")]


def test_a_document_whose_canonical_form_is_too_large_is_a_mistake() -> None:
    names = [{"contentType": f"t/{n}"} for n in range(MAX_POLICY_BYTES // 40)]
    payload = json.dumps(whole(contentTypes=names), separators=(",", ":")).encode()
    assert len(payload) < MAX_POLICY_BYTES
    assert mistakes(payload) == [("too-large", "")]


@pytest.mark.parametrize("name", ["a b", "", "é", "1", 'q"', "x" * 5000, "\u202e"])
def test_a_member_of_any_name_has_a_place(name: str) -> None:
    ((code, path),) = mistakes(whole(**{name: 1}))
    assert code == "malformed-policy"
    assert 1 <= len(path) < 80
    assert path != ""


@given(st.integers(1, 3), st.data())
def test_linting_finds_a_mistake_exactly_where_reading_or_safety_refuses(times: int, data: st.DataObject) -> None:
    members = whole()
    for _ in range(times):
        if members:
            mutate(members, data)
    members = json.loads(encode_json(members))
    assert bool(mistakes(members)) != is_sound(members)


def test_linting_and_reading_agree_about_each_member_that_is_gone_or_null() -> None:
    for at in range(len(list(places(whole())))):
        for change in ("gone", "null"):
            members = whole()
            container, key = list(places(members))[at]
            if change == "gone":
                del container[key]
            else:
                container[key] = None
            assert bool(mistakes(members)) != is_sound(members), (change, key)


def test_mistakes_leave_no_room_for_warnings_about_the_whole() -> None:
    remarks = lint_policy(encode_json(whole(version=2**53 - 1, issuers=[], algorithms=["HS256"])))
    assert [one.code for one in remarks] == ["malformed-policy"]


@pytest.mark.parametrize(
    ("policy", "warnings"),
    [
        (replace(SOUND, version=1), {("version-first", "version")}),
        (replace(SOUND, version=2**53 - 1), {("version-last", "version")}),
        (replace(SOUND, issuers=()), {("no-issuers", "issuers")}),
        (
            replace(SOUND, issuers=(*SOUND.issuers, Issuer("c", (), frozenset({"agent"})))),
            {("issuer-without-keys", "issuers[2].keys")},
        ),
        (
            replace(SOUND, issuers=(agent(EC, "agent", "boss"), SOUND.issuers[1])),
            {("role-unused", "issuers[0].roles")},
        ),
        (
            replace(SOUND, content_types=(rule("a/b"),)),
            {("role-unused", "issuers[0].roles"), ("role-unused", "issuers[1].roles")},
        ),
        (
            replace(SOUND, content_types=(*SOUND.content_types, rule("a/b", "agent", "judge"))),
            {("role-unheld", "contentTypes[2].roles")},
        ),
        (
            replace(SOUND, content_types=(*SOUND.content_types, rule("a/b", "judge"))),
            {("role-unheld", "contentTypes[2].roles"), ("content-type-closed", "contentTypes[2]")},
        ),
        (
            replace(SOUND, content_types=(rule("application/json"), rule(70000))),
            {
                ("content-type-impossible", "contentTypes[1].contentType"),
                ("role-unused", "issuers[0].roles"),
                ("role-unused", "issuers[1].roles"),
            },
        ),
        (replace(SOUND, algorithms=SOUND.algorithms | {"PS256"}), {("algorithm-unused", "algorithms")}),
        (replace(SOUND, algorithms=frozenset({"ES256"})), {("key-unusable", "issuers[1].keys[0]")}),
        (
            replace(SOUND, algorithms=frozenset()),
            {
                ("key-unusable", "issuers[0].keys[0]"),
                ("key-unusable", "issuers[1].keys[0]"),
                ("content-type-closed", "contentTypes[0]"),
                ("content-type-closed", "contentTypes[1]"),
            },
        ),
        (APART, {("issuer-apart", "issuers[0]"), ("issuer-apart", "issuers[1]")}),
        (replace(APART, content_types=(*APART.content_types, rule("a/z"))), set()),
        (replace(APART, content_types=(*APART.content_types, rule("a/z", "x", "y"))), set()),
        (
            replace(APART, issuers=APART.issuers[:1], content_types=APART.content_types[:1]),
            {("algorithm-unused", "algorithms")},
        ),
        (
            replace(APART, content_types=(rule("a/x", "x"),)),
            {("issuer-shut-out", "issuers[1]"), ("role-unused", "issuers[1].roles"), ("issuer-apart", "issuers[0]")},
        ),
        (
            replace(SOUND, content_types=(rule(TRACE_EVENT_CONTENT_TYPE, visibility=Visibility.PUBLIC),)),
            {("trace-events-public", "contentTypes[0].visibility")},
        ),
        (replace(SOUND, content_types=(*SOUND.content_types, rule("a/b", visibility=Visibility.PUBLIC))), set()),
        (
            replace(SOUND, issuers=(agent(EC), agent(ED, name="https://b.example"))),
            {("trace-events-unwritten", "contentTypes[1]")},
        ),
        (
            replace(
                SOUND,
                issuers=(agent(EC, "writer"), agent(ED, "agent", "writer", name="https://b.example")),
                content_types=(rule(TRACE_EVENT_CONTENT_TYPE, "writer"),),
            ),
            set(),
        ),
        (
            replace(
                SOUND,
                issuers=(agent(EC, "writer"), agent(ED, "agent", name="https://b.example")),
                content_types=(rule(TRACE_EVENT_CONTENT_TYPE, "writer"), rule("a/b")),
            ),
            {("trace-events-unwritten", "contentTypes[0]")},
        ),
    ],
)
def test_each_warning_alone(policy: PolicyDocument, warnings: set[tuple[str, str]]) -> None:
    assert said(policy) == warnings


CERTIFIED = replace(
    SOUND,
    issuers=(*SOUND.issuers, Issuer("https://c.example", (), frozenset({"agent"}), (PINS[0],))),
    roots=(Root(decode_base64url(ROOTS[0])),),
)
"""An issuer whose keys are in certificates."""


@pytest.mark.parametrize(
    ("policy", "warnings"),
    [
        (CERTIFIED, set()),
        (replace(CERTIFIED, algorithms=CERTIFIED.algorithms | {"PS256"}), set()),
        (replace(CERTIFIED, roots=()), {("pins-without-roots", "issuers[2].x509")}),
        (replace(CERTIFIED, issuers=SOUND.issuers), {("roots-unused", "roots")}),
        (
            replace(CERTIFIED, issuers=CERTIFIED.issuers[2:], algorithms=frozenset()),
            {("content-type-closed", "contentTypes[0]"), ("content-type-closed", "contentTypes[1]")},
        ),
        (
            replace(CERTIFIED, issuers=CERTIFIED.issuers[2:], content_types=(rule("a/b", "judge"),)),
            {
                ("role-unheld", "contentTypes[0].roles"),
                ("content-type-closed", "contentTypes[0]"),
                ("role-unused", "issuers[0].roles"),
                ("issuer-shut-out", "issuers[0]"),
            },
        ),
        (
            replace(CERTIFIED, issuers=CERTIFIED.issuers[2:], roots=(), content_types=(rule("a/b", "agent"),)),
            {
                ("pins-without-roots", "issuers[0].x509"),
                ("content-type-closed", "contentTypes[0]"),
                ("algorithm-unused", "algorithms"),
            },
        ),
        (
            replace(CERTIFIED, issuers=(Issuer("c", (), frozenset({"agent"})),), content_types=(rule("a/b", "agent"),)),
            {
                ("issuer-without-keys", "issuers[0].keys"),
                ("content-type-closed", "contentTypes[0]"),
                ("algorithm-unused", "algorithms"),
                ("roots-unused", "roots"),
            },
        ),
        (replace(CERTIFIED, issuers=()), {("no-issuers", "issuers")}),
        (replace(SOUND, operators=Operators(tuple(OPERATORS[:1]), 1)), set()),
        (replace(SOUND, operators=Operators(tuple(OPERATORS), 2)), set()),
        (replace(SOUND, operators=Operators(tuple(OPERATORS), 3)), {("operators-all", "operators.approvals")}),
        (
            replace(SOUND, issuers=(), operators=Operators(tuple(OPERATORS), 3)),
            {("no-issuers", "issuers"), ("operators-all", "operators.approvals")},
        ),
    ],
)
def test_each_warning_about_anchors_alone(policy: PolicyDocument, warnings: set[tuple[str, str]]) -> None:
    assert said(policy) == warnings


STRICT = Demand(clock_skew_seconds=300, max_statement_bytes=SOUND.max_statement_bytes)


def demanding(*demands: Demand, at: int = 0, roles: str = "", **changes: Any) -> PolicyDocument:
    """Sound, but for what is demanded of statements of a content type."""
    types = list(SOUND.content_types)
    types[at] = replace(types[at], demands=demands, roles=frozenset(roles.split()))
    return replace(SOUND, content_types=tuple(types), **changes)


@pytest.mark.parametrize(
    ("policy", "warnings"),
    [
        (demanding(STRICT, replace(STRICT, roles=frozenset({"agent"}))), set()),
        (demanding(replace(STRICT, roles=frozenset({"judge"}))), {("role-unheld", "[0].roles")}),
        (demanding(STRICT, replace(STRICT, roles=frozenset({"platform"})), roles="platform"), set()),
        # Who holds agent and platform registers it in both; who holds agent alone does not register it.
        (demanding(replace(STRICT, roles=frozenset({"agent"})), roles="platform"), set()),
        (demanding(Demand(frozenset({"agent"}))), {("demand-empty", "[0]")}),
        (demanding(Demand(clock_skew_seconds=301)), {("demand-looser", "[0].clockSkewSeconds")}),
        (
            demanding(Demand(max_statement_bytes=SOUND.max_statement_bytes + 1)),
            {("demand-looser", "[0].maxStatementBytes")},
        ),
        (
            demanding(Demand(refused_findings=frozenset(Finding)), refused_findings=frozenset({Finding.LATE})),
            {("stands-twice", "[0].refusedFindings")},
        ),
        (demanding(Demand(refused_findings=frozenset({Finding.LATE}))), set()),
        (demanding(Demand(required_claims=frozenset({RequiredClaim.EXPIRES}))), set()),
    ],
)
def test_each_warning_about_demands_alone(policy: PolicyDocument, warnings: set[tuple[str, str]]) -> None:
    assert {(code, path.removeprefix("contentTypes[0].demands")) for code, path in said(policy)} == warnings


def test_a_demand_on_whom_no_role_makes_register_is_idle() -> None:
    boss = agent(OPERATORS[0], "boss", name="https://c.example")
    asked = replace(STRICT, roles=frozenset({"boss", "agent"}))
    assert said(demanding(asked, roles="agent", issuers=(*SOUND.issuers, boss))) == {
        ("demand-idle", "contentTypes[0].demands[0].roles"),
    }
    # Nobody writes a trace event as boss, whoever holds that role.
    assert said(demanding(asked, at=1, issuers=(*SOUND.issuers, boss))) == {
        ("demand-idle", "contentTypes[1].demands[0].roles")
    }
    # Who cannot sign does not register either.
    unable = replace(boss, keys=(), roles=frozenset({"agent", "boss"}))
    for roles in ("", "agent"):
        assert said(demanding(asked, roles=roles, issuers=(*SOUND.issuers, unable))) == {
            ("issuer-without-keys", "issuers[2].keys"),
            ("demand-idle", "contentTypes[0].demands[0].roles"),
        }


def test_of_a_content_type_that_is_closed_no_demand_is_idle() -> None:
    closed = demanding(replace(STRICT, roles=frozenset({"agent"})), roles="judge")
    assert said(closed) == {("role-unheld", "contentTypes[0].roles"), ("content-type-closed", "contentTypes[0]")}


@pytest.mark.parametrize(
    ("bits", "exponent", "codes"),
    [
        (3072, 65537, []),
        (2048, 65537, ["key-weak"]),
        (1024, 65537, ["key-unusable", "key-weak"]),
        (3072, 3, ["key-weak"]),
    ],
)
def test_a_weak_key(bits: int, exponent: int, codes: list[str]) -> None:
    # Nobody has the private key; for its size and its exponent none is needed.
    key = public_key_of(rsa.RSAPublicNumbers(exponent, (1 << bits) - 1).public_key())
    policy = replace(
        SOUND,
        issuers=(*SOUND.issuers, agent(key, "agent", name="https://c.example")),
        algorithms=SOUND.algorithms | ({"PS256"} if bits > 1024 else set()),
    )
    assert sorted(said(policy)) == [(code, "issuers[2].keys[0]") for code in codes]
    operating = replace(SOUND, operators=Operators((key,), 1))
    assert said(operating) == {(code, "operators.keys[0]") for code in codes if code == "key-weak"}


def test_words_that_stand_twice_are_warned_of_where_they_do_it_again() -> None:
    members = whole(algorithms=["ES256", "EdDSA", "ES256"])
    members["issuers"][0]["roles"] = ["agent", "agent"]
    found = {(one.code, one.path) for one in lint_policy(encode_json(members))}
    assert found == {("stands-twice", "algorithms[2]"), ("stands-twice", "issuers[0].roles[1]")}
