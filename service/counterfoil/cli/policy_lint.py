"""``counterfoil policy lint``: what is wrong or odd in a policy document, offline."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson
from counterfoil.cli.output import Reply
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.policy.lint import lint_policy
from counterfoil.policy.remark import PolicyRemark, Severity


def lint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy document; - reads standard input.")],
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong in a policy document.

    Every mistake with its place, not only the first; where there is none, warnings about what nobody may have meant.
    Nothing is asked of a log, so neither the version that is due nor the log's own keys are looked at; 'policy commit'
    does. Exit code 3 when there is an error, 0 when there is none.

    Example:
      counterfoil policy lint policy.json
    """
    remarks = lint_policy(read_input(file))
    errors = sum(strict or one.severity is Severity.ERROR for one in remarks)
    warnings = len(remarks) - errors
    listed: list[JsonValue] = [one.as_json() | ({"severity": "error"} if strict else {}) for one in remarks]
    Reply(
        "\n".join((*(_line(one, strict=strict) for one in remarks), _summary(errors, warnings))),
        {"clean": not remarks, "errors": errors, "warnings": warnings, "remarks": listed},
    ).show(as_json=as_json)
    if errors:
        raise typer.Exit(ExitCode.MALFORMED)


def _line(remark: PolicyRemark, *, strict: bool) -> str:
    severity = Severity.ERROR if strict else remark.severity
    return printable(f"{severity}[{remark.code}] {remark.path or 'the document'}: {remark.detail}")


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "clean: no errors, no warnings"
    return f"{errors} errors, {warnings} warnings"
