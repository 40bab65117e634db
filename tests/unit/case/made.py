"""Case files for tests, out of a real log and its core alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from counterfoil.case.archive import write_case
from counterfoil.case.build import Evidence, case_files
from counterfoil.register import register
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of
from tests.case_scenes import evidence_at
from tests.events import Cast, engagement


@dataclass
class Logged:
    """A log with one engagement on it."""

    world: World
    cast: Cast

    def evidence(self, size: int | None = None, root: str | None = None) -> Evidence:
        """The evidence as of a committed tree size, the latest unless given."""
        log = self.world.open()
        at = log.receipts.latest().size if size is None else size
        return evidence_at(self.world, log, self.cast.root if root is None else root, at)

    def add(self, statements: Sequence[bytes]) -> None:
        """Register statements, one after another."""
        log = self.world.open()

        async def one_by_one() -> None:
            for statement in statements:
                await register(statement, log)
            await log.close()

        asyncio.run(one_by_one())


def logged(cast: Cast | None = None, story: Callable[[Cast], Sequence[bytes]] = engagement, **policy: Any) -> Logged:
    """A new log on which the cast has told its story."""
    told = Cast() if cast is None else cast
    world = World(MemoryStore())
    world.policy = replace(told.policy(issuer_of(world.agent)), **policy)
    made = Logged(world.found(), told)
    made.add(story(told))
    return made


def case_of(evidence: Evidence) -> bytes:
    """The case file without views."""
    return write_case(case_files(evidence, [], "tests"))
