"""Case files of engagements whose writers show what hardware they run on, with both verifiers."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.carried import Carried
from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.case.build import OwnEntry, case_files
from counterfoil.case.verify import verify_case
from counterfoil.case.views.timeline_html import timeline_html
from counterfoil.case.views.timeline_pdf import timeline_pdf
from counterfoil.cose import labels
from counterfoil.cose.cose_key import encode_cose_key
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import encode_json
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE, CollateralKind, CollateralNotice
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import RecordedGrade, RecordedStatus, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import ChainLink, log_keys_of_genesis, verify_chain
from counterfoil.verify.not_established import ATTESTED, ENROLLED, EVIDENCE_UNJUDGED
from tests.attested import ATTESTED as HARDWARE_ISSUER
from tests.attested import Machine
from tests.attested_log import (
    AFTER,
    CARRIES,
    ENROLMENT,
    OTHER_ENROLMENT,
    PLATFORM,
    UNATTESTED,
    UNDER,
    UNDER_OTHER,
    machines_of,
    play,
)
from tests.builders import SUBJECT, World
from tests.case_scenes import Files, Forgery, Scene, evidence_at, with_manifest
from tests.events import Cast
from tests.unit.case.test_standalone import both_fail, both_pass, script, verdict_here, verdict_there, zipped


@pytest.fixture(scope="module")
def machines(made: tuple[Scene, tuple[Machine, Machine]]) -> tuple[Machine, Machine]:
    return made[1]


@pytest.fixture(scope="module")
def scene(made: tuple[Scene, tuple[Machine, Machine]]) -> Scene:
    return made[0]


@pytest.fixture(scope="module")
def made() -> tuple[Scene, tuple[Machine, Machine]]:
    world = World(MemoryStore()).found()
    machines = machines_of(world)
    asyncio.run(play(world, machines))
    log = world.open()
    size = log.head().tree.size
    contents = [log.store.content(number) for number in range(size)]
    leaves = [sha256(content.statement).digest() for content in contents if content is not None]
    return Scene(world, Cast(SUBJECT), log, evidence_at(world, log, SUBJECT, size), leaves), machines


def of_enrolment(number: int, what: str) -> str:
    return f"evidence/enrolments/{number:012d}.{what}"


def test_both_pass_it_and_say_what_they_leave_open(scene: Scene) -> None:
    both_pass(scene.files, "PASS")
    data = zipped(scene.files)
    assert {ATTESTED, ENROLLED} <= set(verify_case(data).not_established)
    assert script.HARDWARE in script.verify_case(data)["notShown"]


def test_the_enrolments_that_decisions_name_are_there_once(scene: Scene) -> None:
    there = [name for name in scene.files if name.startswith("evidence/enrolments/")]
    kinds = ("statement.cose", "decision.cbor", "receipt.cose")
    assert there == [of_enrolment(number, kind) for number in (ENROLMENT, OTHER_ENROLMENT) for kind in kinds]


def test_an_entry_says_how_its_key_is_bound(scene: Scene) -> None:
    bound = {"grade": "key-bound", "status": "affirming"}
    expected: dict[int, dict[str, Any]] = {
        UNDER: {**bound, "enrolment": ENROLMENT},
        UNDER_OTHER: {**bound, "enrolment": OTHER_ENROLMENT},
        CARRIES: {**bound, "enrolment": None},
        UNATTESTED: {"grade": "unattested"},
        AFTER: {**bound, "enrolment": ENROLMENT},
    }
    for number, attestation in expected.items():
        document = json.loads(scene.files[f"evidence/entries/{number:012d}.json"])
        assert document["decision"]["attestation"] == attestation


def test_views_say_it(scene: Scene) -> None:
    files = dict(case_files(scene.evidence, (("html", timeline_html), ("pdf", timeline_pdf)), "test"))
    assert b"Attested hardware" in files["html"]
    assert b"key-bound, affirming, by the enrolment in entry 3" in files["html"]
    assert b"key-bound, affirming, by its own evidence" in files["html"]
    assert files["pdf"].startswith(b"%PDF")


def test_the_evidence_is_the_same_to_the_byte_each_time(scene: Scene) -> None:
    assert dict(case_files(scene.evidence_at(AFTER + 1), (), "test")) == scene.files


@pytest.mark.parametrize(
    ("number", "changes", "reason"),
    [
        (AFTER, {"enrolment": OTHER_ENROLMENT}, "of another key or issuer"),
        (UNDER, {"enrolment": OTHER_ENROLMENT}, "not before it"),
        (UNDER, {"enrolment": UNDER_OTHER}, "missing|not before it"),
        (UNDER, {"enrolment": None}, "no usable key"),
        (CARRIES, {"enrolment": ENROLMENT}, None),
        (UNDER, {"grade": RecordedGrade.PLATFORM_ATTESTED}, None),
        (UNDER, {"status": RecordedStatus.WARNING}, None),
        (UNDER, {"appraisal_digest": bytes(32)}, None),
        (UNDER, {"collateral_digest": None}, None),
        (CARRIES, {"appraisal_digest": bytes(32)}, None),
        (ENROLMENT, {"appraisal_digest": bytes(32)}, None),
        (ENROLMENT, {"head_time": 1}, None),
        (ENROLMENT, {"number": UNDER}, "decided on as entry 4"),
        (ENROLMENT, {"enrolment": 1}, "not that on an enrolment"),
        (ENROLMENT, {"policy_entry": 0}, "its policy was not in force"),
        (ENROLMENT, {"key_thumbprint": bytes(32)}, "no usable key"),
    ],
)
def test_a_record_that_says_otherwise(scene: Scene, number: int, changes: dict[str, Any], reason: str | None) -> None:
    """Where no reason is given, only whoever appraises again can tell."""
    files = Forgery(scene, decisions={number: changed(scene, number, changes)}).files()
    if reason is None:
        assert (verdict_here(zipped(files)), verdict_there(zipped(files))) == ("PASS", None)
    else:
        both_fail(files, reason)


def changed(scene: Scene, number: int, changes: dict[str, Any]) -> bytes:
    every = {one.number: one.decision for one in scene.evidence.exhibits}
    every |= {one.number: one.decision for one in scene.evidence.enrolments}
    record = parse_decision_record(every[number])
    assert record.attested is not None
    named = {name: changes[name] for name in changes if name in {"grade", "status", "enrolment"}}
    others = {name: changes[name] for name in changes if name not in named}
    return replace(record, attested=replace(record.attested, **named), **others).encode()


def test_a_key_that_is_called_unattested(scene: Scene) -> None:
    every = {one.number: parse_decision_record(one.decision) for one in scene.evidence.exhibits}
    short = replace(every[UNDER], attested=None, appraisal_digest=None, collateral_digest=None)
    both_fail(Forgery(scene, decisions={UNDER: short.encode()}).files(), "no usable key")
    long = replace(every[UNATTESTED], attested=every[CARRIES].attested)
    files = Forgery(scene, decisions={UNATTESTED: long.encode()}).files()
    assert verdict_there(zipped(files)) is None


def carrying(machine: Machine, challenge: bytes, **changes: Any) -> bytes:
    nonce = sha256(challenge).digest()
    shown = machine.evidence(enrolment_binding(nonce, machine.kid))
    return machine.enrolment(challenge, evidence=changes.pop("evidence", shown), **changes)


FORGED: list[tuple[str, Callable[[Machine, Machine], bytes], str | None]] = [
    ("of another measurement", lambda one, _: one.enrolment(one.challenge(), evidence=one.evidence(bytes(64))), None),
    ("of another key", lambda _, other: carrying(other, other.challenge()), "no usable key"),
    ("of another issuer", lambda one, _: carrying(one, one.challenge(), issuer="https://agent.example"), "no usable"),
    ("without the key", lambda one, _: carrying(one, one.challenge(), carry_key=False), "no usable key"),
    ("no enrolment", lambda one, _: one.statement(), "no enrolment of this log"),
]


@pytest.mark.parametrize(("make", "reason"), [one[1:] for one in FORGED], ids=[one[0] for one in FORGED])
def test_another_statement_in_the_place_of_an_enrolment(
    scene: Scene, machines: tuple[Machine, Machine], make: Callable[[Machine, Machine], bytes], reason: str | None
) -> None:
    files = Forgery(scene, {ENROLMENT: make(*machines)}).files()
    if reason is None:
        assert verdict_there(zipped(files)) is None
    else:
        both_fail(files, reason)


def test_a_signature_of_an_enrolment_that_nobody_made(scene: Scene) -> None:
    (data,) = (one.statement for one in scene.evidence.enrolments if one.number == ENROLMENT)
    flipped = data[:-1] + bytes((data[-1] ^ 1,))
    both_fail(Forgery(scene, {ENROLMENT: flipped}).files(), "enrolment 3: the signature is not by that key")


def test_what_does_not_come_as_evidence_does(scene: Scene) -> None:
    (data,) = (one for one in scene.evidence.enrolments if one.number == ENROLMENT)
    key = generate_private_key("ES256").public_key
    payload = encode({"evidence": b"", "key": encode_cose_key(key, kid=b"1")})
    for carried in (None, b"\xa0", encode({"evidence": 1}), encode({"evidence": b"", "more": b""}), payload):
        with pytest.raises(script.Failed):
            script.carried_key(carried)
    assert script.carried_key(encode({"evidence": b""})) is None
    assert data.number == ENROLMENT


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "PS256"])
def test_the_script_reads_the_keys_that_evidence_comes_with(algorithm: str) -> None:
    key = generate_private_key(algorithm).public_key
    assert script.read_cose_key(encode_cose_key(key)).thumbprint == key.thumbprint
    members = script.read_cbor(encode_cose_key(key, kid=b"more"))
    assert script.named_key(members).thumbprint == key.thumbprint  # As in the header of an attested service.
    assert (labels.ATTESTATION, labels.ATTESTED_SERVICE) == (script.ATTESTATION, script.SERVICE)


@pytest.mark.parametrize("members", [None, {}, {1: 2, -1: 9, -2: b"", -3: b""}, {1: 4, -1: b"secret"}])
def test_what_is_no_key_that_the_script_can_use(members: object) -> None:
    with pytest.raises(script.Failed):
        script.named_key(members)


def test_a_service_of_microsofts_names_its_key_in_its_header(machines: tuple[Machine, Machine]) -> None:
    key = machines[0].signer.public_key
    header = {script.SERVICE: {"cose_key": dict(script.read_cbor(encode_cose_key(key)))}}
    message = script.Message(b"", header, {}, {}, b"", b"", b"")
    decision = script.Decision(7, 0, key.thumbprint, 1, None, None, None, None, 2, 2)
    case = object.__new__(script.Case)
    assert case.shown_key(message, decision).thumbprint == key.thumbprint
    assert case.shown_key(message, decision._replace(grade=None)) is None


def test_the_files_of_an_enrolment_are_missing_or_too_many(scene: Scene) -> None:
    for what in ("statement.cose", "decision.cbor", "receipt.cose"):
        name = of_enrolment(ENROLMENT, what)
        both_fail(with_manifest({one: file for one, file in scene.files.items() if one != name}), "missing|other files")
    extra: Files = {
        of_enrolment(UNDER, what): scene.files[of_enrolment(ENROLMENT, what)] for what in ("decision.cbor",)
    }
    both_fail(with_manifest({**scene.files, **extra}), "other files")
    one = next(one for one in scene.evidence.exhibits if one.number == UNDER)
    more = [*scene.evidence.enrolments, OwnEntry(UNDER, one.statement or b"", one.decision, one.receipt)]
    assert verdict_there(zipped(dict(case_files(replace(scene.evidence, enrolments=more), (), "test")))) is None


def test_every_byte_of_an_enrolment_counts(scene: Scene) -> None:
    for what in ("statement.cose", "decision.cbor", "receipt.cose"):
        name = of_enrolment(ENROLMENT, what)
        content = scene.files[name]
        for at in {0, len(content) // 2, len(content) - 1}:
            spoilt = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]
            files = with_manifest({**scene.files, name: spoilt})
            assert verdict_there(zipped(files)) is None
            if what != "decision.cbor":
                assert not verdict_here(zipped(files)).startswith("PASS")


def test_collateral_that_the_log_holds_is_passed_over_where_its_time_is_not_known() -> None:
    world = World(MemoryStore()).found()
    asyncio.run(play(world, machines_of(world)))
    document = PLATFORM.collateral()
    about = dcap_about(parse_dcap_collateral(document))
    notices = {
        KeyPurpose.SERVICE: CollateralNotice(CollateralKind.DCAP, about, document),
        KeyPurpose.OPERATOR: CollateralNotice(CollateralKind.KEYS, "https://tokens.example", key_set()),
    }

    async def load() -> None:
        log, identity = world.open(), world.identity
        for purpose, notice in notices.items():
            signer, subject, now = world.signers[purpose], identity.policy_subject, world.clock()
            data = sign_own_statement(signer, identity, subject, COLLATERAL_CONTENT_TYPE, notice.encode(), now)
            await register(data, log)
        await log.close()

    asyncio.run(load())
    log = world.open()
    evidence = evidence_at(world, log, SUBJECT, log.head().tree.size)
    both_pass(dict(case_files(evidence, (), "test")), "PASS")


def key_set() -> bytes:
    key = generate_private_key("EdDSA").public_key
    return encode_json({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(_raw(key)), "kid": "1"}]})


def _raw(key: PublicKey) -> bytes:
    raw = script.read_cbor(encode_cose_key(key))[-2]
    assert isinstance(raw, bytes)
    return raw


def test_evidence_of_its_own_carries_the_key(scene: Scene, machines: tuple[Machine, Machine]) -> None:
    machine, other = machines
    bare = machine.carrying(machine.evidence(machine.kid.ljust(64, b"\0")), carry_key=False)
    both_fail(Forgery(scene, {CARRIES: bare}).files(), "no usable key")
    foreign = other.carrying(other.evidence(other.kid.ljust(64, b"\0")))
    both_fail(Forgery(scene, {CARRIES: foreign}).files(), "no usable key")
    assert Carried(machine.evidence(bytes(64))).key is None
    assert EVIDENCE_UNJUDGED


def test_a_chain_that_is_verified_without_appraising_says_so(scene: Scene) -> None:
    evidence = scene.evidence
    links = [ChainLink(one.statement or b"", one.decision, one.receipt) for one in evidence.exhibits]
    keys = log_keys_of_genesis(scene.log.genesis)
    verified = verify_chain(SUBJECT, links, evidence.exhibits[-1].chain_hash, keys)
    assert EVIDENCE_UNJUDGED in verified.not_established


def test_the_script_asks_that_kid_names_the_key_with_the_evidence(machines: tuple[Machine, Machine]) -> None:
    key = script.read_cose_key(encode_cose_key(machines[0].signer.public_key))
    header = {labels.ALG: -7, labels.KID: b"another name", labels.CWT_CLAIMS: {}}
    message = script.Message(b"", header, {labels.CWT_ISS: HARDWARE_ISSUER}, {}, b"", b"", b"")
    decision = script.Decision(7, 0, key.thumbprint, 1, None, None, None, None, 2, 2)
    own = object.__new__(script.OwnChain)
    own.log = script.Log("log.example/agents", "https://log.example/agents", {}, b"", b"")
    with pytest.raises(script.Failed, match="kid is not the thumbprint"):
        script.check_signer(message, decision, script.Policy({}, set(), {HARDWARE_ISSUER}), own, [], key)
