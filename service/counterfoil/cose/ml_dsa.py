"""ML-DSA where the installed library computes it (FIPS 204, RFC 9964); the oldest release admitted does not."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from cryptography.exceptions import UnsupportedAlgorithm

from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError

if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric import mldsa

MlDsaPublicKey: TypeAlias = "mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey"
MlDsaPrivateKey: TypeAlias = "mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey"

PARAMETER_SETS: Final = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")


def _load() -> "ModuleType | None":
    try:
        return import_module("cryptography.hazmat.primitives.asymmetric.mldsa")
    except ImportError:
        return None


_LIBRARY: Final = _load()


# The classes are Any: where the library lacks them there is nothing to name their type by.
def _classes(kind: str) -> dict[str, Any]:
    if _LIBRARY is None:
        return {}
    return {name: getattr(_LIBRARY, f"MLDSA{name[-2:]}{kind}") for name in PARAMETER_SETS}


_PUBLIC: Final = _classes("PublicKey")
_PRIVATE: Final = _classes("PrivateKey")


def is_public_key(material: object) -> "TypeGuard[MlDsaPublicKey]":
    """Tell whether ``material`` is an ML-DSA public key of the library."""
    return isinstance(material, tuple(_PUBLIC.values()))


def is_private_key(material: object) -> "TypeGuard[MlDsaPrivateKey]":
    """Tell whether ``material`` is an ML-DSA private key of the library."""
    return isinstance(material, tuple(_PRIVATE.values()))


def parameter_set(material: "MlDsaPublicKey") -> str:
    """Return the name of the parameter set that ``material`` is of (FIPS 204, section 4)."""
    return next(name for name, kind in _PUBLIC.items() if isinstance(material, kind))


def public_key(name: str, encoded: bytes) -> "MlDsaPublicKey":
    """Return the public key of the parameter set ``name`` that ``encoded`` is.

    Raises:
        AlgorithmUnsupportedError: the installed library computes no ML-DSA.
        MalformedKeyError: the bytes are no such key.
    """
    kind = _PUBLIC.get(name)
    if kind is None:
        raise AlgorithmUnsupportedError(f"this installation cannot compute {name}")
    try:
        material: MlDsaPublicKey = kind.from_public_bytes(encoded)
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnsupportedError(f"this installation cannot compute {name}") from exc
    except (ValueError, TypeError) as exc:
        raise MalformedKeyError(f"not an {name} public key") from exc
    return material
