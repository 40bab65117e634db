"""The trustworthiness vector and its tiers (draft-ietf-rats-ar4si, sections 2.3 and 3)."""

from enum import Enum
from typing import Final


class Tier(Enum):
    """How far what was appraised is to be trusted (draft-ietf-rats-ar4si, section 2.3.2)."""

    NONE = "none"
    AFFIRMING = "affirming"
    WARNING = "warning"
    CONTRAINDICATED = "contraindicated"


class TrustworthinessClaim(Enum):
    """The members of a trustworthiness vector (draft-ietf-rats-ar4si, section 2.3.4)."""

    INSTANCE_IDENTITY = "instance-identity"
    CONFIGURATION = "configuration"
    EXECUTABLES = "executables"
    FILE_SYSTEM = "file-system"
    HARDWARE = "hardware"
    RUNTIME_OPAQUE = "runtime-opaque"
    STORAGE_OPAQUE = "storage-opaque"
    SOURCED_DATA = "sourced-data"


MIN_VALUE: Final = -128
MAX_VALUE: Final = 127
"""A value of the vector is an integer of one byte with a sign."""

_LAST_OF_NONE: Final = 1
_LAST_OF_AFFIRMING: Final = 31
_LAST_OF_WARNING: Final = 95


def tier_of(value: int) -> Tier:
    """The tier of a value of the vector, whose sign says only who defined the value; -1, 0 and 1 make no claim.

    Raises:
        ValueError: The value is not one of a byte with a sign.

    draft-ietf-rats-ar4si, section 2.3.3.
    """
    if not MIN_VALUE <= value <= MAX_VALUE:
        raise ValueError(f"{value} is no value of a trustworthiness claim")
    if abs(value) <= _LAST_OF_NONE:
        return Tier.NONE
    # Below zero each tier begins and ends one further from it.
    size = value if value >= 0 else -value - 1
    if size <= _LAST_OF_AFFIRMING:
        return Tier.AFFIRMING
    return Tier.WARNING if size <= _LAST_OF_WARNING else Tier.CONTRAINDICATED
