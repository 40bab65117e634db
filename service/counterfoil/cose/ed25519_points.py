"""Which 32 bytes are an Ed25519 public key that means one signer (RFC 8032, section 5.1)."""

from functools import lru_cache
from typing import Final

from counterfoil.errors import MalformedKeyError

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ENCODED_SIZE: Final = 32
_Y_BITS: Final = (1 << 255) - 1


@lru_cache(maxsize=1024)
def require_signer_point(encoded: bytes) -> None:
    """Refuse an encoding that no honest key generation yields.

    Under a point of small order one signature verifies for many messages, so it names nobody; the library accepts it.

    Raises:
        MalformedKeyError: not 32 bytes, not canonical, not on the curve, or of small order.

    RFC 8032, sections 5.1.3 and 5.1.7. Remembered, since the check costs as much as a verification.
    """
    if len(encoded) != _ENCODED_SIZE:
        raise MalformedKeyError("an Ed25519 public key is 32 bytes")
    y = int.from_bytes(encoded, "little") & _Y_BITS
    if y >= _P:
        raise MalformedKeyError("the Ed25519 point is not in canonical form")
    y2 = y * y % _P
    # The y of a point of order 1 or 2 is 1 or -1, of order 4 it is 0, of order 8 a root of d*y^4 + 2*y^2 - 1.
    if y2 in {0, 1} or (_D * y2 * y2 + 2 * y2 - 1) % _P == 0:
        raise MalformedKeyError("the Ed25519 point is of small order")
    # x^2 = (y^2 - 1) / (d*y^2 + 1) has a root exactly where the product of the two does (Euler's criterion).
    if pow((y2 - 1) * (_D * y2 + 1), (_P - 1) // 2, _P) != 1:
        raise MalformedKeyError("the Ed25519 point is not on the curve")
