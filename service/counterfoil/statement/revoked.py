"""Which entries the log's revocations say are not to be believed, as of any size of the log."""

from collections.abc import Iterable
from dataclasses import dataclass

from counterfoil.statement.key_notice import Revocation


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation, and the number of the entry that holds it."""

    entry: int
    revocation: Revocation


def revocation_of(revoked: Iterable[Revoked], thumbprint: bytes, number: int, size: int) -> Revoked | None:
    """The revocation that says, in a log of ``size`` entries, that entry ``number`` by a key is not to be believed.

    None where there is none: entries up to the last valid one stay valid. Of several the first one counts.
    """
    for one in revoked:
        if one.entry < size and one.revocation.thumbprint == thumbprint and one.revocation.last_valid_entry < number:
            return one
    return None
