"""What signs: a port, so that a key may lie in memory, in a file or in a device (RFC 9052, section 4.4)."""

from typing import Protocol

from counterfoil.cose.algorithms import Algorithm
from counterfoil.cose.public_key import PublicKey


class Signer(Protocol):
    """One private key used with one algorithm."""

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies what this signer signs."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm it signs with; it fits the key."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the raw COSE signature of ``data``.

        ECDSA is r || s and deterministic (RFC 6979), so that a retry after a crash yields the same bytes.
        """
        ...
