"""The result of an audit, for people and for machines."""

from counterfoil.audit.fault import Fault
from counterfoil.audit.report import AuditReport, Verdict
from counterfoil.cli.output import Reply, bullets
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.statement.genesis import Genesis, KeyPurpose


def audit_reply(report: AuditReport, genesis: Genesis) -> Reply:
    """Each fault on a line, then how much was repeated, then what all of it does not show."""
    lines = [printable(str(fault)) for fault in report.faults]
    if report.fault_count > len(report.faults):
        lines.append(f"and {report.fault_count - len(report.faults)} more faults of these kinds")
    return Reply(
        "\n".join((*lines, _summary(report), "this does not show:", bullets(report.not_established))),
        {
            "verdict": report.verdict.value,
            "origin": genesis.identity.origin,
            "operatorKey": genesis.keys[KeyPurpose.OPERATOR].thumbprint.hex(),
            "from": report.start,
            "to": report.stop,
            "treeSize": report.tree_size,
            "root": report.root.hex(),
            "repeated": report.repeated,
            "withheld": report.withheld,
            "events": report.events,
            "ruleChanges": report.changes,
            "pages": report.pages,
            "uncovered": report.uncovered,
            "faultCount": report.fault_count,
            "faults": [_json(fault) for fault in report.faults],
            "notEstablished": list[JsonValue](report.not_established),
        },
    )


def _summary(report: AuditReport) -> str:
    verdict = f"{report.fault_count} FAULTS" if report.verdict is Verdict.FAULTY else report.verdict.upper()
    told = (
        f"{verdict}: {report.repeated} of {report.entries} decisions repeated, entries {report.start} to "
        f"{report.stop - 1} of a signed tree of {report.tree_size}; {report.events} events, {report.changes} changes "
        f"of the rules, {report.pages} pages"
    )
    withheld = f"; {report.withheld} entries may not be read" if report.withheld else ""
    return f"{told}{withheld}; {report.uncovered} decisions that no page here covers yet, which is no fault"


def _json(fault: Fault) -> JsonValue:
    return {"kind": fault.kind.value, "entry": fault.number, "detail": fault.detail, "code": fault.code}
