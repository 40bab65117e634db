"""What an audit has shown, what is wrong, and what it does not show."""

from dataclasses import dataclass
from enum import StrEnum

from counterfoil.audit.fault import Fault
from counterfoil.merkle.hashing import NodeHash


class Verdict(StrEnum):
    """How an audit ends. Only the first one is a success."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The entries from ``start`` up to ``stop``, audited against the tree of ``tree_size`` that the log signed.

    ``repeated`` counts the decisions that were made again, ``withheld`` the entries that could not be read or whose
    enrolment could not, ``changes`` those that changed the rules after the founding. ``uncovered`` counts entries at
    the end of the range that no page in it covers, which is no fault. ``faults`` are those kept, ``fault_count`` is how
    many there are.
    """

    start: int
    stop: int
    tree_size: int
    root: NodeHash
    repeated: int
    withheld: int
    events: int
    changes: int
    pages: int
    uncovered: int
    faults: tuple[Fault, ...]
    fault_count: int
    not_established: tuple[str, ...]

    @property
    def entries(self) -> int:
        """How many entries the range has."""
        return self.stop - self.start

    @property
    def verdict(self) -> Verdict:
        """Faulty with a fault, incomplete where an entry could not be repeated, clean otherwise."""
        if self.fault_count:
            return Verdict.FAULTY
        return Verdict.CLEAN if self.repeated == self.entries else Verdict.INCOMPLETE
