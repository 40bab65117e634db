"""Explaining a decision: everything that a log can hold comes out the same, and nothing that was changed does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from counterfoil.errors import ChainInvalidError
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.demands import asked_of
from counterfoil.policy.document import PolicyDocument, Visibility
from counterfoil.policy.explanation import Explanation, Registered, explain
from counterfoil.policy.succession import Succession, read_succession
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.evidence import carried_certificates
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.key_notice import Revocation
from counterfoil.statement.links import chain_id
from counterfoil.statement.revoked import Revoked
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import Role
from counterfoil.storage.memory import MemoryStore
from tests.builders import CONTENT_TYPE, ISSUER, START, World, issuer_of, policy_for, sign_statement
from tests.certificates import NOT_AFTER
from tests.log.material import CERTIFIED_ISSUER, fill


@dataclass(frozen=True)
class Filled:
    """A log with a case of everything."""

    world: World
    store: MemoryStore
    genesis: Genesis
    succession: Succession

    def entry(self, number: int) -> Registered:
        entry, content, head = self.store.entry(number), self.store.content(number), self.store.tree_head_over(number)
        assert entry is not None
        assert content is not None
        assert head is not None
        statement = parse_signed_statement(content.statement)
        if content.evidence is not None:
            statement = replace(statement, carried_x5chain=carried_certificates(content.evidence))
        record = parse_decision_record(entry.decision)
        return Registered(statement, record, number, head.time, content.visibility)

    def explain(self, entry: Registered) -> Explanation:
        return explain(entry, self.succession, self.genesis)

    def changed(self, place: int, **members: Any) -> Explanation:
        """Explained with another record."""
        entry = self.entry(place)
        return self.explain(replace(entry, record=replace(entry.record, **members)))

    def having(self, statement: bytes, number: int = 2) -> Explanation:
        """Explained with another statement in the place of an entry."""
        return self.explain(replace(self.entry(number), statement=parse_signed_statement(statement)))


@pytest.fixture(scope="module")
def log() -> Filled:
    store = MemoryStore()
    world = World(store)
    asyncio.run(fill(world))
    genesis = Genesis(world.identity, {purpose: signer.public_key for purpose, signer in world.signers.items()})
    head = store.chain(chain_id(world.identity.policy_subject))
    assert head is not None
    entries = store.chain_entries(head.number, 0, 100)
    contents = [store.content(entry.number) for entry in entries]
    chain = [(content.statement, entry.decision) for content, entry in zip(contents, entries, strict=True) if content]
    return Filled(world, store, genesis, read_succession(chain, genesis))


def of_evidence(log: Filled) -> int:
    return next(number for number in range(10**6) if log.entry(number).statement.carried_x5chain)


def test_every_entry_that_a_log_can_hold_comes_out_the_same(log: Filled) -> None:
    head = log.store.head()
    assert head is not None
    told = [log.explain(log.entry(number)) for number in range(head.tree.size)]
    assert [one for one in told if not one.is_same] == []
    assert {one.purpose for one in told} == {None, KeyPurpose.OPERATOR, KeyPurpose.SERVICE}
    assert {one.policy.document.version for one in told} == {1, 2}
    assert all((one.rule is None) == one.is_own for one in told)


def test_what_an_ordinary_entry_was_admitted_by(log: Filled) -> None:
    told = log.explain(log.entry(2))
    assert (told.issuer, told.content_type, told.algorithm) == (ISSUER, CONTENT_TYPE, "ES256")
    assert told.key is not None
    assert told.key.key == log.world.agent.public_key
    assert told.rule is not None
    assert told.rule.visibility is Visibility.PARTIES
    assert told.policy.number == 0
    assert told.stored_bytes == len(told.entry.statement.encoded)
    assert told.decision is not None
    assert told.decision.holds_from == START - 300
    assert (told.refusal, told.differences, told.purpose) == (None, (), None)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"number": 3}, "number"),
        ({"policy_entry": 1}, "policy entry"),
        ({"key_thumbprint": bytes(32)}, "key thumbprint"),
        ({"head_time": START + 1}, "head time"),
        ({"appraisal_digest": bytes(32)}, "appraisal digest"),
        ({"collateral_digest": bytes(32)}, "collateral digest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_record_that_says_otherwise_differs_in_that(log: Filled, members: dict[str, object], named: str) -> None:
    told = log.changed(2, **members)
    assert not told.is_same
    assert told.refusal is None
    assert [difference.split(":")[0] for difference in told.differences] == [named]


def test_a_record_of_evidence_that_never_came_is_told_apart_from_evidence_that_is_not_at_hand(log: Filled) -> None:
    number = of_evidence(log)
    assert not log.changed(number, evidence_digest=bytes(32)).is_same
    assert not log.changed(number, evidence_digest=None).is_same
    entry = log.entry(number)
    bare = replace(entry, statement=replace(entry.statement, carried_x5chain=()), is_whole=False)
    assert bare.lacks_evidence
    assert not entry.lacks_evidence
    told = log.explain(bare)
    assert told.is_same
    assert told.stored_bytes < log.explain(entry).stored_bytes
    assert not log.explain(replace(bare, is_whole=True)).is_same
    other = replace(bare, record=replace(bare.record, key_thumbprint=bytes(32)))
    assert log.explain(other).refusal == (
        "key-unknown",
        "the policy gives the issuer no key of the thumbprint in the decision record",
    )


def test_an_issuer_by_certificate(log: Filled) -> None:
    head = log.store.head()
    assert head is not None
    within, beside = (log.entry(head.tree.size - 2 + place) for place in range(2))
    for entry in (within, beside):
        told = log.explain(entry)
        assert (told.is_same, told.certified, told.key, told.issuer) == (True, True, None, CERTIFIED_ISSUER)
        assert told.decision is not None
        assert (told.decision.holds_from, told.decision.holds_until) == (START - 300, NOT_AFTER)
        late = replace(entry, record=replace(entry.record, head_time=NOT_AFTER + 1), head_time=None)
        assert (log.explain(late).refusal or ("",))[0] == "certificate-out-of-date"
    assert not log.explain(log.entry(2)).certified
    bare = replace(beside, statement=replace(beside.statement, carried_x5chain=()), is_whole=False)
    assert (log.explain(bare).refusal or ("",))[0] == "certificate-missing"
    another = replace(within, record=replace(within.record, key_thumbprint=bytes(32)))
    assert [difference.split(":")[0] for difference in log.explain(another).differences] == ["key thumbprint"]


def test_another_visibility_than_the_policys_is_a_difference(log: Filled) -> None:
    told = log.explain(replace(log.entry(2), visibility=Visibility.PUBLIC))
    assert told.differences == ("visibility: stored public, repeated parties",)
    assert log.explain(replace(log.entry(2), visibility=None, head_time=None)).is_same


def test_a_statement_that_was_not_admitted_is_refused_with_its_code(log: Filled) -> None:
    agent, stranger = log.world.agent, generate_private_key("ES256")
    refused = {
        "signature-invalid": sign_statement(stranger, kid=agent.public_key.thumbprint),
        "key-unknown": sign_statement(stranger),
        "issuer-unknown": sign_statement(agent, issuer="https://nobody.example"),
        "content-type-not-admitted": sign_statement(agent, content_type="image/png"),
        "subject-reserved": sign_statement(agent, subject=log.world.identity.policy_subject),
        "from-the-future": sign_statement(agent, claims={6: START + 301}),
        "expired": sign_statement(agent, claims={4: START}),
        "audience-mismatch": sign_statement(agent, claims={3: "elsewhere"}),
        "claim-missing": sign_statement(agent, subject=None),
        "payload-missing": sign_statement(agent, b"elsewhere", detached=True),
    }
    found = {code: log.having(statement) for code, statement in refused.items()}
    assert [told.refusal and told.refusal[0] for told in found.values()] == list(refused)
    assert not any(told.is_same or told.differences or told.decision for told in found.values())


def test_the_time_of_the_record_is_the_time_of_the_decision(log: Filled) -> None:
    told = log.changed(2, head_time=START - 301)
    assert told.refusal is not None
    assert told.refusal[0] == "from-the-future"


def test_the_policy_is_the_one_that_was_in_force_whatever_the_record_says(log: Filled) -> None:
    first = replace(log.succession.rules[0], policy=policy_for(issuer_of(generate_private_key("ES256"))))
    other = replace(log.succession, rules=(first, *log.succession.rules[1:]))
    told = explain(log.entry(2), other, log.genesis)
    assert told.refusal is not None
    assert told.key is None
    with pytest.raises(ChainInvalidError):
        explain(log.entry(2), replace(log.succession, rules=log.succession.rules[1:]), log.genesis)


def ruled(log: Filled, change: Callable[[PolicyDocument], PolicyDocument]) -> Succession:
    """The log's succession with other policies in the places of its own."""
    return Succession(
        tuple(replace(one, document=change(one.document)) for one in log.succession.policies),
        tuple(replace(rules, policy=change(rules.policy)) for rules in log.succession.rules),
        log.succession.times,
    )


def test_the_demands_that_concern_an_entry_are_told_whether_it_meets_them_or_not(log: Filled) -> None:
    demands = (
        Demand(required_claims=frozenset({RequiredClaim.EXPIRES}), max_statement_bytes=1 << 10),
        Demand(frozenset({"arbitrator"}), max_statement_bytes=1),
    )
    document = log.succession.policies[0].document
    asked = replace(document, content_types=tuple(replace(rule, demands=demands) for rule in document.content_types))
    told = explain(log.entry(2), ruled(log, lambda one: asked if one == document else one), log.genesis)
    assert told.demands == demands[:1]
    assert told.asked == asked_of(document, demands[:1])
    assert told.refusal == ("required-claim-missing", "the policy requires the CWT claims exp")
    assert log.explain(log.entry(2)).demands == ()
    assert log.explain(log.entry(2)).asked == asked_of(document, ())
    assert log.explain(log.entry(0)).asked is None


def test_a_trace_event_is_concerned_by_the_demands_on_the_role_it_was_written_in(log: Filled) -> None:
    number = next(at for at in range(10**6) if (told := log.explain(log.entry(at))).decision and told.decision.event)
    event = log.explain(log.entry(number)).decision
    assert event is not None
    assert event.event is not None
    written = event.event.actor.role.value

    def demanding(document: PolicyDocument) -> PolicyDocument:
        return replace(
            document,
            issuers=tuple(replace(each, roles=frozenset(Role)) for each in document.issuers),
            content_types=tuple(
                replace(rule, demands=tuple(Demand(frozenset({role})) for role in Role))
                for rule in document.content_types
            ),
        )

    assert explain(log.entry(number), ruled(log, demanding), log.genesis).demands == (Demand(frozenset({written})),)


@pytest.mark.parametrize("number", [0, 1])
def test_the_beginning_is_explained_by_itself(log: Filled, number: int) -> None:
    told = log.explain(log.entry(number))
    assert told.is_same
    assert told.policy.number == 0
    assert log.having(sign_statement(log.world.agent), number).refusal is not None
    other = log.entry(1 - number).statement
    assert log.explain(replace(log.entry(number), statement=other)).refusal is not None


def test_a_key_that_was_revoked_since_is_told(log: Filled) -> None:
    key, rules = log.entry(2).record.key_thumbprint, log.succession.rules
    for last, told in ((1, 90), (2, None), (-1, 90)):
        revoked = replace(rules[-1], revoked=(Revoked(90, Revocation(key, last, "stolen")),))
        succession = replace(log.succession, rules=(*rules[:-1], revoked))
        found = explain(log.entry(2), succession, log.genesis)
        assert found.is_same, "it was admitted, whatever became of its key"
        assert (None if found.revoked is None else found.revoked.entry) == told
