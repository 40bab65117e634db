"""Statements at the edge of what this log reads harm nobody in their batch."""

import asyncio
from dataclasses import replace

from counterfoil.errors import (
    SignatureTwinError,
)
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.register import Registration, register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import DEFAULT_MAX_STATEMENT_BYTES
from tests.builders import World, issuer_of, policy_for, sign_statement
from tests.log.material import (
    policy_statement,
    register_all,
    require_clean,
    statements_of,
    twin_of,
)

HUGE_ISSUER = "https://agent.example/" + "\U0001f916" * 8170
NUL_TYPE = "application/\x00json"


def worst_statements(world: World) -> list[bytes]:
    """Statements that verify and are admitted, each at the edge of what this log reads."""
    agent = world.agent
    padding = DEFAULT_MAX_STATEMENT_BYTES - len(sign_statement(agent, bytes(70_000))) + 70_000
    statements = [
        sign_statement(agent, b""),
        sign_statement(agent, b"\x00"),
        sign_statement(agent, b"\x00\xff\xfe'; DROP TABLE entries; --"),
        sign_statement(agent, content_type=NUL_TYPE),
        sign_statement(agent, issuer=HUGE_ISSUER),
        sign_statement(agent, subject="\U0001f916" * 128),
        sign_statement(agent, subject="%_\\'\"\u202e e\u0301 \ufeff"),
        sign_statement(agent, subject="\u00e9"),
        sign_statement(agent, subject="e\u0301"),
        sign_statement(agent, bytes(padding)),
        sign_statement(agent, kid=b"\x00" * 512),
    ]
    assert len(statements[9]) == DEFAULT_MAX_STATEMENT_BYTES
    return statements


def policy_for_the_worst(world: World) -> PolicyDocument:
    """One key answers to one name only, so the other names have keys of their own in the tests that need them."""
    policy = policy_for(issuer_of(world.agent, kid=b"\x00" * 512), version=2)
    return replace(
        policy,
        content_types=(*policy.content_types, ContentTypeRule(NUL_TYPE, Visibility.PARTIES, frozenset())),
    )


def test_the_worst_statements_harm_nobody_in_their_batch(world: World) -> None:
    async def run() -> None:
        log = world.open()
        huge = generate_private_key("ES256")
        policy = policy_for_the_worst(world)
        policy = replace(policy, issuers=(*policy.issuers, issuer_of(huge, HUGE_ISSUER)))
        await register(policy_statement(world, policy), log)
        worst = worst_statements(world)
        worst[4] = sign_statement(huge, issuer=HUGE_ISSUER)
        twin = statements_of(world, 1)
        await register_all(twin, log)
        queue = []
        for data in [*worst, twin_of(twin[0])]:
            queue += [data, *statements_of(world, 1)]
        found = await asyncio.gather(*(register(data, log) for data in queue), return_exceptions=True)
        assert isinstance(found.pop(-2), SignatureTwinError)
        assert [one for one in found if not isinstance(one, Registration)] == []
        assert [one.number for one in found if isinstance(one, Registration)] == list(range(4, 4 + len(found)))
        for data in queue[:-2]:
            content = world.store.content((await register(data, log)).number)
            assert content is not None
            assert content.statement == data
        require_clean(world)

    asyncio.run(run())
