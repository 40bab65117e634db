"""The signature algorithms of this log, each with the one kind of key it fits (RFC 9053, 8230, 9864 and 9964)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from counterfoil.errors import AlgorithmUnsupportedError


class Family(Enum):
    """How a signature is computed."""

    ECDSA = "ECDSA"
    EDDSA = "EdDSA"
    RSA_PSS = "RSASSA-PSS"
    ML_DSA = "ML-DSA"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the COSE Algorithms registry.

    ``hash_name`` is absent where the family fixes the hash itself. ``curve`` is the curve, or the parameter set of
    ML-DSA, that the key must have; RSA has none. ``signature_size`` is absent where the key decides it.
    """

    code: int
    name: str
    family: Family
    hash_name: str | None
    curve: str | None
    signature_size: int | None


_ALGORITHMS: Final = (
    # RFC 9053, section 2.1, leaves the curve open; RFC 9864 closes it. This log reads both code points as closed.
    Algorithm(-7, "ES256", Family.ECDSA, "SHA-256", "P-256", 64),
    Algorithm(-35, "ES384", Family.ECDSA, "SHA-384", "P-384", 96),
    Algorithm(-36, "ES512", Family.ECDSA, "SHA-512", "P-521", 132),
    # RFC 9864, section 2.
    Algorithm(-9, "ESP256", Family.ECDSA, "SHA-256", "P-256", 64),
    Algorithm(-51, "ESP384", Family.ECDSA, "SHA-384", "P-384", 96),
    Algorithm(-52, "ESP512", Family.ECDSA, "SHA-512", "P-521", 132),
    Algorithm(-19, "Ed25519", Family.EDDSA, None, "Ed25519", 64),
    # RFC 9053, section 2.2; Ed448 is not supported here.
    Algorithm(-8, "EdDSA", Family.EDDSA, None, "Ed25519", 64),
    # RFC 8230, section 2.
    Algorithm(-37, "PS256", Family.RSA_PSS, "SHA-256", None, None),
    Algorithm(-38, "PS384", Family.RSA_PSS, "SHA-384", None, None),
    Algorithm(-39, "PS512", Family.RSA_PSS, "SHA-512", None, None),
    # RFC 9964.
    Algorithm(-48, "ML-DSA-44", Family.ML_DSA, None, "ML-DSA-44", 2420),
    Algorithm(-49, "ML-DSA-65", Family.ML_DSA, None, "ML-DSA-65", 3309),
    Algorithm(-50, "ML-DSA-87", Family.ML_DSA, None, "ML-DSA-87", 4627),
)

ALGORITHMS: Final = {row.code: row for row in _ALGORITHMS}
"""Every algorithm this log can verify, by its code point."""

_BY_NAME: Final = {row.name: row for row in _ALGORITHMS}


def algorithm(code: int) -> Algorithm:
    """Return the algorithm with that code point.

    Raises:
        AlgorithmUnsupportedError: this log knows none.
    """
    found = ALGORITHMS.get(code)
    if found is None:
        raise AlgorithmUnsupportedError(f"algorithm {code} is not supported")
    return found


def algorithm_named(name: str) -> Algorithm:
    """Return the algorithm with that name in the IANA registry.

    Raises:
        AlgorithmUnsupportedError: this log knows none.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise AlgorithmUnsupportedError(f"no supported algorithm has the name {name[:32]!r}")
    return found
