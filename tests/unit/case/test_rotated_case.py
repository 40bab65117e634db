"""Case files of a log whose receipt key was exchanged: both verifiers follow what the log announced and no more."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.case.build import Evidence, case_files
from counterfoil.case.verify import verify_case
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import CounterfoilError, LogKeyUnknownError, ReceiptKeyCompromisedError
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.anchors import Operators
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE, CollateralKind, CollateralNotice
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import RECEIPT_KEY_CONTENT_TYPE, announce_receipt_key
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import LogKeys, log_keys_of, verify_genesis
from tests.builders import World, issuer_of
from tests.case_scenes import Files, evidence_at, with_manifest
from tests.events import Cast
from tests.intel_quotes import make_platform
from tests.key_notices import announcement, compromise, own_statement, retirement, revocation
from tests.log.material import following, next_policy, policy_statement
from tests.unit.case.test_standalone import both_fail, both_pass, verdict_here, zipped

ANNOUNCED, RETIRED, POLICY = 4, 6, 7


@dataclass
class Told:
    """A log with one engagement on it, whose receipt key is exchanged in the middle of it."""

    world: World
    cast: Cast
    second: LocalSigner

    @property
    def first(self) -> LocalSigner:
        return self.world.signers[KeyPurpose.RECEIPT]

    def open(self, key: LocalSigner) -> LocalLog:
        return replace(self.world, signers={**self.world.signers, KeyPurpose.RECEIPT: key}).open()

    def add(self, key: LocalSigner, statement: bytes) -> None:
        self.world.clock.now += 1
        asyncio.run(register(statement, self.open(key)))

    def evidence(self, size: int | None = None) -> Evidence:
        log = self.open(self.second)
        return evidence_at(self.world, log, self.cast.root, log.head().tree.size if size is None else size)

    def files(self, size: int | None = None) -> Files:
        return dict(case_files(self.evidence(size), (), "test"))


def tell(world: World | None = None) -> Told:
    """Entries: 2 FORMATION, 3 ACTION, 4 announcement, 5 OBSERVATION, 6 retirement, 7 policy, 8 ACTION."""
    cast, made = Cast(), World(MemoryStore()) if world is None else world
    made.policy = cast.policy(issuer_of(made.agent))
    told = Told(made.found(), cast, generate_private_key("ES256"))
    told.add(told.first, cast.say(EventType.FORMATION))
    told.add(told.first, cast.say(EventType.ACTION))
    told.add(told.first, announcement(made, told.second))
    told.add(told.first, cast.say(EventType.OBSERVATION))
    told.add(told.second, retirement(made, told.first))
    told.add(told.second, next_policy(made))
    told.add(told.second, cast.say(EventType.ACTION))
    return told


TOLD = tell()
FILES = TOLD.files()
CASE = zipped(FILES)
GENESIS = verify_genesis(TOLD.evidence(ANNOUNCED).genesis)


HEAD = "evidence/log-keys/chain-head.txt"


def of(number: int, what: str = "statement.cose") -> str:
    return f"evidence/log-keys/{number:012d}.{what}"


def with_file(name: str, content: bytes | None) -> Files:
    """The case with one file changed or left out, and a manifest that fits."""
    rest = {one: data for one, data in FILES.items() if one != name or content is not None}
    return with_manifest(rest if content is None else {**rest, name: content})


def test_a_case_by_an_announced_key_carries_what_leads_to_it_and_both_pass_it() -> None:
    notices = [name for name in FILES if "log-keys" in name]
    whats = ("statement.cose", "decision.cbor", "receipt.cose")
    assert notices == [*(of(number, what) for number in (0, 1, ANNOUNCED, RETIRED, POLICY) for what in whats), HEAD]
    both_pass(FILES, "PASS")
    assert verdict_here(CASE, GENESIS.statement.entry_id.hex()) == "PASS"
    for trusted, pinned in ((GENESIS.log_keys, GENESIS.genesis), (log_keys_of(TOLD.second.public_key), None)):
        assert verify_case(CASE, trusted, pinned).genesis_id == GENESIS.statement.entry_id


@pytest.mark.parametrize("size", [4, 5, 6])
def test_a_case_from_before_is_by_the_first_key(size: int) -> None:
    evidence, files = TOLD.evidence(size), TOLD.files(size)
    assert [one.number for one in evidence.announcements.entries] == [n for n in (0, 1, ANNOUNCED) if n < size]
    assert TOLD.first.public_key.thumbprint in evidence.keys
    both_pass(files, "PASS")


def test_of_the_announcements_none_is_missing_moved_or_changed() -> None:
    both_fail(with_file(HEAD, None), "is missing")
    both_fail(with_file(HEAD, FILES["evidence/chain-head.txt"]), "about another log, tree or engagement")
    for number in (0, 1, ANNOUNCED, RETIRED, POLICY):
        both_fail(
            with_file(
                of(number, "decision.cbor"), FILES[of(RETIRED if number == ANNOUNCED else ANNOUNCED, "decision.cbor")]
            ),
            "on another one",
        )
        without = {name: content for name, content in FILES.items() if f"log-keys/{number:012d}" not in name}
        both_fail(with_manifest(without), "counts other|did not announce|in force any more|another genesis")
        both_fail(with_file(of(number, "receipt.cose"), None), "is missing|lists other files")
    both_fail(with_manifest({n: c for n, c in FILES.items() if "log-keys" not in n}), "or not there")
    moved = {name.replace(f"log-keys/{RETIRED:012d}", "log-keys/000000000005"): c for name, c in FILES.items()}
    both_fail(with_manifest(moved), "on another one")
    for name in [name for name in FILES if "log-keys" in name]:
        broken = bytearray(FILES[name])
        broken[len(broken) // 2] ^= 1
        both_fail(with_file(name, bytes(broken)), ".")
    both_fail(with_file("evidence/log-keys/000000000008.json", b"{}"), "lists other files")


def _possession(**changes: Any) -> bytes:
    notice = announce_receipt_key(TOLD.second, TOLD.world.identity)
    return own_statement(TOLD.world, RECEIPT_KEY_CONTENT_TYPE, replace(notice, **changes).encode())


THIEF = generate_private_key("ES256")


def by(purpose: KeyPurpose) -> bytes:
    return announcement(TOLD.world, TOLD.second, TOLD.world.signers[purpose])


def _other_possession() -> bytes:
    return announce_receipt_key(THIEF, TOLD.world.identity).possession


def policy_by_thief() -> bytes:
    usurper = replace(TOLD.world, signers={**TOLD.world.signers, KeyPurpose.OPERATOR: THIEF})
    assert usurper.policy is not None
    return policy_statement(usurper, usurper.policy)


FORGED: Mapping[str, tuple[int, Callable[[], bytes], str]] = {
    "by the service": (ANNOUNCED, lambda: by(KeyPurpose.SERVICE), "not by that key"),
    "by the receipt key": (ANNOUNCED, lambda: by(KeyPurpose.RECEIPT), "not by that key"),
    "by a thief": (ANNOUNCED, lambda: announcement(TOLD.world, TOLD.second, THIEF), "not by that key"),
    "of another key": (ANNOUNCED, lambda: announcement(TOLD.world, THIEF), "did not announce"),
    "held by nobody": (ANNOUNCED, lambda: _possession(possession=bytes(64)), "not by that key"),
    "held by another": (ANNOUNCED, lambda: _possession(possession=_other_possession()), "not by that key"),
    "of a key in use": (ANNOUNCED, lambda: announcement(TOLD.world, TOLD.world.signers[KeyPurpose.SERVICE]), "a use"),
    "its end before the receipts": (RETIRED, lambda: retirement(TOLD.world, TOLD.second), "or that has ended"),
    "the end of it": (POLICY, lambda: retirement(TOLD.world, TOLD.second), "in force any more"),
    "its compromise": (POLICY, lambda: compromise(TOLD.world, TOLD.second), "in force any more"),
    "the end of none": (POLICY, lambda: retirement(TOLD.world, THIEF), "not the log's"),
    "garbage": (POLICY, lambda: own_statement(TOLD.world, RECEIPT_KEY_CONTENT_TYPE, b"{}"), "cannot be read"),
    "misspelled": (
        POLICY,
        lambda: own_statement(TOLD.world, RECEIPT_KEY_CONTENT_TYPE, b'{"format": 1,"act":"retire","kid":"x"}'),
        "misspelled",
    ),
    "another chain's": (POLICY, lambda: FILES["evidence/entries/000000000003.statement.cose"], "not of the log's own"),
    "another policy": (POLICY, policy_by_thief, "not by that key"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_announcement_is_none(forged: str) -> None:
    number, statement, reason = FORGED[forged]
    both_fail(with_file(of(number), statement()), reason)


def test_operators_who_changed_are_followed() -> None:
    told = tell()
    operators = (told.world.signers[KeyPurpose.OPERATOR].public_key, THIEF.public_key)
    assert told.world.policy is not None
    changed = replace(following(told.world, told.world.policy), operators=Operators(operators, 1))
    told.add(told.second, policy_statement(told.world, changed))
    both_pass(told.files(), "PASS")
    third = generate_private_key("ES256")
    told.add(told.second, announcement(told.world, third, THIEF))
    told.add(third, revocation(told.world, told.world.agent, 1))
    both_pass(told.files(), "PASS")


def test_announcements_are_believed_for_the_genesis_statement_and_for_nothing_less() -> None:
    """Another operator names the log's genuine receipt key in a genesis statement of his own, and announces his key."""
    own = World(MemoryStore()).signers
    impostor = tell(World(MemoryStore(), signers={**own, KeyPurpose.RECEIPT: TOLD.first}))
    data = zipped(impostor.files())
    assert verify_case(data).tree_size == 9
    with pytest.raises(LogKeyUnknownError):
        verify_case(data, GENESIS.log_keys)
    with pytest.raises(LogKeyUnknownError):
        verify_case(data, GENESIS.log_keys, GENESIS.genesis)
    with pytest.raises(LogKeyUnknownError, match="announced in it and not trusted"):
        verify_case(CASE, GENESIS.log_keys)


def test_what_is_known_of_a_compromise_stands_before_what_the_case_says() -> None:
    known = LogKeys(log_keys_of(THIEF.public_key).keys, GENESIS.log_keys.issuer, (TOLD.second.public_key,))
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_case(CASE, known, GENESIS.genesis)
    early = LogKeys(known.keys, known.issuer, (TOLD.first.public_key,))
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_case(zipped(TOLD.files(5)), early, GENESIS.genesis)
    assert verify_case(CASE, early, GENESIS.genesis).tree_size == 9


def test_after_a_compromise_a_case_is_exported_anew() -> None:
    told = tell()
    told.add(told.second, compromise(told.world, told.first))
    both_pass(told.files(), "PASS")
    with pytest.raises(CounterfoilError):
        told.files(5)


def test_a_case_of_a_log_that_loaded_collateral_passes_both() -> None:
    cast, made = Cast(), World(MemoryStore())
    made.policy = cast.policy(issuer_of(made.agent))
    told = Told(made.found(), cast, made.signers[KeyPurpose.RECEIPT])
    document = make_platform().collateral()
    about = dcap_about(parse_dcap_collateral(document))
    told.add(told.first, cast.say(EventType.FORMATION))
    notice = CollateralNotice(CollateralKind.DCAP, about, document)
    told.add(told.first, own_statement(made, COLLATERAL_CONTENT_TYPE, notice.encode()))
    told.add(told.first, cast.say(EventType.ACTION))
    both_pass(told.files(), "PASS")
