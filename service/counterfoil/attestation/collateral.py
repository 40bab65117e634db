"""Collateral: what vendors and issuers of tokens publish, and evidence is judged by. Loaded, never fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Collateral:
    """The collateral at hand.

    ``crls`` are revocation lists in DER, the latest of each CA. ``dcap`` are documents as Intel's provisioning service
    gives them, in the JSON that dcap-qvl reads: TCB info and QE identity with their signatures, chains and CRLs, one
    for each platform family and kind. ``keys`` are key sets (RFC 7517) by the issuer of the tokens that they verify.
    """

    crls: tuple[bytes, ...] = ()
    dcap: tuple[bytes, ...] = ()
    keys: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))


NO_COLLATERAL: Final = Collateral()


def collateral_digest(document: bytes) -> bytes:
    """The digest by which claims name a piece of collateral: SHA-256 of its bytes."""
    return sha256(document).digest()
