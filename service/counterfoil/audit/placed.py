"""What the place of an entry decides about it."""

from counterfoil.errors import RevocationRefusedError
from counterfoil.policy.decision import Decision


def require_placed(decision: Decision, number: int) -> None:
    """Check that an entry is behind the one that it must come after.

    Raises:
        RevocationRefusedError: It is not.
    """
    if decision.follows >= number:
        raise RevocationRefusedError("the last valid entry is not before the revocation")
