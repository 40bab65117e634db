"""The version of a chip's firmware as one number of eight parts (SEV-SNP Firmware ABI, section 2.2)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TCB_BYTES: Final = 8
_PLACES: Final = MappingProxyType({"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7})
_PLACES_OF_TURIN: Final = MappingProxyType({"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3, "microcode": 7})
TURIN: Final = "Turin"


def parse_tcb(data: bytes, product: str) -> Mapping[str, int]:
    """The version numbers of each part of the firmware, by the names that policies give them.

    SEV-SNP Firmware ABI Specification, tables 3 and 4: Turin has another order, and one part more.
    """
    return MappingProxyType({name: data[at] for name, at in places(product).items()})


def unused_bytes(data: bytes, product: str) -> bytes:
    """The bytes of it that no part of the firmware of that product has."""
    used = set(places(product).values())
    return bytes(value for at, value in enumerate(data) if at not in used)


def places(product: str) -> Mapping[str, int]:
    """At which byte each part stands."""
    return _PLACES_OF_TURIN if product == TURIN else _PLACES
