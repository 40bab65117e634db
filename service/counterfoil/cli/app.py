"""The command line: which commands there are, and how each of them ends."""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Final

import typer
from typer.exceptions import Abort, TyperException

from counterfoil.cli.attestation import attestation
from counterfoil.cli.audit import audit
from counterfoil.cli.chain import chain
from counterfoil.cli.collateral import collateral
from counterfoil.cli.crl import crl
from counterfoil.cli.db import db
from counterfoil.cli.demos import demo_group
from counterfoil.cli.event import event
from counterfoil.cli.exit_codes import ExitCode, exit_code_of, exit_code_table
from counterfoil.cli.fsck import fsck
from counterfoil.cli.init import init
from counterfoil.cli.issuer import issuer
from counterfoil.cli.keygen import keygen
from counterfoil.cli.keys import keys
from counterfoil.cli.output import Reply, show_error
from counterfoil.cli.policy import policy
from counterfoil.cli.receipt import receipt
from counterfoil.cli.receipt_key import receipt_key
from counterfoil.cli.revoke import revoke
from counterfoil.cli.root import root
from counterfoil.cli.serve import serve
from counterfoil.cli.sign import sign
from counterfoil.cli.submit import submit
from counterfoil.cli.teaching import help_of
from counterfoil.cli.verify import verify
from counterfoil.errors import CounterfoilError

PROGRAM: Final = "counterfoil"
_WIDTH: Final = 110

_EPILOG: Final = f"""\b
Exit codes:
{exit_code_table()}

Errors are one line on standard error, error[code]: detail; the code never changes once released."""

app = typer.Typer(
    name=PROGRAM,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        text = installed_version()
        Reply(f"{PROGRAM} {text}", {"version": text}).show(as_json="--json" in sys.argv)
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Counterfoil: an append-only transparency log for what AI agents do.

    Agents register signed statements and carry receipts away; anybody verifies either offline, without trusting the
    log. Begin with "counterfoil demo".
    """


for _command in (init, serve, keygen, sign, submit, receipt, verify, keys, revoke, fsck, audit):
    app.command(help=help_of(_command))(_command)
app.add_typer(issuer, name="issuer")
app.add_typer(crl, name="crl")
app.add_typer(collateral, name="collateral")
app.add_typer(attestation, name="attestation")
app.add_typer(root, name="root")
app.add_typer(policy, name="policy")
app.add_typer(receipt_key, name="receipt-key")
app.add_typer(event, name="event")
app.add_typer(chain, name="chain")
app.add_typer(db, name="db")
app.add_typer(demo_group, name="demo")


def installed_version() -> str:
    """The version of the installed distribution."""
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return "unknown"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; whatever goes wrong is one line on standard error."""
    as_json = "--json" in arguments
    try:
        return _run(list(arguments) or ["--help"])
    except CounterfoilError as error:
        problem = getattr(error, "problem", None)
        code = getattr(problem, "code", None) or error.code
        return _fail(str(code), error.detail, exit_code_of(error), as_json=as_json)
    except TyperException as error:
        return _fail("usage", error.format_message(), ExitCode.USAGE, as_json=as_json)
    except (Abort, KeyboardInterrupt):
        return _fail("interrupted", "interrupted", ExitCode.INTERRUPTED, as_json=as_json)
    except BrokenPipeError:
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the edge of the process: no traceback reaches a user
        detail = f"this is a defect of {PROGRAM}: {type(error).__name__}: {error}"
        return _fail("internal", detail, ExitCode.INTERNAL, as_json=as_json)


def _run(arguments: list[str]) -> int:
    result = typer.main.get_command(app).main(arguments, prog_name=PROGRAM, standalone_mode=False)
    return result if isinstance(result, int) else ExitCode.OK


def _fail(code: str, detail: str, exit_code: ExitCode, *, as_json: bool) -> int:
    show_error(code, detail, exit_code, as_json=as_json)
    return exit_code
