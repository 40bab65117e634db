"""When keys that enrolled count no more, and what of them is read again."""

from dataclasses import replace
from hashlib import sha256

from counterfoil.attestation.binding import Binding
from counterfoil.errors import (
    KeyRevokedError,
    KeyUnknownError,
    TcbStatusNotAdmittedError,
)
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, Revocation
from tests.attested import MACHINES, appraisal_for, attested_policy, machine_of
from tests.builders import START, sign_statement
from tests.intel_quotes import PCE_SVN, CollateralSays, make_platform
from tests.log.enrolment_scene import DAY, PLATFORM, Scene, played


@played
async def test_it_ends_after_a_day_and_with_what_it_rests_on(scene: Scene) -> None:
    await scene.open()
    await scene.enrol()
    scene.world.clock.now = START + DAY
    await scene.register(scene.machine.statement())
    scene.world.clock.now += 1
    await scene.refuses(scene.machine.statement(), KeyUnknownError)


@played
async def test_it_ends_with_its_revocation(scene: Scene) -> None:
    await scene.open()
    enrolled = await scene.enrol()
    world = scene.world
    said = Revocation(scene.machine.kid, enrolled.number, "gone").encode()
    operator = world.signers[KeyPurpose.OPERATOR]
    subject = world.identity.policy_subject
    await scene.register(sign_own_statement(operator, world.identity, subject, REVOCATION_CONTENT_TYPE, said, START))
    await scene.refuses(scene.machine.statement(), KeyUnknownError)
    again = scene.machine.enrolment(scene.machine.challenge())
    await scene.refuses(again, KeyRevokedError)


@played
async def test_a_policy_ends_those_that_do_not_satisfy_it_and_no_later_one_brings_them_back(scene: Scene) -> None:
    await scene.open()
    await scene.enrol()
    unlike = attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM, measurements={"mrtd": frozenset({b"x"})}),))
    alike = attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM, debug=True),))
    await scene.commit(alike)
    await scene.register(scene.machine.statement())
    await scene.commit(unlike)
    await scene.refuses(scene.machine.statement(), KeyUnknownError)
    await scene.commit(scene.policy)
    await scene.refuses(scene.machine.statement(), KeyUnknownError)
    await scene.enrol()
    await scene.register(scene.machine.statement())
    for changes in ({"name": "else"}, {"bindings": frozenset({Binding.THUMBPRINT})}):
        await scene.commit(
            attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM, **{"name": MACHINES} | changes),))
        )
        await scene.refuses(scene.machine.statement(), KeyUnknownError)
        await scene.commit(scene.policy)
        await scene.enrol()


@played
async def test_new_collateral_by_which_the_evidence_would_not_do_ends_it(scene: Scene) -> None:
    await scene.open()
    await scene.enrol()
    await scene.load(CollateralSays(issued=START - DAY + 1))
    await scene.register(scene.machine.statement())
    await scene.load(CollateralSays(issued=START - DAY + 2, levels=(("UpToDate", PCE_SVN + 1), ("OutOfDate", 0))))
    await scene.refuses(scene.machine.statement(), KeyUnknownError)
    again = scene.machine.enrolment(scene.machine.challenge())
    await scene.refuses(again, TcbStatusNotAdmittedError)


@played
async def test_an_issuer_that_is_attested_no_more_and_then_again_has_lost_its_keys(scene: Scene) -> None:
    await scene.open()
    await scene.enrol()
    others = replace(scene.policy.issuers[0], attested_by=frozenset({"others"}))
    known = (*scene.policy.appraisals, appraisal_for(PLATFORM, "others"))
    await scene.commit(replace(scene.policy, issuers=(others, scene.policy.issuers[1]), appraisals=known))
    await scene.refuses(scene.machine.statement(), KeyUnknownError)
    await scene.commit(scene.policy)
    await scene.refuses(scene.machine.statement(), KeyUnknownError)


@played
async def test_a_policy_that_trusts_another_root_ends_those_below_the_one_before(scene: Scene) -> None:
    await scene.open()
    await scene.enrol()
    certificate = make_platform().anchors.certificates[0]
    wider = appraisal_for(PLATFORM, certificates=(*PLATFORM.anchors.certificates, certificate))
    await scene.commit(attested_policy(PLATFORM, appraisals=(wider,)))
    await scene.register(scene.machine.statement())
    other = appraisal_for(PLATFORM, pins=frozenset({sha256(certificate).digest()}), certificates=(certificate,))
    await scene.commit(attested_policy(PLATFORM, appraisals=(other,)))
    await scene.refuses(scene.machine.statement(), KeyUnknownError)


@played
async def test_a_policy_that_admits_a_lesser_age_ends_them_sooner_and_one_that_admits_more_not_later(
    scene: Scene,
) -> None:
    await scene.open()
    await scene.enrol()
    await scene.commit(attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM, max_age_seconds=3600),)))
    await scene.commit(attested_policy(PLATFORM, appraisals=(appraisal_for(PLATFORM, max_age_seconds=2 * DAY),)))
    scene.world.clock.now = START + 3600
    await scene.register(scene.machine.statement())
    scene.world.clock.now += 1
    await scene.refuses(scene.machine.statement(), KeyUnknownError)


@played
async def test_those_that_are_over_are_read_over(scene: Scene) -> None:
    await scene.open()
    for _ in range(3):
        await scene.enrol(machine_of(scene.world, PLATFORM))
    scene.world.clock.now = START + 8 * DAY
    last = await scene.enrol()
    rules = read_rules(scene.world.store, read_genesis(scene.world.store), scene.world.head())
    assert set(rules.sessions.by_key) == {scene.machine.kid}
    assert rules.rules_entry == last.number
    scene.world.clock.now += 9 * DAY
    await scene.register(sign_statement(scene.world.agent, issuer=scene.policy.issuers[1].name))
    rules = read_rules(scene.world.store, read_genesis(scene.world.store), scene.world.head())
    assert rules.rules_entry == last.number
