"""Demands: whom they concern, what they come to together, and that none asks for less than the policy."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.chain.findings import Finding
from counterfoil.cose import labels
from counterfoil.errors import CounterfoilError, RequiredClaimMissingError, StatementTooLargeError
from counterfoil.policy.asked import Asked
from counterfoil.policy.decision import Decision
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.demands import asked_of, concerning, demands_by_role, require_met
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, EventType
from tests.builders import CONTENT_TYPE, ORIGIN, START, issuer_of, policy_for, sign_statement
from tests.trace_events import ROOT, event_payload

AGENT = generate_private_key("ES256")
IDENTITY = parse_origin(ORIGIN)
GENESIS = Genesis(IDENTITY, {purpose: generate_private_key("ES256").public_key for purpose in KeyPurpose})
POLICY = replace(policy_for(issuer_of(AGENT, roles=("agent", "platform"))), refused_findings=frozenset({Finding.LATE}))
NUMBER = {
    RequiredClaim.AUDIENCE: labels.CWT_AUD,
    RequiredClaim.EXPIRES: labels.CWT_EXP,
    RequiredClaim.NOT_BEFORE: labels.CWT_NBF,
    RequiredClaim.ISSUED_AT: labels.CWT_IAT,
}
VALUE: dict[RequiredClaim, str | int] = {
    RequiredClaim.AUDIENCE: ORIGIN,
    RequiredClaim.EXPIRES: START + 60,
    RequiredClaim.NOT_BEFORE: START,
    RequiredClaim.ISSUED_AT: START,
}


def demanding(*demands: Demand, content_type: str | int = CONTENT_TYPE) -> PolicyDocument:
    others = (one for one in POLICY.content_types if one.content_type != content_type)
    rule = ContentTypeRule(content_type, Visibility.PARTIES, frozenset(), demands)
    return replace(POLICY, content_types=(*others, rule))


def decide(data: bytes, policy: PolicyDocument) -> Decision:
    return admit(parse_signed_statement(data), Rules(GENESIS, policy, 7, 9), START).decision


def having(*claims: RequiredClaim) -> bytes:
    """A statement with these claims and no others but iss and sub."""
    return sign_statement(AGENT, claims={NUMBER[one]: VALUE[one] if one in claims else None for one in RequiredClaim})


def roles(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("acting", "concerned"),
    [
        (roles(), [0]),
        (roles("agent"), [0, 1, 2]),
        (roles("runtime"), [0, 2]),
        (roles("platform"), [0, 3]),
        (roles("platform", "agent"), [0, 1, 2, 3]),
        (roles("arbitrator"), [0]),
    ],
)
def test_a_demand_concerns_who_acts_in_one_of_its_roles(acting: frozenset[str], concerned: list[int]) -> None:
    demands = (Demand(), Demand(roles("agent")), Demand(roles("agent", "runtime")), Demand(roles("platform")))
    rule = ContentTypeRule(CONTENT_TYPE, Visibility.PARTIES, frozenset(), demands)
    assert concerning(rule, acting) == tuple(demands[at] for at in concerned)


def test_without_demands_what_is_asked_is_what_the_policy_asks() -> None:
    assert asked_of(POLICY, ()) == Asked(frozenset(), 300, POLICY.max_statement_bytes, frozenset({Finding.LATE}))
    assert asked_of(POLICY, (Demand(),)) == asked_of(POLICY, ())


NUMBERS = st.none() | st.integers(0, 600)
DEMANDS = st.builds(
    Demand,
    required_claims=st.frozensets(st.sampled_from(RequiredClaim)),
    clock_skew_seconds=NUMBERS,
    max_statement_bytes=NUMBERS,
    refused_findings=st.frozensets(st.sampled_from(Finding)),
)


@settings(deadline=None)
@given(st.lists(DEMANDS, max_size=4), DEMANDS, st.integers(0, 4))
def test_another_demand_never_asks_for_less(demands: list[Demand], more: Demand, place: int) -> None:
    before = asked_of(POLICY, demands)
    after = asked_of(POLICY, [*demands[:place], more, *demands[place:]])
    assert after == asked_of(POLICY, [more, *demands])
    assert after.required_claims == before.required_claims | more.required_claims
    assert after.refused_findings == before.refused_findings | more.refused_findings
    for was, now, asked in (
        (before.clock_skew_seconds, after.clock_skew_seconds, more.clock_skew_seconds),
        (before.max_statement_bytes, after.max_statement_bytes, more.max_statement_bytes),
    ):
        assert now == (was if asked is None else min(was, asked))


ROLES = ("agent", "platform")
OF_ROLES = st.lists(st.builds(replace, DEMANDS, roles=st.frozensets(st.sampled_from(ROLES))), max_size=4)


@settings(deadline=None)
@given(OF_ROLES, OF_ROLES)
def test_demands_by_role_are_the_same_exactly_where_the_same_is_asked_of_everybody(
    one: list[Demand], other: list[Demand]
) -> None:
    def asked(demands: list[Demand]) -> list[Asked]:
        rule = ContentTypeRule(CONTENT_TYPE, Visibility.PARTIES, frozenset(), tuple(demands))
        unbounded = replace(POLICY, clock_skew_seconds=601, max_statement_bytes=601, refused_findings=frozenset())
        acting = (roles(), *map(roles, ROLES), roles(*ROLES))
        return [asked_of(unbounded, concerning(rule, some)) for some in acting]

    assert (demands_by_role(one) == demands_by_role(other)) is (asked(one) == asked(other))
    assert demands_by_role([*one, *other]) == demands_by_role([*other, *one])
    normal = list(demands_by_role(one).values())
    assert asked(normal) == asked(one)
    assert demands_by_role(normal) == demands_by_role(one)


def test_what_is_demanded_of_a_role_is_what_goes_beyond_everybody() -> None:
    both, expires = roles("agent", "platform"), frozenset({RequiredClaim.EXPIRES})
    found = demands_by_role(
        [
            Demand(both, expires, clock_skew_seconds=10, max_statement_bytes=7),
            Demand(clock_skew_seconds=20, max_statement_bytes=7, refused_findings=frozenset({Finding.LATE})),
            Demand(roles("agent"), refused_findings=frozenset({Finding.LATE})),
            Demand(roles("platform"), clock_skew_seconds=5),
            Demand(roles("runtime"), max_statement_bytes=8),
            Demand(roles("runtime")),
        ]
    )
    assert found == {
        None: Demand(clock_skew_seconds=20, max_statement_bytes=7, refused_findings=frozenset({Finding.LATE})),
        "agent": Demand(roles("agent"), expires, clock_skew_seconds=10),
        "platform": Demand(roles("platform"), expires, clock_skew_seconds=5),
    }
    assert demands_by_role([Demand(), Demand(both)]) == {}


@pytest.mark.parametrize("claim", RequiredClaim)
def test_a_claim_that_is_required_has_to_be_there_whatever_it_says(claim: RequiredClaim) -> None:
    policy = demanding(Demand(required_claims=frozenset({claim})))
    assert decide(having(claim), policy).refused == POLICY.refused_findings
    with pytest.raises(RequiredClaimMissingError, match=rf"\b{claim}\b"):
        decide(having(*(set(RequiredClaim) - {claim})), policy)


def test_a_claim_of_zero_is_there() -> None:
    statement = parse_signed_statement(sign_statement(AGENT, claims={labels.CWT_NBF: 0}))
    require_met(statement, replace(asked_of(POLICY, ()), required_claims=frozenset({RequiredClaim.NOT_BEFORE})))


def test_every_claim_that_is_absent_is_named() -> None:
    policy = demanding(Demand(required_claims=frozenset(RequiredClaim)))
    with pytest.raises(RequiredClaimMissingError, match=r"aud, exp, nbf$"):
        decide(having(RequiredClaim.ISSUED_AT), policy)


@pytest.mark.parametrize("evidence", [0, 100])
def test_the_smallest_size_counts_and_certificates_beside_the_statement_count_too(evidence: int) -> None:
    data = sign_statement(AGENT, unprotected={labels.X5CHAIN: bytes(evidence)} if evidence else {})
    stored = parse_signed_statement(data).stored_bytes
    sizes = (stored, stored + 1, None)
    decide(data, demanding(*(Demand(max_statement_bytes=size) for size in sizes)))
    with pytest.raises(StatementTooLargeError, match=str(stored - 1)):
        decide(data, demanding(*(Demand(max_statement_bytes=size) for size in (*sizes, stored - 1))))


def test_a_demand_lifts_no_bound_of_the_policy() -> None:
    loose = Demand(clock_skew_seconds=86400, max_statement_bytes=1 << 24)
    with pytest.raises(StatementTooLargeError):
        decide(sign_statement(AGENT), replace(demanding(loose), max_statement_bytes=64))
    with pytest.raises(CounterfoilError, match="300 seconds"):
        decide(sign_statement(AGENT, claims={labels.CWT_IAT: START + 301}), demanding(loose))


@pytest.mark.parametrize("claim", [labels.CWT_IAT, labels.CWT_NBF])
def test_the_smallest_skew_counts_and_bounds_the_interval(claim: int) -> None:
    policy = demanding(Demand(clock_skew_seconds=10), Demand(clock_skew_seconds=90))
    ahead = decide(sign_statement(AGENT, claims={labels.CWT_IAT: START, claim: START + 10}), policy)
    assert ahead.holds_from == START
    with pytest.raises(CounterfoilError):
        decide(sign_statement(AGENT, claims={claim: START + 11}), policy)


def test_findings_are_refused_beside_those_of_the_policy() -> None:
    policy = demanding(
        Demand(refused_findings=frozenset({Finding.REPEATED})), Demand(refused_findings=frozenset({Finding.LATE}))
    )
    assert decide(sign_statement(AGENT), policy).refused == {Finding.LATE, Finding.REPEATED}
    assert decide(sign_statement(AGENT, content_type="text/plain"), policy).refused == {Finding.LATE}


def test_who_holds_several_roles_meets_the_demands_on_each_unless_it_says_in_which_one_it_acts() -> None:
    demands = (
        Demand(roles("agent"), max_statement_bytes=1),
        Demand(roles("platform"), required_claims=frozenset({RequiredClaim.EXPIRES})),
        Demand(roles("runtime"), max_statement_bytes=0),
    )
    with pytest.raises(StatementTooLargeError):
        decide(sign_statement(AGENT), demanding(demands[0], demands[2]))
    with pytest.raises(RequiredClaimMissingError):
        decide(sign_statement(AGENT), demanding(*demands[1:]))
    decide(sign_statement(AGENT), demanding(demands[2]))
    policy = demanding(*demands, content_type=TRACE_EVENT_CONTENT_TYPE)
    for kind, error in (
        (EventType.ACTION, StatementTooLargeError),
        (EventType.FORMATION, RequiredClaimMissingError),
    ):
        data = sign_statement(AGENT, event_payload(kind), subject=ROOT, content_type=TRACE_EVENT_CONTENT_TYPE)
        with pytest.raises(error):
            decide(data, policy)


def test_what_is_not_concerned_is_admitted_as_if_there_were_no_demand() -> None:
    data = sign_statement(AGENT)
    other = Demand(roles("arbitrator"), frozenset(RequiredClaim), max_statement_bytes=1, clock_skew_seconds=0)
    assert decide(data, demanding(other)) == decide(data, demanding())
    impossible = Demand(max_statement_bytes=1)
    assert decide(data, demanding(impossible, content_type="text/plain")) == decide(data, demanding())
