"""Events in batches: a batch of n is n batches of one, and admitted is what a plain reading of the rules admits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from hypothesis import example, given, settings
from hypothesis import strategies as st

from counterfoil.chain.findings import Finding, Told, remarks_on_all
from counterfoil.chain.history import parse_entry_event, read_page
from counterfoil.chain.past import payload_digest
from counterfoil.log.fsck import check_log
from counterfoil.log.plan import Declined, Known, Placed, Submission
from counterfoil.log.rules_source import read_rules
from counterfoil.log.sequencer import Sequencer
from counterfoil.register import admit
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.event import EventType, Formation, Observation, Role, TraceEvent
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.contract.stores import everything
from tests.events import Cast, data_of, engagement, hash_of

KINDS = EventType
OUTSIDER = Role.REVIEWER
"""Who has that role in the second cast is an issuer of the policy too, and no party of the first one's engagement."""


class Stranger(Cast):
    """The same roles, other issuers, writing into somebody else's engagement."""

    def name(self, role: Role) -> str:
        return f"https://{role}.strangers.example"


INSIDE, OTHER = Cast(), Cast(root="0192f0c1-7e1a-4a3b-9c5d-ffffffffffff")
OTHER.signers = INSIDE.signers
STRANGER = Stranger()
WORLD = World(MemoryStore())
WORLD.policy = INSIDE.policy(issuer_of(WORLD.agent), *STRANGER.issuers())
WORLD.found()


def pool() -> list[bytes]:
    """Two engagements, and what strangers, liars and latecomers would put into the first."""
    story, other = engagement(INSIDE), engagement(OTHER)
    formation, action, suspended = story[0], story[1], story[4]
    clears = [("clears", hash_of(suspended))]
    return [
        *story,
        *other,
        INSIDE.say(KINDS.FORMATION),
        STRANGER.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, STRANGER.parties)),
        INSIDE.say(KINDS.RUNTIME_CLEARED, refs=clears),
        STRANGER.say(KINDS.RUNTIME_CLEARED, refs=clears),
        INSIDE.say(KINDS.RUNTIME_CLEARED, refs=[("clears", hash_of(action))]),
        INSIDE.say(KINDS.ACTION, refs=[("parent", hash_of(other[1]))]),
        INSIDE.say(KINDS.ACTION, previous=hash_of(other[0]).hex()),
        INSIDE.say(KINDS.ACTION, previous=hash_of(formation).hex()),
        STRANGER.say(KINDS.ACTION),
        STRANGER.say(KINDS.RUNTIME_SUSPENDED, refs=[("scores", hash_of(action))]),
        STRANGER.say(
            KINDS.OBSERVATION,
            role=Role.PLATFORM,
            data={"kind": "amendment", "parties": STRANGER.parties},
            refs=[("amends", hash_of(formation))],
        ),
        INSIDE.say(
            KINDS.OBSERVATION,
            role=Role.PLATFORM,
            data={"kind": "amendment", "parties": STRANGER.parties},
            refs=[("amends", hash_of(formation))],
        ),
        sign_statement(WORLD.agent, subject=INSIDE.root),
        sign_statement(WORLD.agent, subject=OTHER.root),
    ]


POOL = [parse_signed_statement(data) for data in pool()]
GENESIS = WORLD.open().genesis


def submissions() -> list[Submission]:
    head = WORLD.store.head()
    assert head is not None
    rules = read_rules(WORLD.store, GENESIS, head)
    return [admit(statement, rules, WORLD.clock()) for statement in POOL]


SUBMISSIONS = submissions()


@dataclass
class Model:
    """The rules of the profile, read off the whole list each time."""

    placed: list[tuple[SignedStatement, Submission]]

    def verdict(self, one: Submission) -> str:  # noqa: PLR0911 - one for each rule
        """``placed``, ``known``, or the code of the refusal."""
        if any(one.statement.hash == statement.hash for statement, _ in self.placed):
            return "known"
        event = one.decision.event
        if event is None:
            return "placed"
        chain = [each for each in self.placed if each[0].claims.subject == one.statement.claims.subject]
        names = {statement.hash for statement, _ in chain}
        events = [(statement.hash, each.decision.event) for statement, each in chain if each.decision.event is not None]
        formations = [item for item in events if item[1].type is KINDS.FORMATION]
        parties = self._parties(events)
        if event.type is not KINDS.FORMATION and not formations:
            return "no-formation"
        if event.type is KINDS.FORMATION and formations and event.issuer in {name for name, _ in parties}:
            return "formation-repeated"
        if any(reference.entry not in names for reference in event.references):
            return "reference-unknown"
        if event.previous is not None and event.previous not in names:
            return "previous-unknown"
        if event.type is KINDS.RUNTIME_CLEARED and (event.issuer, event.actor.role) in parties:
            (cleared,) = [reference.entry for reference in event.references]
            if cleared not in self._standing(events):
                return "nothing-to-clear"
        return "placed"

    def _parties(self, events: Sequence[tuple[bytes, TraceEvent]]) -> set[tuple[str, Role]]:
        parties: set[tuple[str, Role]] = set()
        founder = None
        for _, event in events:
            added = event.data.parties if isinstance(event.data, (Formation, Observation)) else ()
            named = {(party.issuer, party.role) for party in added}
            if founder is None and event.type is KINDS.FORMATION:
                founder = event.issuer
                parties |= named | {(founder, Role.PLATFORM)}
            elif event.type is KINDS.OBSERVATION and event.issuer == founder:
                parties |= named
        return parties

    def _standing(self, events: Sequence[tuple[bytes, TraceEvent]]) -> set[bytes]:
        stands: set[bytes] = set()
        for at, (name, event) in enumerate(events):
            if (event.issuer, event.actor.role) not in self._parties(events[:at]):
                continue
            if event.type in {KINDS.RUNTIME_SUSPENDED, KINDS.RUNTIME_ESCALATED}:
                stands.add(name)
            elif event.type is KINDS.RUNTIME_CLEARED:
                stands -= {reference.entry for reference in event.references}
        return stands


MAX_LAG = 300
FOUND = {Finding.NOT_A_PARTY, Finding.OTHER_PROFILE, Finding.ACTION_WHILE_SUSPENDED, Finding.ACTION_AFTER_SETTLEMENT,
         Finding.SEQUENCE_GAP, Finding.SEQUENCE_REPEATED, Finding.PREVIOUS_BEHIND}  # fmt: skip
"""What some order of the pool leads to."""


def run(
    order: Sequence[int], width: Callable[[], int], pool: Sequence[Submission] | None = None
) -> tuple[MemoryStore, list[str]]:
    """Submit in that order, in batches of some width; what became of each."""
    store = MemoryStore()
    world = replace(WORLD, store=store).found()
    sequencer = Sequencer(store, world.identity, world.signers[KeyPurpose.RECEIPT], world.clock)
    waiting, verdicts = [(SUBMISSIONS if pool is None else pool)[at] for at in order], list[str]()
    while waiting:
        batch, waiting = waiting[: (taken := width())], waiting[taken:]
        for outcome in sequencer.append(partial(list, batch)).outcomes:
            match outcome:
                case Placed():
                    verdicts.append("placed")
                case Known():
                    verdicts.append("known")
                case Declined(error):
                    verdicts.append(error.code)
                case _:
                    verdicts.append("stale")
    return store, verdicts


NEAR_ORDER = st.lists(st.integers(-3, 3), min_size=len(POOL), max_size=len(POOL)).map(
    lambda shifts: sorted(range(len(POOL)), key=lambda at: at + shifts[at]),
)
"""Mostly as it happened, so that engagements get far; some of it late or early."""

ORDERS = st.one_of(
    NEAR_ORDER,
    st.lists(st.integers(0, len(POOL) - 1), max_size=60),
    NEAR_ORDER.flatmap(lambda order: st.permutations(order[12:]).map(lambda rest: [*order[:12], *rest])),
)


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_events_are_admitted_as_the_rules_say_in_batches_of_any_width(order: list[int], widths: list[int]) -> None:
    model, expected = Model([]), list[str]()
    for at in order:
        verdict = model.verdict(SUBMISSIONS[at])
        expected.append(verdict)
        if verdict == "placed":
            model.placed.append((POOL[at], SUBMISSIONS[at]))
    turns = iter(widths * 60)
    together, of_many = run(order, lambda: next(turns))
    one_by_one, of_one = run(order, lambda: 1)
    assert of_many == of_one == expected
    assert check_log(together) == ()
    assert everything(together).entries == everything(one_by_one).entries
    assert everything(together).events == everything(one_by_one).events
    assert everything(together).references == everything(one_by_one).references


def told(store: MemoryStore, root: str) -> list[Told]:
    """A whole chain as findings see it."""
    chain = store.chain(chain_id(root))
    entries = [] if chain is None else store.chain_entries(chain.number, 0, chain.length)
    statements = [parse_signed_statement(store.statements([entry.number])[entry.number]) for entry in entries]
    return [
        Told(statement.hash, parse_entry_event(statement), payload_digest(statement), WORLD.clock(), MAX_LAG)
        for statement in statements
    ]


@settings(max_examples=40, deadline=None)
@given(ORDERS, st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(0, 40), st.integers(1, 40))
def test_findings_are_the_same_from_any_page_and_from_the_whole(
    order: list[int], widths: list[int], start: int, limit: int
) -> None:
    turns = iter(widths * 60)
    store, _ = run(order, lambda: next(turns))
    for root in (INSIDE.root, OTHER.root):
        chain = store.chain(chain_id(root))
        if chain is None:
            continue
        page = read_page(store, lambda _policy: MAX_LAG, chain, start, limit)
        whole = remarks_on_all(told(store, root))
        assert [one.remarks for one in page.entries] == list(whole[start : start + limit])


REFUSED = frozenset(Finding)


@settings(max_examples=40, deadline=None)
@given(ORDERS, st.lists(st.integers(1, 9), min_size=1, max_size=20), st.sets(st.sampled_from(Finding), min_size=1))
def test_a_strict_log_refuses_what_would_have_a_finding_and_nothing_else(
    order: list[int], widths: list[int], refused: set[Finding]
) -> None:
    strict = [
        replace(one, decision=replace(one.decision, refused=frozenset(refused), max_lag=MAX_LAG)) for one in SUBMISSIONS
    ]
    turns = iter(widths * 60)
    together, of_many = run(order, lambda: next(turns), strict)
    one_by_one, of_one = run(order, lambda: 1, strict)
    assert of_many == of_one
    assert check_log(together) == ()
    assert everything(together).entries == everything(one_by_one).entries
    for root in (INSIDE.root, OTHER.root):
        chain = told(together, root)
        there = {remark.finding for remarks in remarks_on_all(chain) for remark in remarks}
        # What came before its FORMATION was no intruder when it was admitted.
        assert there & refused <= {Finding.OTHER_PROFILE}
    if refused.isdisjoint(FOUND):
        assert of_one == run(order, lambda: 1)[1]


@settings(max_examples=40, deadline=None)
@given(ORDERS, st.lists(st.integers(1, 9), min_size=1, max_size=20), st.sets(st.integers(0, len(POOL) - 1)))
@example(list(range(len(POOL))), [9], {0})
def test_what_is_refused_of_some_and_not_of_others_is_refused_in_batches_of_any_width(
    order: list[int], widths: list[int], lenient: set[int]
) -> None:
    # As where a content type makes demands by role: who may have a finding stands in one batch with who may not.
    mixed = [
        replace(one, decision=replace(one.decision, refused=frozenset() if at in lenient else REFUSED, max_lag=MAX_LAG))
        for at, one in enumerate(SUBMISSIONS)
    ]
    turns = iter(widths * 60)
    together, of_many = run(order, lambda: next(turns), mixed)
    one_by_one, of_one = run(order, lambda: 1, mixed)
    assert of_many == of_one
    assert everything(together).entries == everything(one_by_one).entries
    assert check_log(together) == ()


def test_a_refusal_by_finding_names_it() -> None:
    strict = [replace(one, decision=replace(one.decision, refused=REFUSED, max_lag=MAX_LAG)) for one in SUBMISSIONS]
    _, verdicts = run(range(len(POOL)), lambda: 4, strict)
    assert "finding-refused" in verdicts
    _, lenient = run(range(len(POOL)), lambda: 4)
    assert "finding-refused" not in lenient


def test_the_pool_holds_a_case_of_every_refusal() -> None:
    _, verdicts = run([1, *range(len(POOL)), *range(3)], lambda: 5)
    assert set(verdicts) == {
        "placed", "known", "no-formation", "formation-repeated", "reference-unknown", "previous-unknown",
        "nothing-to-clear",
    }  # fmt: skip
