"""``counterfoil fsck``: the whole log, recomputed."""

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.extras import needing
from counterfoil.cli.options import AsJson, Data
from counterfoil.cli.output import Reply, printable
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import NotInitialisedError
from counterfoil.log.fsck import Report


def fsck(data: Data = None, as_json: AsJson = False) -> None:
    """Recompute the whole log and compare.

    Everything stored is compared with what the statements lead to; nothing is repaired. Servers may go on: the check
    reads the log as it is at its beginning. One line for each finding; exit code 7 when there is one, 0 when there is
    none.

    Example:
      counterfoil fsck --data ./data
    """
    with needing("server"):
        from counterfoil.storage.sqlite_fsck import fsck_sqlite  # noqa: PLC0415 - the base install has no database
    database = find_data(data).database
    if not database.is_file():
        raise NotInitialisedError(f"there is no log: {database} is no file")
    report = fsck_sqlite(database)
    findings = [printable(str(finding)) for finding in report.findings]
    Reply("\n".join((*findings, _summary(report))), _json(report, findings)).show(as_json=as_json)
    if findings:
        raise typer.Exit(ExitCode.CORRUPT)


def _summary(report: Report) -> str:
    verdict = "clean" if not report.findings else f"{len(report.findings)} findings"
    return (
        f"{verdict}: {report.entries} entries, {report.heads} tree heads, {report.chains} chains, "
        f"{report.tiles} tiles; {report.unpaged} decisions that no page covers yet, which is no fault"
    )


def _json(report: Report, findings: list[str]) -> dict[str, JsonValue]:
    return {
        "clean": not findings,
        "findings": list[JsonValue](findings),
        "entries": report.entries,
        "treeHeads": report.heads,
        "chains": report.chains,
        "tiles": report.tiles,
        "unpaged": report.unpaged,
    }
