"""Real case files for tests, and a dishonest log that signs what it likes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256
from typing import Any

from counterfoil.case.build import Announcements, Evidence, OwnEntry, case_files, manifest_of, read_evidence
from counterfoil.case.exhibit import Exhibit
from counterfoil.case.source import read_case_evidence, sign_notes
from counterfoil.chain.history import chain_as_of
from counterfoil.errors import CounterfoilError
from counterfoil.log.local_log import LocalLog
from counterfoil.merkle.hashing import NodeHash, TreeSize, leaf_hash, node_hash
from counterfoil.policy.document import Issuer, PolicyDocument
from counterfoil.receipt.chain_head import SignedChainHead, sign_chain_head
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.transparent import attach_receipts, parse_transparent_statement
from counterfoil.receipt.tree_head import TreeHead, sign_head
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import DecisionRecord, decision_digest, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import EventType, Role
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast, hash_of
from tests.log.material import next_policy
from tests.trace_events import DATA

Files = dict[str, bytes]
MANIFEST = "evidence/manifest.json"


@dataclass
class Scene:
    """A log with one engagement on it, the evidence of that, and the ids of all entries."""

    world: World
    cast: Cast
    log: LocalLog
    evidence: Evidence
    leaves: list[bytes]

    @cached_property
    def files(self) -> Files:
        return dict(case_files(self.evidence, (), "test"))

    def evidence_at(self, size: int, root: str | None = None) -> Evidence:
        return evidence_at(self.world, self.log, self.cast.root if root is None else root, size)


def with_manifest(files: Mapping[str, bytes]) -> Files:
    """The same files with a manifest that fits them."""
    rest = {name: content for name, content in files.items() if name != MANIFEST}
    evidence = [(name, content) for name, content in rest.items() if name.startswith("evidence/")]
    return {**rest, MANIFEST: manifest_of(evidence)}


def evidence_at(world: World, log: LocalLog, root: str, size: int) -> Evidence:
    tree = log.store.tree_head(size)
    head = log.store.chain(chain_id(root))
    assert tree is not None
    assert head is not None
    chain = chain_as_of(log.store, head, tree.size)
    assert chain is not None
    signer = world.signers[KeyPurpose.CHECKPOINT]
    notes = partial(sign_notes, signer, world.identity.origin, tree)
    return read_case_evidence(log.store, log.receipts, log.genesis, tree, chain, notes)


class AnyAlgorithm(Cast):
    """Parties in a policy that admits every algorithm their keys are used with."""

    def policy(self, *others: Issuer) -> PolicyDocument:
        names = {signer.algorithm.name for signer in self.signers.values()}
        return replace(super().policy(*others), algorithms=frozenset(names))


def cast_of_all_algorithms(**more: str) -> Cast:
    """Parties whose keys are of every kind; ``more`` names other algorithms by role."""
    algorithms = {"agent": "ES384", "buyer": "EdDSA", "reviewer": "PS256", "arbitrator": "ES512", **more}
    return AnyAlgorithm(signers={role: generate_private_key(algorithms.get(role, "ES256")) for role in Role})


def build_scene(cast: Cast, *, findings: bool = True) -> Scene:
    """An engagement under two policies, with strangers' entries between, and with statements that are no events."""
    world = World(MemoryStore())
    world.policy = cast.policy(issuer_of(world.agent))
    world.found()
    return asyncio.run(_play(world, cast, findings=findings))


async def _play(world: World, cast: Cast, *, findings: bool) -> Scene:
    log = world.open()
    say, kinds = cast.say, EventType
    first = say(kinds.ACTION)
    formation = say(kinds.FORMATION)
    story = [formation, first, sign_statement(world.agent, subject="another engagement")]
    story.append(say(kinds.ACTION, refs=[("parent", hash_of(first))], previous=hash_of(first).hex()))
    for statement in story:
        await register(statement, log)
    await register(next_policy(world), log)
    world.clock.now += 60
    later = [say(kinds.OBSERVATION), say(kinds.DISPUTE, refs=[("evidence", hash_of(first))])]
    later.append(say(kinds.DISPUTE, role=Role.ARBITRATOR, data=DATA[kinds.DISPUTE]))
    text = "no JSON \u202e\x1b[2J".encode()
    if findings:
        later.append(sign_statement(world.agent, text, subject=cast.root, content_type="text/plain"))
        later.append(sign_statement(world.agent, b'{"a": 1.0, "b": -0, "c": 1e20, "d": true}', subject=cast.root))
    later.append(sign_statement(world.agent, subject="another engagement"))
    for statement in later:
        await register(statement, log)
    head = log.head()
    entries = [log.store.content(number) for number in range(head.tree.size)]
    leaves = [sha256(entry.statement).digest() for entry in entries if entry is not None]
    await log.close()
    return Scene(world, cast, log, evidence_at(world, log, cast.root, head.tree.size), leaves)


@dataclass
class Forgery:
    """What a log could sign, were it dishonest: other statements, decisions, policies or genesis at some numbers.

    ``numbers`` are the entries that it shows, in that order.
    """

    scene: Scene
    statements: dict[int, bytes] = field(default_factory=dict)
    decisions: dict[int, bytes] = field(default_factory=dict)
    origin: str | None = None
    numbers: Sequence[int] | None = None

    def decide(self, number: int, **changes: Any) -> "Forgery":
        """Another decision on an entry, in the encoding of one."""
        exhibit = next(one for one in self.scene.evidence.exhibits if one.number == number)
        record: DecisionRecord = parse_decision_record(exhibit.decision)
        self.decisions[number] = replace(record, **changes).encode()
        return self

    def evidence(self) -> Evidence:
        old, world = self.scene.evidence, self.scene.world
        leaves = [sha256(self.statements[n]).digest() if n in self.statements else leaf for n, leaf in self._leaves()]
        tree = TreeHead(TreeSize(len(leaves)), root_by_letter(leaves), old.frame.tree.time)
        signer = world.signers[KeyPurpose.RECEIPT]
        signed = SignedHead(world.identity, tree, signer.public_key, sign_head(signer, world.identity, tree))

        def receipt(number: int) -> bytes:
            return signed.inclusion_receipt(number, path_by_letter(leaves, number))

        exhibits, last = list[Exhibit](), empty_chain_hash(world.identity.origin, old.frame.root_trace_id)
        by_number = {one.number: one for one in old.exhibits}
        for number in by_number if self.numbers is None else self.numbers:
            one, entry_id = by_number[number], StatementHash(leaves[number])
            decision = self.decisions.get(number, one.decision)
            last = chain_hash(last, entry_id, decision_digest(decision))
            exhibits.append(replace(
                one, sequence=len(exhibits), entry_id=entry_id, chain_hash=last, decision=decision,
                statement=self.statements.get(number, one.statement), receipt=receipt(number),
            ))  # fmt: skip
        origin = world.identity.origin if self.origin is None else self.origin
        note = Checkpoint(origin, tree.size, tree.root)
        whole = SignedChainHead(origin, tree.size, tree.root, chain_id(old.frame.root_trace_id), len(exhibits), last)
        genesis = self.statements.get(1) or parse_transparent_statement(old.genesis).statement.encoded
        policies = [
            replace(one, statement=self.statements.get(one.number, one.statement), receipt=receipt(one.number))
            for one in old.policies
        ]
        enrolments = [
            OwnEntry(
                one.number,
                self.statements.get(one.number, one.statement),
                self.decisions.get(one.number, one.decision),
                receipt(one.number),
            )
            for one in old.enrolments
        ]
        own, said = list[OwnEntry](), empty_chain_hash(origin, world.identity.policy_subject)
        for each in old.announcements.entries:
            decision = self.decisions.get(each.number, each.decision)
            said = chain_hash(said, StatementHash(leaves[each.number]), decision_digest(decision))
            statement = self.statements.get(each.number, each.statement)
            own.append(OwnEntry(each.number, statement, decision, receipt(each.number)))
        itself = SignedChainHead(origin, tree.size, tree.root, chain_id(world.identity.policy_subject), len(own), said)
        of_itself = sign_chain_head(world.signers[KeyPurpose.CHECKPOINT], itself).encode()
        return replace(
            old, frame=replace(old.frame, tree=tree), exhibits=exhibits, policies=policies,
            announcements=Announcements(tuple(own), of_itself), enrolments=enrolments,
            genesis=attach_receipts(genesis, [receipt(1)]),
            checkpoint=sign_checkpoint(world.signers[KeyPurpose.CHECKPOINT], note).encode(),
            chain_head=sign_chain_head(world.signers[KeyPurpose.CHECKPOINT], whole).encode(),
        )  # fmt: skip

    def files(self) -> Files:
        """The case file of it; where its statements cannot even be read, with the documents of the honest one."""
        evidence = self.evidence()
        try:
            read_evidence(evidence)
            return dict(case_files(evidence, (), "test"))
        except CounterfoilError:
            return self._raw(evidence)

    def _leaves(self) -> list[tuple[int, bytes]]:
        return list(enumerate(self.scene.leaves))

    def _raw(self, evidence: Evidence) -> Files:
        files = dict(self.scene.files)
        old = {one.number: one for one in self.scene.evidence.exhibits}
        case = files["evidence/case.json"]
        for one in evidence.exhibits:
            where = f"evidence/entries/{one.number:012d}"
            files[f"{where}.statement.cose"] = one.statement or b""
            files[f"{where}.decision.cbor"] = one.decision
            files[f"{where}.receipt.cose"] = one.receipt
            case = case.replace(old[one.number].entry_id.hex().encode(), one.entry_id.hex().encode())
        for policy in evidence.policies:
            files[f"evidence/policies/{policy.number:012d}.statement.cose"] = policy.statement
            files[f"evidence/policies/{policy.number:012d}.receipt.cose"] = policy.receipt
        for each in evidence.enrolments:
            files[f"evidence/enrolments/{each.number:012d}.statement.cose"] = each.statement
            files[f"evidence/enrolments/{each.number:012d}.decision.cbor"] = each.decision
            files[f"evidence/enrolments/{each.number:012d}.receipt.cose"] = each.receipt
        for own in evidence.announcements.entries:
            files[f"evidence/log-keys/{own.number:012d}.statement.cose"] = own.statement
            files[f"evidence/log-keys/{own.number:012d}.decision.cbor"] = own.decision
            files[f"evidence/log-keys/{own.number:012d}.receipt.cose"] = own.receipt
        files["evidence/log-keys/chain-head.txt"] = evidence.announcements.chain_head
        files["evidence/case.json"] = case
        files["evidence/genesis.cose"], files["evidence/checkpoint.txt"] = evidence.genesis, evidence.checkpoint
        files["evidence/chain-head.txt"] = evidence.chain_head
        return with_manifest(files)


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def root_by_letter(leaves: Sequence[bytes]) -> NodeHash:
    """RFC 9162, section 2.1.1, by its letter."""
    if len(leaves) == 1:
        return NodeHash(leaf_hash(leaves[0]))
    at = _split(len(leaves))
    return node_hash(root_by_letter(leaves[:at]), root_by_letter(leaves[at:]))


def path_by_letter(leaves: Sequence[bytes], index: int) -> list[NodeHash]:
    """RFC 9162, section 2.1.3.1, by its letter."""
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*path_by_letter(leaves[:at], index), root_by_letter(leaves[at:])]
    return [*path_by_letter(leaves[at:], index - at), root_by_letter(leaves[:at])]
