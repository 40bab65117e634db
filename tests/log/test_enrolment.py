"""Keys that enrol by what hardware they run on: what the log admits by them."""

import asyncio
from dataclasses import replace
from hashlib import sha256

import pytest

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.binding import Binding, enrolment_binding
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, Carried
from counterfoil.attestation.conveyance.challenge import CHALLENGE_SECONDS, issue_challenge
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.errors import (
    AttestationNotAskedError,
    AttestationRequiredError,
    ChallengeExpiredError,
    ChallengeForeignError,
    ChallengeMissingError,
    ChallengeUsedError,
    ContentTypeNotAdmittedError,
    CounterfoilError,
    IssuerUnknownError,
    KeyIdentifierConflictError,
    KeyNotBoundError,
    KeyOfAnotherIssuerError,
    KeyUnknownError,
    MalformedEvidenceError,
    MeasurementNotAdmittedError,
    PlatformNotAdmittedError,
    SignatureInvalidError,
    SubjectReservedError,
    TooManySessionsError,
    UnverifiedError,
)
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.policy import sessions
from counterfoil.policy.demand import Demand
from counterfoil.register import Registration, admit, register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import Attested, RecordedGrade, RecordedStatus, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.attested import ATTESTED, Machine, appraisal_for, attested_policy, machine_of
from tests.builders import CONTENT_TYPE, ORIGIN, START, World, issuer_of, sign_statement
from tests.intel_quotes import make_platform
from tests.log.enrolment_scene import DAY, PLATFORM, Scene, played
from tests.log.material import require_clean


def test_a_key_enrols_and_signs_from_then_on_by_itself(world: World) -> None:
    async def run() -> None:
        scene = await Scene(world).open()
        await scene.refuses(scene.machine.statement(), KeyUnknownError)
        enrolled = await scene.enrol()
        assert scene.attested(enrolled.number) == Attested(RecordedGrade.KEY_BOUND, RecordedStatus.AFFIRMING)
        later = await scene.register(scene.machine.statement())
        assert scene.attested(later.number) == Attested(
            RecordedGrade.KEY_BOUND, RecordedStatus.AFFIRMING, enrolled.number
        )
        # Another process, and one that starts anew, read the same of the log.
        other = world.open()
        again = await register(scene.machine.statement(), other)
        assert scene.attested(again.number) == scene.attested(later.number)
        rules = read_rules(world.store, read_genesis(world.store), world.head())
        assert rules.sessions == (await scene.log.rules()).sessions
        require_clean(world)

    asyncio.run(run())


@played
async def test_what_is_recorded_is_what_the_evidence_came_to(scene: Scene) -> None:
    await scene.open()
    enrolled, later = await scene.enrol(), await scene.register(scene.machine.statement())
    entries = [scene.world.store.entry(number) for number in (enrolled.number, later.number)]
    records = [parse_decision_record(entry.decision) for entry in entries if entry is not None]
    session = (await scene.log.rules()).sessions.by_key[scene.machine.kid]
    digests = sorted(session.appraisal.claims.collateral)
    assert {record.appraisal_digest for record in records} == {session.appraisal.digest}
    assert len(digests) == 1
    assert {record.collateral_digest for record in records} == {sha256(b"\x81\x58\x20" + digests[0]).digest()}


@played
async def test_a_challenge_is_answered_once_and_in_five_minutes(scene: Scene) -> None:
    await scene.open()
    machine, challenge = scene.machine, scene.machine.challenge()
    await scene.register(machine.enrolment(challenge))
    again = replace(machine, signer=generate_private_key("ES256"))
    await scene.refuses(again.enrolment(challenge), ChallengeUsedError)
    fresh = machine.challenge()
    scene.world.clock.now = START + CHALLENGE_SECONDS + 1
    await scene.refuses(again.enrolment(fresh), ChallengeExpiredError)
    await scene.refuses(again.enrolment(machine.challenge(START + CHALLENGE_SECONDS + 2)), ChallengeExpiredError)
    scene.world.clock.now = START + 2 * CHALLENGE_SECONDS
    await scene.register(again.enrolment(machine.challenge(START + CHALLENGE_SECONDS)))


@played
async def test_the_same_enrolment_again_gets_the_same_receipt(scene: Scene) -> None:
    await scene.open()
    data = scene.machine.enrolment(scene.machine.challenge())
    first = await scene.register(data)
    assert await scene.register(data) == replace(first, new=False)


@played
async def test_of_two_that_answer_one_challenge_at_once_one_is_told(scene: Scene) -> None:
    await scene.open()
    challenge = scene.machine.challenge()
    others = [replace(scene.machine, signer=generate_private_key("ES256")) for _ in range(4)]
    made = [register(one.enrolment(challenge), scene.log) for one in others]
    results = await asyncio.gather(*made, return_exceptions=True)
    assert sum(isinstance(one, Registration) for one in results) == 1
    assert sum(isinstance(one, ChallengeUsedError) for one in results) == 3
    require_clean(scene.world)


@played
async def test_challenges_of_others(scene: Scene) -> None:
    await scene.open()
    machine, stranger = scene.machine, generate_private_key("ES256")
    for challenge in (
        issue_challenge(stranger, ORIGIN, START, bytes(16)).encoded,
        issue_challenge(machine.service, "other.example/log", START, bytes(16)).encoded,
        sign_statement(machine.service),
        b"",
        b"x" * 10_000,
    ):
        await scene.refuses(machine.enrolment(challenge, evidence=machine.evidence(bytes(64))), CounterfoilError)
    payload = Carried(machine.evidence(bytes(64)), machine.signer.public_key).encode()
    await scene.refuses(enrolment_of(machine, payload), ChallengeMissingError)
    given = issue_challenge(stranger, ORIGIN, START, bytes(16)).encoded
    await scene.refuses(machine.enrolment(given), ChallengeForeignError)


def enrolment_of(
    machine: Machine, payload: bytes, *, issuer: str = ATTESTED, subject: str = f"https://{ORIGIN}#enrolments"
) -> bytes:
    return sign_statement(machine.signer, payload, issuer=issuer, subject=subject, content_type=ENROLMENT_CONTENT_TYPE)


@played
async def test_evidence_that_binds_something_else(scene: Scene) -> None:
    await scene.open()
    machine, other = scene.machine, machine_of(scene.world, PLATFORM)
    challenge = machine.challenge()
    nonce = sha256(challenge).digest()
    bound = enrolment_binding(nonce, machine.kid)
    for report_data in (
        bytes(64),
        enrolment_binding(nonce, other.kid),
        enrolment_binding(bytes(32), machine.kid),
        bound[:63] + bytes([bound[63] ^ 1]),
        enrolment_binding(nonce, machine.kid, size=32) + bytes(32),
        machine.kid + bytes(32),
    ):
        await scene.refuses(machine.enrolment(challenge, evidence=machine.evidence(report_data)), KeyNotBoundError)


@played
async def test_evidence_that_does_not_satisfy_or_does_not_hold(scene: Scene) -> None:
    await scene.open()
    machine, challenge = scene.machine, scene.machine.challenge()
    bound = enrolment_binding(sha256(challenge).digest(), machine.kid)
    good = machine.evidence(bound)
    quote = good.part("quote")
    broken = {
        MeasurementNotAdmittedError: machine.evidence(bound, mrtd=b"\x07" * 48),
        PlatformNotAdmittedError: Evidence(Platform.INTEL_SGX, {"quote": PLATFORM.sgx_quote()}),
        UnverifiedError: Evidence(Platform.INTEL_TDX, {**good.parts, "quote": quote[:200] + b"\x55" + quote[201:]}),
    }
    for error, evidence in broken.items():
        await scene.refuses(machine.enrolment(challenge, evidence=evidence), error)
    elsewhere = replace(machine, platform=make_platform())
    await scene.refuses(elsewhere.enrolment(challenge), UnverifiedError)
    scene.world.clock.now = START + 400 * DAY
    late = machine.challenge(scene.world.clock())
    await scene.refuses(machine.enrolment(late), UnverifiedError)


@played
async def test_an_enrolment_stands_in_its_chain_and_nothing_else_does(scene: Scene) -> None:
    await scene.open()
    machine, challenge = scene.machine, scene.machine.challenge()
    bound = enrolment_binding(sha256(challenge).digest(), machine.kid)
    payload = Carried(machine.evidence(bound), machine.signer.public_key, challenge).encode()
    for subject in ("urn:x", f"https://{ORIGIN}#policy", f"https://{ORIGIN}#pages", f"https://{ORIGIN}"):
        await scene.refuses(enrolment_of(machine, payload, subject=subject), SubjectReservedError)
    await scene.refuses(enrolment_of(machine, payload, issuer="https://nobody.example"), IssuerUnknownError)
    agent = sign_statement(scene.world.agent, subject=f"https://{ORIGIN}#enrolments")
    await scene.refuses(agent, SubjectReservedError)


@played
async def test_a_payload_that_is_none(scene: Scene) -> None:
    await scene.open()
    listed = replace(scene.machine, signer=scene.world.agent)
    good = Carried(listed.evidence(bytes(64)), listed.signer.public_key, listed.challenge()).encode()
    for payload in (b"", b"{}", b"\xa0", good[:-1], good + b"\0", b"\xa1\x68evidence\x41\x00", bytes(70_000)):
        data = enrolment_of(listed, payload, issuer="https://agent.example")
        with pytest.raises(CounterfoilError):
            await register(data, scene.log)
    require_clean(scene.world)


@played
async def test_a_key_that_is_not_the_one_that_signed(scene: Scene) -> None:
    await scene.open()
    machine, other = scene.machine, machine_of(scene.world, PLATFORM)
    challenge = machine.challenge()
    bound = enrolment_binding(sha256(challenge).digest(), machine.kid)
    stolen = Carried(machine.evidence(bound), machine.signer.public_key, challenge).encode()
    forged = sign_statement(
        other.signer,
        stolen,
        issuer=ATTESTED,
        subject=f"https://{ORIGIN}#enrolments",
        content_type=ENROLMENT_CONTENT_TYPE,
        kid=machine.kid,
    )
    await scene.refuses(forged, SignatureInvalidError)
    await scene.refuses(enrolment_of(other, stolen), KeyUnknownError)
    listed = replace(machine, signer=scene.world.agent)
    name = scene.policy.issuers[1].name
    await scene.refuses(enrolment_of(listed, stolen, issuer=name), KeyIdentifierConflictError)


@played
async def test_a_key_that_the_policy_lists_enrols_too(scene: Scene) -> None:
    demand = Demand(attestation=Grade.KEY_BOUND)
    rules = tuple(
        replace(rule, demands=(demand,)) if rule.content_type == CONTENT_TYPE else rule
        for rule in scene.policy.content_types
    )
    await scene.open(replace(scene.policy, content_types=rules))
    name = scene.policy.issuers[1].name
    listed = replace(scene.machine, signer=scene.world.agent)
    await scene.refuses(listed.statement(issuer=name), AttestationRequiredError)
    enrolled = await scene.register(listed.enrolment(listed.challenge(), issuer=name, carry_key=False))
    later = await scene.register(listed.statement(issuer=name))
    assert scene.attested(later.number) == replace(
        scene.attested(enrolled.number) or Attested(RecordedGrade.KEY_BOUND, RecordedStatus.AFFIRMING),
        enrolment=enrolled.number,
    )


@played
async def test_an_appraisal_by_another_policy_will_not_do(scene: Scene) -> None:
    others = appraisal_for(PLATFORM, "others", measurements={"mrtd": frozenset({bytes(48)})})
    policy = attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM), others))
    demand = Demand(appraised_by=frozenset({"others"}))
    rules = tuple(
        replace(rule, demands=(demand,)) if rule.content_type == CONTENT_TYPE else rule for rule in policy.content_types
    )
    await scene.open(replace(policy, content_types=rules))
    await scene.enrol()
    await scene.refuses(scene.machine.statement(), AttestationRequiredError)


@played
async def test_an_appraisal_policy_that_the_issuer_does_not_name_makes_no_key_its_own(scene: Scene) -> None:
    named = appraisal_for(PLATFORM, measurements={"mrtd": frozenset({bytes(48)})})
    policy = attested_policy(PLATFORM, appraisals=(named,))
    await scene.open(replace(policy, appraisals=(named, appraisal_for(PLATFORM, "others"))))
    machine = scene.machine
    await scene.refuses(machine.enrolment(machine.challenge()), MeasurementNotAdmittedError)


def test_so_many_keys_are_enrolled_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)

    async def run() -> None:
        scene = await Scene(World(MemoryStore()).found()).open()
        machines = [machine_of(scene.world, PLATFORM) for _ in range(3)]
        for one in machines[:2]:
            await scene.enrol(one)
        await scene.refuses(machines[2].enrolment(machines[2].challenge()), TooManySessionsError)
        await scene.enrol(machines[0])
        scene.world.clock.now = START + DAY + 1
        last = machines[2].enrolment(machines[2].challenge(scene.world.clock()))
        await scene.register(last)

    asyncio.run(run())


@played
async def test_an_enrolment_is_decided_for_as_long_as_its_challenge_can_be_answered(scene: Scene) -> None:
    await scene.open()
    machine, given = scene.machine, START - 100
    statement = parse_signed_statement(machine.enrolment(machine.challenge(given)))
    decision = admit(statement, scene.log.current_rules(), START).decision
    assert (decision.holds_from, decision.holds_until) == (given, given + CHALLENGE_SECONDS)


@played
async def test_certificates_beside_an_enrolment_are_refused(scene: Scene) -> None:
    """Whoever reads the chain of enrolments has its statements alone."""
    await scene.open()
    name, listed = scene.policy.issuers[1].name, replace(scene.machine, signer=scene.world.agent)
    message = parse_sign1(listed.enrolment(listed.challenge(), issuer=name, carry_key=False), max_bytes=1 << 20)
    beside = encode_sign1(message.protected_bytes, {labels.X5CHAIN: b"c"}, message.payload, message.signature)
    await scene.refuses(beside, MalformedEvidenceError)


@played
async def test_a_key_is_of_one_issuer(scene: Scene) -> None:
    other = replace(scene.policy.issuers[0], name="https://other.example")
    await scene.open(replace(scene.policy, issuers=(*scene.policy.issuers, other)))
    await scene.enrol()
    machine = scene.machine
    await scene.refuses(machine.statement(issuer=other.name), KeyUnknownError)
    await scene.refuses(machine.enrolment(machine.challenge(), issuer=other.name), KeyOfAnotherIssuerError)


@played
async def test_a_listed_key_of_another_issuer_is_none_of_the_attested_one(scene: Scene) -> None:
    await scene.open()
    listed = replace(scene.machine, signer=scene.world.agent)
    await scene.refuses(listed.enrolment(listed.challenge()), KeyOfAnotherIssuerError)
    for purpose in (KeyPurpose.OPERATOR, KeyPurpose.SERVICE, KeyPurpose.RECEIPT):
        own = replace(scene.machine, signer=scene.world.signers[purpose])
        with pytest.raises(CounterfoilError):
            await register(own.enrolment(own.challenge()), scene.log)


@played
async def test_evidence_that_a_statement_carries_is_for_that_one_alone(scene: Scene) -> None:
    thumbprint = appraisal_for(PLATFORM, bindings=frozenset({Binding.THUMBPRINT}))
    await scene.open(attested_policy(PLATFORM, appraisals=(thumbprint,)))
    machine = scene.machine
    evidence = machine.evidence(machine.kid + bytes(32))
    done = await scene.register(machine.carrying(evidence, critical=True))
    assert scene.attested(done.number) == Attested(RecordedGrade.KEY_BOUND, RecordedStatus.AFFIRMING)
    await scene.refuses(machine.statement(), KeyUnknownError)
    for wrong in (machine.kid + bytes(31) + b"\1", bytes(32) + machine.kid, bytes(64)):
        await scene.refuses(machine.carrying(machine.evidence(wrong)), KeyNotBoundError)
    await scene.refuses(machine.carrying(evidence, carry_key=False), KeyUnknownError)
    await scene.refuses(machine.enrolment(machine.challenge(), evidence=machine.evidence(bytes(64))), KeyNotBoundError)


@played
async def test_evidence_that_binds_no_key_gives_none(scene: Scene) -> None:
    """Whoever has somebody's evidence could speak with a key of his own."""
    unbound = appraisal_for(PLATFORM, bindings=frozenset({Binding.NONE}))
    await scene.open(attested_policy(PLATFORM, issuer_of(scene.world.agent), appraisals=(unbound,)))
    machine = scene.machine
    await scene.refuses(machine.carrying(machine.evidence(bytes(64))), KeyNotBoundError)
    await scene.refuses(machine.enrolment(machine.challenge()), KeyNotBoundError)
    listed, name = replace(machine, signer=scene.world.agent), scene.policy.issuers[1].name
    done = await scene.register(listed.enrolment(listed.challenge(), issuer=name, carry_key=False))
    assert scene.attested(done.number) == Attested(RecordedGrade.PLATFORM_ATTESTED, RecordedStatus.AFFIRMING)


@played
async def test_evidence_that_nobody_asked_for(scene: Scene) -> None:
    bare = replace(scene.policy, appraisals=(), issuers=(scene.policy.issuers[1],))
    await scene.open(bare)
    name = scene.policy.issuers[1].name
    listed = replace(scene.machine, signer=scene.world.agent)
    await scene.refuses(listed.enrolment(listed.challenge(), issuer=name), AttestationNotAskedError)
    unnoticed = listed.carrying(listed.evidence(bytes(64)))
    await scene.refuses(unnoticed, IssuerUnknownError)


@played
async def test_enrolments_have_to_be_admitted(scene: Scene) -> None:
    closed = tuple(rule for rule in scene.policy.content_types if rule.content_type != ENROLMENT_CONTENT_TYPE)
    await scene.open(replace(scene.policy, content_types=closed))
    await scene.refuses(scene.machine.enrolment(scene.machine.challenge()), ContentTypeNotAdmittedError)
