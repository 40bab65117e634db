"""A store that agrees with itself in every hash and signature, and holds what this log would never have admitted."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.log.founding import found_log, sign_own_statement
from counterfoil.log.fsck import check_log, examine_log
from counterfoil.log.fsck.duplicates import DuplicateKeys
from counterfoil.log.fsck.finding import MAX_OF_A_KIND, Findings
from counterfoil.log.plan import Draft, Submission, View
from counterfoil.log.records import Batch
from counterfoil.merkle.hashing import NodeHash
from counterfoil.merkle.tiles import Tile, TileId
from counterfoil.merkle.tree import root_of
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.receipt.tree_head import sign_head
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, issuer_of, sign_statement
from tests.events import Cast
from tests.log.material import policy_statement, register_all, store_of, submit, twin_of


@pytest.fixture
def memory() -> World:
    """A founded log with three entries behind its founding."""
    world = World(MemoryStore()).found()
    asyncio.run(register_all([sign_statement(world.agent) for _ in range(3)], world.open()))
    return world


def decision_of(
    world: World,
    data: bytes,
    *,
    policy_entry: int = 0,
    key_thumbprint: bytes | None = None,
    visibility: Visibility = Visibility.PARTIES,
    effect: Effect = Effect.NONE,
) -> Submission:
    """A submission whose decision nobody made."""
    thumbprint = world.agent.public_key.thumbprint if key_thumbprint is None else key_thumbprint
    decision = Decision(0, policy_entry, thumbprint, visibility, 0, 2**40, effect, None)
    return Submission(parse_signed_statement(data), decision)


def force(
    world: World, submissions: Sequence[Submission], spoil: Callable[[Batch], Batch] = lambda batch: batch
) -> None:
    """Append as the log would, with no question asked: tree, chains, heads and signatures are all in order."""
    store = world.store
    assert isinstance(store, MemoryStore)
    head = store.head()
    assert head is not None
    ids = [chain.chain_id for chain in store.all_chains()]
    draft = Draft(world.identity.origin, head, max(head.tree.time, world.clock()), View({}, store.chains(ids)))
    for submission in submissions:
        draft.place(submission)
    plan = draft.plan(())
    signature = sign_head(world.signers[KeyPurpose.RECEIPT], world.identity, plan.head.tree)
    store._publish(spoil(plan.batch(store, signature)))


def found(world: World) -> str:
    return "\n".join(map(str, check_log(store_of(world))))


def test_what_was_decided_is_no_finding(memory: World) -> None:
    log = memory.open()
    force(memory, [submit(sign_statement(memory.agent), log)])
    assert found(memory) == ""


def test_a_statement_of_a_stranger(memory: World) -> None:
    stranger = generate_private_key("ES256")
    force(memory, [decision_of(memory, sign_statement(stranger))])
    assert "entry 5: decided again, it is not admitted" in found(memory)
    assert "(key-unknown)" in found(memory)


def test_a_statement_that_nobody_signed(memory: World) -> None:
    data = bytearray(sign_statement(memory.agent))
    data[-1] ^= 1
    force(memory, [decision_of(memory, bytes(data))])
    assert "(signature-invalid)" in found(memory)


def test_a_statement_that_had_expired(memory: World) -> None:
    force(memory, [decision_of(memory, sign_statement(memory.agent, claims={4: START - 1}))])
    assert "(expired)" in found(memory)


def test_a_statement_about_a_reserved_subject(memory: World) -> None:
    subject = memory.identity.page_subject
    force(memory, [decision_of(memory, sign_statement(memory.agent, subject=subject))])
    assert "(subject-reserved)" in found(memory)


def test_a_visibility_that_the_policy_does_not_give(memory: World) -> None:
    force(memory, [decision_of(memory, sign_statement(memory.agent), visibility=Visibility.PUBLIC)])
    assert "statement 5: visibility is stored as public, recomputed it is parties" in found(memory)


def test_a_decision_under_a_policy_that_was_not_in_force(memory: World) -> None:
    force(memory, [decision_of(memory, sign_statement(memory.agent), policy_entry=1)])
    assert "entry 5: policy entry in the decision record is stored as 1, recomputed it is 0" in found(memory)


def test_a_decision_by_another_key(memory: World) -> None:
    force(memory, [decision_of(memory, sign_statement(memory.agent), key_thumbprint=bytes(32))])
    assert f"key thumbprint in the decision record is stored as {'00' * 32}" in found(memory)


def test_a_twin(memory: World) -> None:
    data = sign_statement(memory.agent)
    force(memory, [decision_of(memory, data), decision_of(memory, sign_statement(memory.agent))])
    force(memory, [decision_of(memory, twin_of(data))])
    assert found(memory) == "entry 7: holds the same content as entry 5"


def page_over(memory: World, first: int, last: int, root: bytes) -> Submission:
    signer, identity = memory.signers[KeyPurpose.SERVICE], memory.identity
    payload = Page(first, last, NodeHash(root)).encode()
    data = sign_own_statement(signer, identity, identity.page_subject, PAGE_CONTENT_TYPE, payload, START)
    key = signer.public_key.thumbprint
    return decision_of(memory, data, visibility=Visibility.PUBLIC, key_thumbprint=key, effect=Effect.PAGE)


def test_a_page_with_another_root(memory: World) -> None:
    force(memory, [page_over(memory, 0, 4, bytes(32))])
    assert found(memory).startswith("page in entry 5: entries 0 to 4: the page does not state the root")


def test_a_page_that_leaves_entries_out(memory: World) -> None:
    page = memory.open().due_page(memory.signers[KeyPurpose.SERVICE])
    assert page is not None
    asyncio.run(register(page, memory.open()))
    force(memory, [page_over(memory, 6, 6, bytes(32))])
    assert "page in entry 6: first entry is stored as 6, recomputed it is 5" in found(memory)
    assert "page in entry 6: it covers entries to 6, itself or later ones among them" in found(memory)


def test_a_policy_by_somebody_else(memory: World) -> None:
    assert memory.policy is not None
    usurper = replace(memory, signers={**memory.signers, KeyPurpose.OPERATOR: memory.agent})
    data = policy_statement(usurper, replace(memory.policy, version=2))
    force(memory, [decision_of(memory, data, visibility=Visibility.PUBLIC, effect=Effect.POLICY)])
    assert "entry 5: decided again, it is not admitted" in found(memory)
    assert "head row: rules entry is stored as 5, recomputed it is 0" in found(memory)


def test_a_time_before_the_last_one(memory: World) -> None:
    memory.clock.now -= 10

    def earlier(batch: Batch) -> Batch:
        tree = replace(batch.head.tree, time=START - 10)
        signature = sign_head(memory.signers[KeyPurpose.RECEIPT], memory.identity, tree)
        return replace(batch, head=replace(batch.head, tree=tree), signature=signature)

    force(memory, [decision_of(memory, sign_statement(memory.agent))], earlier)
    assert f"tree head 6: its time {START - 10} is before {START}" in found(memory)


def test_a_head_signed_by_another_key(memory: World) -> None:
    other = generate_private_key("ES256")

    def foreign(batch: Batch) -> Batch:
        return replace(batch, signature=sign_head(other, memory.identity, batch.head.tree))

    force(memory, [decision_of(memory, sign_statement(memory.agent))], foreign)
    assert f"tree head 6: is signed by {other.public_key.thumbprint.hex()}" in found(memory)


def test_a_log_founded_for_another_operator(memory: World) -> None:
    store = MemoryStore()
    assert memory.policy is not None
    found_log(store, memory.identity, memory.signers, replace(memory.policy, issuers=()), START)
    genesis = store.content(1)
    assert genesis is not None
    forged = sign_own_statement(
        memory.agent,
        memory.identity,
        memory.identity.policy_subject,
        str(parse_signed_statement(genesis.statement).content_type),
        parse_signed_statement(genesis.statement).message.payload or b"",
        START,
    )
    store._contents[1] = replace(genesis, statement=forged)
    assert any(str(one).startswith("entry 1: decided again") for one in check_log(store))


@pytest.mark.parametrize("tile", [TileId(0, 0), TileId(0, 7), TileId(1, 0), TileId(63, 2**63 - 1)])
def test_a_tile_that_the_tree_does_not_fill(memory: World, tile: TileId) -> None:
    store = memory.store
    assert isinstance(store, MemoryStore)
    store._tiles[tile] = Tile(tile, bytes(8192), root_of([bytes(32)] * 256))
    assert found(memory) == f"tile {tile.index} of level {tile.level}: is stored, and the tree does not fill it"


def test_an_empty_store() -> None:
    assert {finding.where for finding in check_log(MemoryStore())} >= {"head row", "genesis", "tree heads"}


def test_the_tail_that_no_page_covers_is_counted_and_no_finding(memory: World) -> None:
    report = examine_log(store_of(memory))
    assert (report.findings, report.entries, report.heads, report.unpaged) == ((), 5, 2, 5)


def test_a_finding_is_one_line_and_many_of_a_kind_are_counted() -> None:
    findings = Findings()
    for number in range(MAX_OF_A_KIND + 7):
        findings.add(f"entry {number}", f"is\nmissing {number:064x}")
    findings.add("head row", "another kind")
    lines = [str(finding) for finding in findings.all()]
    assert len(lines) == MAX_OF_A_KIND + 2
    assert lines[0] == f"entry 0: is missing {0:064x}"
    assert lines[-2:] == ["head row: another kind", "more of a kind: 7 more findings like: entry #: is missing #"]


def test_keys_that_only_look_alike_are_told_apart_by_the_caller() -> None:
    keys = DuplicateKeys()
    keys.add(1, bytes(9) + b"\x01" * 23)
    keys.add(2, bytes(9) + b"\x02" * 23)
    keys.add(3, b"\x01" + bytes(31))
    assert keys.candidates() == [(1, 2)]


def test_an_event_with_a_finding_that_the_policy_refuses() -> None:
    cast, world = Cast(), World(MemoryStore())
    world.policy = replace(cast.policy(issuer_of(world.agent)), refused_findings=frozenset(Finding))
    log = world.found().open()
    formed, action = cast.say(EventType.FORMATION), cast.say(EventType.ACTION)
    asyncio.run(register_all([formed], log))
    asyncio.run(register_all([action], log))
    assert found(world) == ""
    gap = cast.say(EventType.ACTION, sequence=7)
    for strange in (gap, sign_statement(world.agent, subject=cast.root)):
        lenient = submit(strange, log)
        force(world, [replace(lenient, decision=replace(lenient.decision, refused=frozenset()))])
    assert "entry 4: decided again, it is not admitted: sequence-gap" in found(world)
    assert "entry 5: decided again, it is not admitted: other-profile" in found(world)
