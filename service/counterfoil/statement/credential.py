"""The key that must have signed a statement, and for how long what says so holds."""

from dataclasses import dataclass

from counterfoil.cose.keys import PublicKey
from counterfoil.statement.claims import MAX_NUMERIC_DATE


@dataclass(frozen=True, slots=True)
class Credential:
    """An issuer's key, and the head times in which it is that: whole seconds since 1970, both included.

    A key that the policy lists is the issuer's at any time; one that a certificate speaks for, while its path holds.
    ``only_attested``: nothing but attested hardware, which is still to be judged, speaks for the key.
    """

    key: PublicKey
    holds_from: int = 0
    holds_until: int = MAX_NUMERIC_DATE
    only_attested: bool = False
