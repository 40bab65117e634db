"""What the place of an entry decides about it, and what it changes for those behind."""

from typing import Final

from counterfoil.errors import RevocationRefusedError
from counterfoil.policy.decision import Decision
from counterfoil.policy.own_statements import Effect

CHANGES: Final = frozenset({Effect.POLICY, Effect.RULES})
"""The effects after which decisions are made under other rules."""


def require_placed(decision: Decision, number: int) -> None:
    """Check that an entry is behind the one that it must come after.

    Raises:
        RevocationRefusedError: It is not.
    """
    if decision.follows >= number:
        raise RevocationRefusedError("the last valid entry is not before the revocation")
