"""A log on which two keys are enrolled, with an entry of each kind: beside it the numbers that they have."""

from dataclasses import replace
from typing import Final

from counterfoil.attestation.binding import Binding
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.policy.document import Visibility
from counterfoil.register import register
from tests.attested import Machine, attested_policy, machine_of
from tests.builders import SUBJECT, World, issuer_of, sign_statement
from tests.intel_quotes import IntelPlatform, make_platform
from tests.log.material import policy_statement

PLATFORM: Final[IntelPlatform] = make_platform()
POLICY, ENROLMENT, UNDER, OTHER_ENROLMENT, UNDER_OTHER, CARRIES, UNATTESTED, NEXT_POLICY, AFTER = range(2, 11)
"""A policy with an appraisal, a key that enrols, what it says, the same of another key, a statement with evidence of
its own, one of a listed key, a policy that changes nothing of this, and what the first key says under it."""

ATTESTED_SUBJECT: Final = SUBJECT


def machines_of(world: World) -> tuple[Machine, Machine]:
    """The two machines."""
    return machine_of(world, PLATFORM), machine_of(world, PLATFORM)


async def play(
    world: World, machines: tuple[Machine, Machine], *, public: bool = False, enrolments: Visibility = Visibility.PUBLIC
) -> None:
    """Register all of it on a founded log; ``enrolments`` says who may read those."""
    log, (machine, other), policy = world.open(), machines, attested_policy(PLATFORM, issuer_of(world.agent), version=2)
    bindings = frozenset({Binding.ENROLMENT, Binding.THUMBPRINT})
    rules = replace(policy, appraisals=(replace(policy.appraisals[0], bindings=bindings),))
    if public:
        shown = tuple(replace(rule, visibility=Visibility.PUBLIC) for rule in rules.content_types)
        rules = replace(rules, content_types=shown)
    shown = tuple(
        replace(rule, visibility=enrolments) if rule.content_type == ENROLMENT_CONTENT_TYPE else rule
        for rule in rules.content_types
    )
    rules = replace(rules, content_types=shown)
    await register(policy_statement(world, rules), log)
    await register(machine.enrolment(machine.challenge(world.clock())), log)
    await register(machine.statement(), log)
    world.clock.now += 60
    await register(other.enrolment(other.challenge(world.clock())), log)
    await register(other.statement(), log)
    await register(machine.carrying(machine.evidence(machine.kid.ljust(64, b"\0"))), log)
    await register(sign_statement(world.agent), log)
    await register(policy_statement(world, replace(rules, version=3, max_lag_seconds=7)), log)
    await register(machine.statement(), log)
    await log.close()
