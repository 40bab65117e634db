"""``counterfoil fsck``: the whole log, recomputed."""

from collections.abc import Iterator

import typer

from counterfoil.cli.data_directory import DataDirectory, find_data
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.extras import needing
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.errors import SignerUnavailableError
from counterfoil.log.fsck import Finding, Report
from counterfoil.statement.genesis import KeyPurpose


def fsck(data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """Recompute the whole log and compare.

    Everything stored is compared with what the statements lead to, and the keys the log names with those beside it;
    nothing is repaired. Servers may go on: the check reads the log as it is at its beginning. One line for each
    finding; exit code 7 when there is one, 0 when there is none.

    Example:
      counterfoil fsck --data ./data
    """
    with needing("server"):
        from counterfoil.storage.fsck import fsck_store  # noqa: PLC0415 - the base install has no database
    directory = find_data(data, database)
    report = fsck_store(directory.settings.database, directory.path)
    # A log is checked with the keys it names itself, so a whole other log in its place would be clean.
    found = report.findings or tuple(_foreign_keys(directory))
    findings = [printable(str(finding)) for finding in found]
    Reply("\n".join((*findings, _summary(report, len(findings)))), _json(report, findings)).show(as_json=as_json)
    if findings:
        raise typer.Exit(ExitCode.CORRUPT)


def _foreign_keys(directory: DataDirectory) -> Iterator[Finding]:
    uris = {
        KeyPurpose.RECEIPT: directory.settings.receipt_key,
        KeyPurpose.CHECKPOINT: directory.settings.checkpoint_key,
        KeyPurpose.SERVICE: directory.settings.service_key,
    }
    with directory.store() as store:
        rules = directory.rules(store)
    named = {purpose: [rules.genesis.keys[purpose].thumbprint] for purpose in uris}
    # One that was retired may still lie there.
    named[KeyPurpose.RECEIPT] = [one.key.thumbprint for one in rules.receipt_keys]
    for purpose, uri in uris.items():
        try:
            held = directory.signer(uri).public_key.thumbprint
        except SignerUnavailableError:
            continue  # A copy of a log is checked where its keys are not.
        if held not in named[purpose]:
            listed = ", ".join(thumbprint.hex() for thumbprint in named[purpose])
            yield Finding("genesis", f"names {listed} as the {purpose} key, the key beside the log is {held.hex()}")


def _summary(report: Report, findings: int) -> str:
    verdict = "clean" if not findings else f"{findings} findings"
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
