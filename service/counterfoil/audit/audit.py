"""The audit of a range of entries: what each stretch of it shows, taken together in order."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from counterfoil.audit import not_established
from counterfoil.audit.engagements import EngagementCheck
from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.fault import FaultKind, Faults
from counterfoil.audit.pages import PageCheck
from counterfoil.audit.report import AuditReport
from counterfoil.audit.stretch import Stretch, time_runs_back
from counterfoil.audit.timeline import Timeline
from counterfoil.audit.tree import SignedTree, TreeCheck
from counterfoil.errors import ConsistencyInvalidError, MalformedError, RootMismatchError, UnverifiedError
from counterfoil.log.fsck.duplicates import DuplicateKeys
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.statement.signed_statement import parse_signed_statement

ReadEntries = Callable[[int, int], Sequence[AuditedEntry]]
"""Entries from one number up to another, read again where one of them is needed outside its stretch."""


class Audit:
    """Takes the stretches from ``start`` on, each beginning where the one before it ended.

    What is costly was done in each stretch by itself; what is done here takes what came before.
    """

    def __init__(self, tree: SignedTree, timeline: Timeline, start: int, read: ReadEntries) -> None:
        timeline.rules_at(start)  # What is refused before the range is a fault of it, too.
        self._tree = tree
        self._timeline = timeline
        self._listed = timeline.changes.union(timeline.enrolments or ())
        self._start = self._stop = start
        self._read = read
        self._faults = Faults()
        self._leaves = TreeCheck(start, tree.peaks(start))
        self._pages = PageCheck(self._faults, start, self._digests)
        self._engagements = EngagementCheck(self._faults, start)
        self._keys = DuplicateKeys()
        self._time = 0
        self._repeated = self._withheld = 0
        self._changes: set[int] = set()
        self._hidden: set[int] = set()
        self._not_admitted: set[int | None] = set()
        self._enrolled: set[int] = set()

    def take(self, stretch: Stretch) -> None:
        """Check a stretch against those before it.

        Raises:
            ValueError: It does not begin where the last one ended.
        """
        if stretch.start != self._stop:
            raise ValueError(f"a stretch from {stretch.start} does not follow one up to {self._stop}")
        self._stop = stretch.stop
        self._repeated += stretch.repeated
        self._withheld += len(stretch.withheld)
        self._faults.extend(stretch.faults)
        self._follow_time(stretch)
        self._leaves.take(stretch)
        self._pages.take(stretch)
        self._engagements.take(stretch)
        self._changes.update(stretch.changes)
        self._enrolled.update(stretch.enrolled)
        self._hidden.update(self._listed.intersection(stretch.withheld))
        self._not_admitted.update(fault.number for fault in stretch.faults if fault.kind is FaultKind.NOT_ADMITTED)
        missing = {fault.number for fault in stretch.faults if fault.kind is FaultKind.ENTRY_MISSING}
        for number in range(stretch.start, stretch.stop):
            if number not in missing:
                at = (number - stretch.start) * HASH_SIZE
                self._keys.add(number, stretch.duplicate_keys[at : at + HASH_SIZE])

    def finish(self, also: Sequence[str] = ()) -> AuditReport:
        """What all stretches have shown together; ``also`` is what else is not established.

        Raises:
            CounterfoilError: What is still to be asked of the log does not come.
        """
        self._check_changes()
        self._check_duplicates()
        self._check_tree()
        uncovered = max(0, self._stop - self._pages.covered_to)
        return AuditReport(
            start=self._start,
            stop=self._stop,
            tree_size=self._tree.size,
            root=self._tree.root,
            repeated=self._repeated,
            withheld=self._withheld,
            events=self._engagements.events,
            changes=len(self._changes) + len(self._enrolled),
            pages=self._pages.checked,
            uncovered=uncovered,
            faults=self._faults.kept(),
            fault_count=self._faults.counts.total(),
            not_established=(
                *also,
                *not_established.about_range(self._start, self._stop, self._tree.size),
                *not_established.about_events(self._start, self._engagements.unsettled),
                *not_established.about_every_audit(),
            ),
        )

    def _follow_time(self, stretch: Stretch) -> None:
        if stretch.times is None:
            return
        first, last = stretch.times
        if first < self._time:
            self._faults.extend([time_runs_back(stretch.start, self._time, first)])
        self._time = max(self._time, last)

    def _check_changes(self) -> None:
        """What is refused before the range is a fault too: the entries in it were decided under what came after."""
        outside = [fault for fault in self._timeline.refused if not self._is_inside(fault.number)]
        self._faults.extend(outside)
        self._compare_changes(self._changes, self._timeline.changes - self._hidden)
        enrolments = self._timeline.enrolments
        if enrolments is not None:
            # One that is not admitted is a fault already, and stands in its chain nevertheless.
            self._compare_changes(self._enrolled, enrolments - self._hidden - self._not_admitted)

    def _compare_changes(self, found: AbstractSet[int], listed: AbstractSet[int]) -> None:
        known = {number for number in listed if self._is_inside(number)}
        for number in sorted(found ^ known):
            what = "it changes the rules, and the chains of policies and enrolments that the log gives out lack it"
            if number not in found:
                what = "the chain of policies or enrolments that the log gives out has another change at its place"
            self._faults.add(FaultKind.CHANGE_LEFT_OUT, number, what)

    def _is_inside(self, number: int | None) -> bool:
        return number is not None and self._start <= number < self._stop

    def _check_duplicates(self) -> None:
        for one, other in self._keys.candidates():
            if self._key(one) == self._key(other):
                what = f"it holds the same content as entry {one}"
                self._faults.add(FaultKind.REGISTERED_TWICE, other, what)

    def _key(self, number: int) -> bytes:
        (entry,) = self._read(number, number + 1)
        try:
            statement = parse_signed_statement(entry.statement or b"", max_bytes=len(entry.statement or b""))
        except (MalformedError, UnverifiedError):
            return entry.statement_hash
        return statement.duplicate_key if statement.hash == entry.statement_hash else entry.statement_hash

    def _check_tree(self) -> None:
        reached = self._leaves.reached()
        if reached is None:
            self._faults.add(FaultKind.TREE_DIFFERS, None, "an entry is missing, so the tree cannot be computed")
            return
        try:
            self._tree.require_prefix(reached.size, reached.root())
        except (RootMismatchError, ConsistencyInvalidError) as error:
            what = f"entries {self._start} to {self._stop - 1} are not those of the signed tree: {error.detail}"
            self._faults.add(FaultKind.TREE_DIFFERS, None, what, error.code)

    def _digests(self, start: int, stop: int) -> list[bytes]:
        return [entry.decision_digest for entry in self._read(start, stop)]
