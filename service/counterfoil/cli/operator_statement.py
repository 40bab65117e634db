"""Registering what an operator says about the log, through the same append as every other statement."""

import asyncio

from counterfoil.cli.data_directory import DataDirectory, now
from counterfoil.cose.signer import Signer
from counterfoil.errors import KeysMismatchError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.rules import Rules
from counterfoil.register import Registration, register


def register_as_operator(found: DataDirectory, content_type: str, payload: bytes) -> Registration:
    """Sign a payload with the operator key and register it; it is in force for every process from then on.

    Raises:
        KeysMismatchError: The operator key at hand, or the receipt key, is not one of those in force.
        RefusedError, MalformedError: What it says cannot come into force.
        ReceiptKeyEndedError: It would end the receipt key that is at hand here.
        UnavailableError, CorruptError, MisconfiguredError: The log cannot be opened or appended to.
    """
    operator = found.signer(found.settings.operator_key)
    with found.store() as store:
        log = found.open_log(store)
        _require_operator(operator, log.current_rules())
        identity, issued_at = log.genesis.identity, max(now(), log.head().tree.time)
        subject = identity.policy_subject
        statement = sign_own_statement(operator, identity, subject, content_type, payload, issued_at)
        return asyncio.run(_register(statement, log))


async def _register(statement: bytes, log: LocalLog) -> Registration:
    try:
        return await register(statement, log)
    finally:
        await log.close()


def _require_operator(operator: Signer, rules: Rules) -> None:
    held = operator.public_key.thumbprint
    if held not in rules.operator_kids:
        in_force = ", ".join(sorted(kid.hex() for kid in rules.operator_kids))
        raise KeysMismatchError(
            f"the keys of the operators in force are {in_force}, and the signer at hand holds {held.hex()}"
        )
