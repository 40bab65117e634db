"""Committing a new registration policy through the same append as every other statement."""

import asyncio
from dataclasses import replace

from counterfoil.cli.data_directory import DataDirectory, now
from counterfoil.errors import KeysMismatchError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.register import Registration, register


def commit_policy(data: DataDirectory, policy: PolicyDocument) -> Registration:
    """Sign a policy with the operator key and register it; it is in force for every process from then on.

    It names the policy in force as the one that it replaces, and one operator is enough for it.

    Raises:
        KeysMismatchError: The operator key at hand is not one of those in force.
        PolicyVersionError: Another policy came into force meanwhile.
        PolicyUnapprovedError: One operator is not enough.
        PolicyUnsafeError, MalformedPolicyError: The policy cannot come into force.
        UnavailableError, CorruptError, MisconfiguredError: The log cannot be opened or appended to.
    """
    operator = data.signer(data.settings.operator_key)
    with data.store() as store:
        log = data.open_log(store)
        rules = log.current_rules()
        if operator.public_key.thumbprint not in rules.operator_kids:
            in_force = ", ".join(sorted(kid.hex() for kid in rules.operator_kids))
            raise KeysMismatchError(
                f"the keys of the operators in force are {in_force}, "
                f"and the signer at hand holds {operator.public_key.thumbprint.hex()}",
            )
        identity = log.genesis.identity
        issued_at = max(now(), log.head().tree.time)
        following = replace(policy, replaces=Replaced(rules.policy_entry, rules.policy_id), approved=None)
        subject, payload = identity.policy_subject, following.encode()
        statement = sign_own_statement(operator, identity, subject, POLICY_CONTENT_TYPE, payload, issued_at)
        return asyncio.run(_register(statement, log))


async def _register(statement: bytes, log: LocalLog) -> Registration:
    try:
        return await register(statement, log)
    finally:
        await log.close()
