"""How an engagement stands after each of its events, and whose events count."""

from collections.abc import Sequence

from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import EventType, Role
from counterfoil.statement.trace_event.parse import parse_trace_event
from tests.events import Cast, data_of, engagement, hash_of

KINDS = EventType
RESULT = {"kind": "posterior", "evaluators": [{"id": "one", "weight": 1, "failed": True}], "outcome": "review"}


def after(statements: Sequence[bytes]) -> list[Standing]:
    """How the engagement stands before them all and after each of them."""
    standings = [EMPTY_STANDING]
    for data in statements:
        statement = parse_signed_statement(data)
        standings.append(advance(standings[-1], statement.hash, parse_trace_event(statement)))
    return standings


def states(statements: Sequence[bytes]) -> str:
    return " ".join(standing.state for standing in after(statements))


def test_a_whole_engagement_passes_through_its_states() -> None:
    assert states(engagement(Cast())) == (
        "forming active active active flagged suspended suspended suspended active active settled disputed settled"
    )


def test_an_escalation_weighs_more_than_a_suspension_and_both_more_than_a_flag() -> None:
    cast = Cast()
    formed, action = cast.say(KINDS.FORMATION), cast.say(KINDS.ACTION)
    scores = [("scores", hash_of(action))]
    suspended = cast.say(KINDS.RUNTIME_SUSPENDED, refs=scores)
    escalated = cast.say(KINDS.RUNTIME_ESCALATED, refs=scores)
    flagged = cast.say(KINDS.RUNTIME_FLAGGED, refs=scores)
    cleared = [cast.say(KINDS.RUNTIME_CLEARED, refs=[("clears", hash_of(one))]) for one in (escalated, suspended)]
    story = [formed, action, suspended, escalated, flagged, *cleared]
    assert states(story) == "forming active active suspended escalated escalated suspended active"


def test_a_dispute_outweighs_a_settlement_until_an_arbitrator_records_its_end() -> None:
    cast = Cast()
    story = [
        cast.say(KINDS.FORMATION),
        cast.say(KINDS.SETTLEMENT),
        cast.say(KINDS.DISPUTE),
        cast.say(KINDS.DISPUTE, role=Role.PROVIDER, data=RESULT),
        cast.say(KINDS.DISPUTE, role=Role.ARBITRATOR, data=RESULT),
    ]
    assert states(story) == "forming active settled disputed disputed settled"


def test_who_is_no_party_changes_nothing_and_an_amendment_by_the_founder_makes_him_one() -> None:
    cast = Cast()
    agent = {"issuer": cast.name(Role.AGENT), "role": "agent"}
    runtime = {"issuer": cast.name(Role.RUNTIME), "role": "runtime"}
    formed, action = cast.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, [agent])), cast.say(KINDS.ACTION)
    scores, amends = [("scores", hash_of(action))], [("amends", hash_of(formed))]
    amendment = {"kind": "amendment", "parties": [runtime]}
    strangers = [
        cast.say(KINDS.RUNTIME_SUSPENDED, refs=scores),
        cast.say(KINDS.OBSERVATION, data=amendment, refs=amends),
        cast.say(KINDS.RUNTIME_SUSPENDED, refs=scores),
    ]
    standings = after([formed, action, *strangers])
    assert standings[2:] == [standings[1]] * 4
    admitted = cast.say(KINDS.OBSERVATION, role=Role.PLATFORM, data=amendment, refs=amends)
    assert states([formed, action, admitted, strangers[0]]) == "forming active active active suspended"


def test_no_party_but_the_founder_adds_parties() -> None:
    cast = Cast()
    reviewer = {"issuer": cast.name(Role.REVIEWER), "role": "reviewer"}
    formed = cast.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, [reviewer]))
    amendment = {"kind": "amendment", "parties": [{"issuer": cast.name(Role.RUNTIME), "role": "runtime"}]}
    standings = after([formed, cast.say(KINDS.OBSERVATION, data=amendment, refs=[("amends", hash_of(formed))])])
    assert standings[1] == standings[2]


def test_the_latest_settlement_says_the_counts() -> None:
    cast = Cast()
    counts = [[{"issuer": "a", "count": number}] for number in (1, 2)]
    settled = [cast.say(KINDS.SETTLEMENT, data={"finalCounts": count}) for count in counts]
    assert after([cast.say(KINDS.FORMATION), *settled])[-1].final_counts == (("a", 2),)
