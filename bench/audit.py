"""How fast the installed program audits a log that was just filled, beside what the machine verifies meanwhile."""

import json
import time
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.machine import verify_rate
from bench.servers import Kind, Served, run

MOST: Final = 200_000
"""Entries of an audit: seconds enough that starting the program counts for little."""

_VERIFY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class AuditRound:
    """One audit from the store: entries, seconds from the command's start to its end, and V around it."""

    kind: Kind
    entries: int
    seconds: float
    v: float

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds

    @property
    def verify_ratio(self) -> float:
        """The rate in units of V."""
        return self.rate / self.v


def audit_round(served: Served) -> AuditRound:
    """Audit a log from its beginning, between two measurements of V.

    Raises:
        SystemExit: It is not clean.
    """
    grown = served.grown()
    entries = min(MOST, grown.statements + grown.pages)
    before = verify_rate(_VERIFY_SECONDS)
    began = time.perf_counter()
    report = json.loads(run(["audit", *served.where, "--to", str(entries), "--json"]))
    seconds = time.perf_counter() - began
    return AuditRound(served.kind, int(report["repeated"]), seconds, median((before, verify_rate(_VERIFY_SECONDS))))


def told(rounds: list[AuditRound]) -> list[str]:
    """A line for each kind of log that was audited."""
    lines = []
    for kind in dict.fromkeys(one.kind for one in rounds):
        same = [one for one in rounds if one.kind == kind]
        rate, ratio = median(one.rate for one in same), median(one.verify_ratio for one in same)
        lines.append(f"audit of {same[0].entries} entries, {kind}: {rate:.0f}/s, {ratio:.3f} of V")
    return lines
