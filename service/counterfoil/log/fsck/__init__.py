"""Recomputing a whole log from its statements and comparing that with everything the store holds."""

from counterfoil.log.fsck.examine import Report, check_log, examine_log
from counterfoil.log.fsck.finding import Finding

__all__ = ["Finding", "Report", "check_log", "examine_log"]
