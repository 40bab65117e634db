"""The difference of two policies: by meaning, each change once, in one order."""

from dataclasses import replace
from hashlib import sha256

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.anchors import Approved, Operators, Replaced, Root
from counterfoil.policy.demand import Demand
from counterfoil.policy.difference import Change, ChangeKind, policy_difference
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import StatementHash
from tests.policies import PINS

ENTRY_ID = StatementHash(b"\x5a" * 32)
KEYS = [generate_private_key("ES256").public_key for _ in range(3)]
A, B = "https://a.example", "https://b.example"


def issuer(name: str, *numbers: int, roles: str = "", kid: bytes | None = None) -> Issuer:
    keys = (IssuerKey(KEYS[n].thumbprint if kid is None else kid, KEYS[n]) for n in numbers)
    return Issuer(name, tuple(keys), frozenset(roles.split()))


def rule(content_type: str | int, roles: str = "", visibility: Visibility = Visibility.PARTIES) -> ContentTypeRule:
    return ContentTypeRule(content_type, visibility, frozenset(roles.split()))


OLD_50 = rule(50, "agent")
OLD = PolicyDocument(
    2,
    issuers=(issuer(A, 0, roles="agent"), issuer(B, 1)),
    algorithms=frozenset({"ES256", "EdDSA"}),
    content_types=(rule("a/b"), OLD_50),
    refused_findings=frozenset({Finding.LATE}),
)


def hexed(number: int) -> str:
    return KEYS[number].thumbprint.hex()


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (OLD, []),
        (replace(OLD, issuers=OLD.issuers[::-1], content_types=OLD.content_types[::-1]), []),
        (replace(OLD, version=3), [(ChangeKind.VERSION, None, 2, 3)]),
        (
            replace(OLD, issuers=(*OLD.issuers, issuer("c", 2, roles="x"))),
            [
                (ChangeKind.ISSUER_ADDED, "c", None, "c"),
                (ChangeKind.KEY_ADDED, "c", None, hexed(2)),
                (ChangeKind.ROLE_ADDED, "c", None, "x"),
            ],
        ),
        (
            replace(OLD, issuers=OLD.issuers[1:]),
            [
                (ChangeKind.ISSUER_REMOVED, A, A, None),
                (ChangeKind.KEY_REMOVED, A, hexed(0), None),
                (ChangeKind.ROLE_REMOVED, A, "agent", None),
            ],
        ),
        (
            replace(OLD, issuers=(issuer(A, 1, roles="agent"), issuer(B, 0))),
            [
                (ChangeKind.KEY_ADDED, A, None, hexed(1)),
                (ChangeKind.KEY_REMOVED, A, hexed(0), None),
                (ChangeKind.KEY_ADDED, B, None, hexed(0)),
                (ChangeKind.KEY_REMOVED, B, hexed(1), None),
            ],
        ),
        (
            replace(OLD, issuers=(OLD.issuers[0], issuer(B, 1, kid=b"k"))),
            [(ChangeKind.KID, B, encode_base64url(KEYS[1].thumbprint), "aw")],
        ),
        (
            replace(OLD, issuers=(issuer(A, 0, roles="runtime"), OLD.issuers[1])),
            [(ChangeKind.ROLE_ADDED, A, None, "runtime"), (ChangeKind.ROLE_REMOVED, A, "agent", None)],
        ),
        (
            replace(OLD, algorithms=frozenset({"ES256", "PS256"})),
            [(ChangeKind.ALGORITHM_ADDED, None, None, "PS256"), (ChangeKind.ALGORITHM_REMOVED, None, "EdDSA", None)],
        ),
        (
            replace(OLD, content_types=(rule("a/b", visibility=Visibility.PUBLIC), rule(50))),
            [
                (ChangeKind.VISIBILITY, "a/b", "parties", "public"),
                (ChangeKind.CONTENT_TYPE_ROLES, 50, ["agent"], []),
            ],
        ),
        (
            replace(OLD, content_types=(rule("50", "agent"), rule("a/b"))),
            [
                (ChangeKind.CONTENT_TYPE_ADDED, "50", None, rule("50", "agent").as_json()),
                (ChangeKind.CONTENT_TYPE_REMOVED, 50, rule(50, "agent").as_json(), None),
            ],
        ),
        (
            replace(OLD, max_statement_bytes=1, clock_skew_seconds=0, max_lag_seconds=0),
            [
                (ChangeKind.MAX_STATEMENT_BYTES, None, 1 << 20, 1),
                (ChangeKind.CLOCK_SKEW_SECONDS, None, 300, 0),
                (ChangeKind.MAX_LAG_SECONDS, None, 300, 0),
            ],
        ),
        (
            replace(OLD, refused_findings=frozenset({Finding.REPEATED})),
            [(ChangeKind.FINDING_REFUSED, None, None, "repeated"), (ChangeKind.FINDING_ADMITTED, None, "late", None)],
        ),
        (
            replace(OLD, issuers=(replace(OLD.issuers[0], pins=tuple(PINS)), OLD.issuers[1])),
            [(ChangeKind.PIN_ADDED, A, None, PINS[0]), (ChangeKind.PIN_ADDED, A, None, PINS[1])],
        ),
        (
            replace(OLD, roots=(Root(b"r", needs_crl=True), Root(b"s"))),
            [
                (ChangeKind.ROOT_ADDED, None, None, sha256(b"s").hexdigest()),
                (ChangeKind.ROOT_ADDED, None, None, sha256(b"r").hexdigest()),
                (ChangeKind.NEEDS_CRL, sha256(b"r").hexdigest(), False, True),
            ],
        ),
        (
            replace(OLD, operators=Operators(tuple(KEYS[:2]), 2)),
            [
                *((ChangeKind.OPERATOR_ADDED, None, None, thumbprint) for thumbprint in sorted(map(hexed, (0, 1)))),
                (ChangeKind.APPROVALS, None, 1, 2),
            ],
        ),
        (
            replace(OLD, replaces=Replaced(7, ENTRY_ID), approved=Approved(ENTRY_ID, (8, 9))),
            [
                (ChangeKind.REPLACES, None, None, {"entry": 7, "entryId": "5a" * 32}),
                (ChangeKind.APPROVED, None, None, {"proposal": "5a" * 32, "entries": [8, 9]}),
            ],
        ),
        (
            replace(
                OLD, content_types=(replace(rule("a/b"), demands=(Demand(), Demand(clock_skew_seconds=5))), OLD_50)
            ),
            [(ChangeKind.DEMAND_ADDED, "a/b", None, {"roles": [], "clockSkewSeconds": 5})],
        ),
    ],
)
def test_each_change_is_told_once(
    new: PolicyDocument, changes: list[tuple[ChangeKind, object, object, object]]
) -> None:
    found = policy_difference(OLD, new)
    assert [(one.kind, one.about, one.old, one.new) for one in found] == changes


def test_demands_are_told_by_role() -> None:
    def demanding(*demands: Demand) -> PolicyDocument:
        return replace(OLD, content_types=(replace(rule("a/b"), demands=demands), OLD_50))

    def told(one: PolicyDocument, other: PolicyDocument) -> list[tuple[ChangeKind, JsonValue, JsonValue]]:
        assert {change.about for change in policy_difference(one, other)} <= {"a/b"}
        return [(change.kind, change.old, change.new) for change in policy_difference(one, other)]

    x, y, both = frozenset("x"), frozenset("y"), frozenset("xy")
    old = demanding(Demand(both, max_statement_bytes=9), Demand(x, clock_skew_seconds=1))
    same = demanding(Demand(x, clock_skew_seconds=1, max_statement_bytes=9), Demand(y, max_statement_bytes=9))
    assert told(old, same) == []
    new = demanding(Demand(max_statement_bytes=9), Demand(x, clock_skew_seconds=2))
    assert told(old, new) == [
        (ChangeKind.DEMAND_ADDED, None, {"roles": [], "maxStatementBytes": 9}),
        (
            ChangeKind.DEMAND,
            {"roles": ["x"], "clockSkewSeconds": 1, "maxStatementBytes": 9},
            {"roles": ["x"], "clockSkewSeconds": 2},
        ),
        (ChangeKind.DEMAND_REMOVED, {"roles": ["y"], "maxStatementBytes": 9}, None),
    ]


def test_a_root_whose_lists_are_not_asked_for_any_more_is_told() -> None:
    strict, lenient = (replace(OLD, roots=(Root(b"r", needs_crl=needs),)) for needs in (True, False))
    assert [(one.kind, one.old, one.new) for one in policy_difference(strict, lenient)] == [
        (ChangeKind.NEEDS_CRL, True, False)
    ]
    assert [one.kind for one in policy_difference(strict, OLD)] == [ChangeKind.ROOT_REMOVED, ChangeKind.NEEDS_CRL]


def test_the_order_of_operators_pins_and_roots_means_nothing() -> None:
    one = replace(
        OLD,
        issuers=(replace(OLD.issuers[0], pins=tuple(PINS)),),
        roots=(Root(b"r"), Root(b"s")),
        operators=Operators(tuple(KEYS), 2),
    )
    other = replace(
        one,
        issuers=(replace(OLD.issuers[0], pins=tuple(PINS[::-1])),),
        roots=one.roots[::-1],
        operators=Operators(tuple(KEYS[::-1]), 2),
    )
    assert policy_difference(one, other) == ()


def test_the_way_back_tells_the_same_with_old_and_new_exchanged() -> None:
    new = PolicyDocument(9, issuers=(issuer(B, 0, 2, roles="x y"), issuer("c", 1)), content_types=(rule(50, "x"),))

    def turned(changes: tuple[Change, ...]) -> set[tuple[object, str, str]]:
        return {(one.about, repr(one.new), repr(one.old)) for one in changes}

    there, back = policy_difference(OLD, new), policy_difference(new, OLD)
    assert turned(there) == {(about, old, new_) for about, new_, old in turned(back)}
    assert len(there) == len(back) > 10


def test_the_order_of_a_document_means_nothing_and_the_order_of_changes_is_one() -> None:
    many = PolicyDocument(
        3,
        issuers=tuple(issuer(f"i{n}", roles=f"r{n}") for n in range(20)),
        content_types=tuple(rule(one) for one in (*range(12), *map(str, range(12)))),
    )
    shuffled = replace(
        many,
        issuers=many.issuers[7::-1] + many.issuers[8:],
        content_types=many.content_types[5:] + many.content_types[:5],
    )
    assert policy_difference(many, shuffled) == ()
    assert policy_difference(OLD, many) == policy_difference(OLD, shuffled)
    types = [one.about for one in policy_difference(OLD, many) if one.kind is ChangeKind.CONTENT_TYPE_ADDED]
    assert types == [*sorted(map(str, range(12))), *range(12)]
