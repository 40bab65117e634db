"""A log whose policy admits a platform, as the tests of enrolment play it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.errors import (
    CounterfoilError,
)
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE, CollateralKind, CollateralNotice
from counterfoil.register import Registration, register
from counterfoil.statement.decision_record import Attested, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.attested import Machine, attested_policy, machine_of
from tests.builders import World, issuer_of
from tests.intel_quotes import CollateralSays, make_platform
from tests.log.material import policy_statement, require_clean

PLATFORM = make_platform()
DAY = 24 * 60 * 60


class Scene:
    """A log whose policy, entry 2, admits the machine's platform; opened in this process."""

    def __init__(self, world: World) -> None:
        self.world, self.machine = world, machine_of(world, PLATFORM)
        self.policy = attested_policy(PLATFORM, issuer_of(world.agent), version=2)

    async def open(self, policy: PolicyDocument | None = None) -> "Scene":
        self.log: LocalLog = self.world.open()
        await self.commit(policy or self.policy)
        return self

    async def commit(self, policy: PolicyDocument) -> None:
        version = self.log.current_rules().policy.version + 1
        await register(policy_statement(self.world, replace(policy, version=version)), self.log)

    async def register(self, data: bytes) -> Registration:
        done = await register(data, self.log)
        require_clean(self.world)
        return done

    async def load(self, says: CollateralSays) -> None:
        document = PLATFORM.collateral(says=says)
        notice = CollateralNotice(CollateralKind.DCAP, dcap_about(parse_dcap_collateral(document)), document)
        service, identity = self.world.signers[KeyPurpose.SERVICE], self.world.identity
        subject, now = identity.policy_subject, self.world.clock()
        data = sign_own_statement(service, identity, subject, COLLATERAL_CONTENT_TYPE, notice.encode(), now)
        await self.register(data)

    async def enrol(self, machine: Machine | None = None) -> Registration:
        machine = machine or self.machine
        return await self.register(machine.enrolment(machine.challenge(self.world.clock())))

    def attested(self, number: int) -> Attested | None:
        entry = self.world.store.entry(number)
        assert entry is not None
        return parse_decision_record(entry.decision).attested

    async def refuses(self, data: bytes, error: type[CounterfoilError]) -> None:
        before = self.world.head()
        with pytest.raises(error):
            await register(data, self.log)
        assert self.world.head() == before
        require_clean(self.world)


def played(scene: Callable[[Scene], Coroutine[None, None, None]]) -> Callable[[], None]:
    """A test on a store in memory: what the other stores do of it is told by their contract and by one test here."""

    def test() -> None:
        asyncio.run(scene(Scene(World(MemoryStore()).found())))

    test.__name__ = scene.__name__
    return test
