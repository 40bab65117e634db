"""Committing a new registration policy through the same append as every other statement."""

import asyncio

from counterfoil.cli.data_directory import DataDirectory, now
from counterfoil.errors import KeysMismatchError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.register import Registration, register
from counterfoil.statement.genesis import KeyPurpose


def commit_policy(data: DataDirectory, policy: PolicyDocument) -> Registration:
    """Sign a policy with the operator key and register it; it is in force for every process from then on.

    Raises:
        KeysMismatchError: The operator key at hand is not the one the genesis statement names.
        PolicyVersionError: Another policy came into force meanwhile.
        PolicyUnsafeError, MalformedPolicyError: The policy cannot come into force.
        UnavailableError, CorruptError, MisconfiguredError: The log cannot be opened or appended to.
    """
    operator = data.signer(data.settings.operator_key)
    with data.store() as store:
        log = data.open_log(store)
        expected = log.genesis.keys[KeyPurpose.OPERATOR]
        if operator.public_key != expected:
            raise KeysMismatchError(
                f"the genesis statement names {expected.thumbprint.hex()} as the operator key, "
                f"and the signer at hand holds {operator.public_key.thumbprint.hex()}",
            )
        identity = log.genesis.identity
        issued_at = max(now(), log.head().tree.time)
        subject, payload = identity.policy_subject, policy.encode()
        statement = sign_own_statement(operator, identity, subject, POLICY_CONTENT_TYPE, payload, issued_at)
        return asyncio.run(_register(statement, log))


async def _register(statement: bytes, log: LocalLog) -> Registration:
    try:
        return await register(statement, log)
    finally:
        await log.close()
