"""A batch of n leaves the log as n batches of one would."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.errors import RefusedError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.fsck import check_log
from counterfoil.log.pages import next_page
from counterfoil.log.plan import Declined, Outcome, Placed, Stale, Submission
from counterfoil.log.rules_source import read_rules
from counterfoil.log.sequencer import Sequencer
from counterfoil.merkle.hashing import NodeHash
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, policy_for, sign_statement
from tests.contract.stores import everything
from tests.log.material import policy_statement, twin_of

WORLD = World(MemoryStore()).found()
"""Its keys sign every example, so that most statements are signed once only; its own store stays as founded."""

_ordinary: dict[tuple[int, int], bytes] = {}


@dataclass(frozen=True)
class Ordinary:
    chain: int
    content: int
    twin: bool = False


@dataclass(frozen=True)
class OldDecision:
    """A statement whose decision was made under rules, or for a time, that are not the log's."""

    chain: int
    content: int
    by_time: bool


@dataclass(frozen=True)
class DuePage:
    """The page that is due when the round begins; ``later`` makes another statement of the same page."""

    later: int = 0


@dataclass(frozen=True)
class PageTooFar:
    by: int


@dataclass(frozen=True)
class NextPolicy:
    skew: int
    removes_issuer: bool = False


Item = Ordinary | OldDecision | DuePage | PageTooFar | NextPolicy

few = st.integers(0, 2)
items = st.one_of(
    st.builds(Ordinary, few, st.integers(0, 4), st.booleans()),
    st.builds(Ordinary, few, st.integers(0, 4)),
    st.builds(OldDecision, few, st.integers(0, 4), st.booleans()),
    st.builds(DuePage, st.integers(0, 1)),
    st.builds(PageTooFar, st.integers(500, 501)),
    st.builds(NextPolicy, st.integers(0, 2), st.sampled_from([False, False, True])),
)
rounds = st.lists(st.lists(items, min_size=1, max_size=12), min_size=1, max_size=3)


def statement_of(item: Item, store: MemoryStore, rules: Rules) -> SignedStatement | None:
    match item:
        case Ordinary(chain, content, twin):
            data = ordinary(chain, content)
            return parse_signed_statement(twin_of(data) if twin else data)
        case OldDecision(chain, content):
            return parse_signed_statement(ordinary(chain, content))
        case DuePage(later):
            head = store.head()
            page = None if head is None else next_page(store, head)
            return None if page is None else parse_signed_statement(signed_page(page, later))
        case PageTooFar(by):
            head = store.head()
            assert head is not None
            page = Page(head.next_page, head.tree.size + by, NodeHash(bytes(32)))
            return parse_signed_statement(signed_page(page, 0))
        case NextPolicy(skew, removes_issuer):
            issuers = () if removes_issuer else (issuer_of(WORLD.agent),)
            policy = policy_for(*issuers, version=rules.policy.version + 1)
            following = replace(
                policy, clock_skew_seconds=300 + skew, replaces=Replaced(rules.policy_entry, rules.policy_id)
            )
            return parse_signed_statement(policy_statement(WORLD, following))


def ordinary(chain: int, content: int) -> bytes:
    key = chain, content
    if key not in _ordinary:
        content_type = "text/plain" if content % 2 else "application/json"  # They differ in visibility.
        _ordinary[key] = sign_statement(
            WORLD.agent,
            b"%d" % content,
            subject=f"trace-{chain}",
            content_type=content_type,
        )
    return _ordinary[key]


def signed_page(page: Page, later: int) -> bytes:
    signer, identity = WORLD.signers[KeyPurpose.SERVICE], WORLD.identity
    now = WORLD.clock() + later
    return sign_own_statement(signer, identity, identity.page_subject, PAGE_CONTENT_TYPE, page.encode(), now)


def submission_of(item: Item, store: MemoryStore, rules: Rules) -> Submission | None:
    statement = statement_of(item, store, rules)
    if statement is None:
        return None
    try:
        submission = admit(statement, rules, WORLD.clock())
    except RefusedError:
        return None
    if isinstance(item, OldDecision):
        right = submission.decision
        late, elsewhere = (
            replace(right, holds_until=WORLD.clock() - 1),
            # Older, not newer: a batch may well bring the next entry that changes the rules.
            replace(right, rules_entry=right.rules_entry - 1),
        )
        return replace(submission, decision=late if item.by_time else elsewhere)
    return submission


@dataclass
class Run:
    """One log, and everything that became of what was submitted to it."""

    store: MemoryStore
    sequencer: Sequencer
    outcomes: list[Outcome]

    def rules(self) -> Rules:
        head = self.store.head()
        assert head is not None
        genesis = WORLD.open().genesis
        return read_rules(self.store, genesis, head)

    def append(self, submissions: Sequence[Submission], width: int) -> list[Submission]:
        """Append in batches of at most ``width``; gives back those whose decision does not hold any more."""
        waiting, stale = list(submissions), list[Submission]()
        while waiting:
            batch = waiting[:width]
            appended = self.sequencer.append(partial(list, batch))
            self.outcomes.extend(appended.outcomes)
            taken = batch[: len(appended.outcomes)]
            stale += [one for one, outcome in zip(taken, appended.outcomes, strict=True) if isinstance(outcome, Stale)]
            assert [receipt is not None for receipt in appended.receipts] == [
                isinstance(outcome, Placed) for outcome in appended.outcomes
            ]
            require_sound(list(zip(taken, appended.outcomes, strict=True)))
            waiting = waiting[len(taken) :]
        return stale

    def append_until_settled(self, submissions: Sequence[Submission], width: int) -> None:
        """As registration does: what went stale is decided again, under the rules that are in force now."""
        for _ in range(len(submissions) + 1):
            stale = self.append(submissions, width)
            again = [decided(one.statement, self.rules()) for one in stale]
            submissions = [one for one in again if one is not None]
        assert not submissions


def require_sound(taken: Sequence[tuple[Submission, Outcome]]) -> None:
    """Nothing is placed at a time at which its decision does not hold, or behind a policy."""
    placed = [one.decision for one, outcome in taken if isinstance(outcome, Placed)]
    assert all(decision.holds_from <= WORLD.clock() <= decision.holds_until for decision in placed)
    policies = [
        at for at, (one, got) in enumerate(taken) if isinstance(got, Placed) and one.decision.effect is Effect.POLICY
    ]
    assert policies in ([], [len(taken) - 1])


def decided(statement: SignedStatement, rules: Rules) -> Submission | None:
    try:
        return admit(statement, rules, WORLD.clock())
    except RefusedError:
        return None


def begin() -> Run:
    store = MemoryStore()
    world = replace(WORLD, store=store).found()
    sequencer = Sequencer(store, world.identity, world.signers[KeyPurpose.RECEIPT], world.clock)
    return Run(store, sequencer, [])


def shown(outcomes: Sequence[Outcome]) -> list[object]:
    return [outcome.error.code if isinstance(outcome, Declined) else outcome for outcome in outcomes]


@settings(max_examples=40, deadline=None)
@given(rounds)
def test_a_batch_of_n_equals_n_batches_of_one(rounds: list[list[Item]]) -> None:
    together, one_by_one = begin(), begin()
    for items in rounds:
        rules = together.rules()
        found = [submission_of(item, together.store, rules) for item in items]
        submissions = [submission for submission in found if submission is not None]
        together.append_until_settled(submissions, width=len(items))
        one_by_one.append_until_settled(submissions, width=1)
    assert shown(together.outcomes) == shown(one_by_one.outcomes)
    left, right = everything(together.store), everything(one_by_one.store)
    assert (left.entries, left.contents, left.chains, left.head) == (
        right.entries,
        right.contents,
        right.chains,
        right.head,
    )
    assert left.tiles == right.tiles
    assert {head for head in left.tree_heads if head in right.tree_heads} == set(left.tree_heads)
    assert {head.time for head in right.tree_heads} == {WORLD.clock()}
    for run in (together, one_by_one):
        assert check_log(run.store) == ()
