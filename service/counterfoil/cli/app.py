"""The command line: which commands there are, and how each of them ends."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Final

import typer
from typer.exceptions import Abort, TyperException

from counterfoil.cli.exit_codes import ExitCode, exit_code_of, exit_code_table
from counterfoil.cli.output import Reply, show_error
from counterfoil.cli.teaching import help_of
from counterfoil.errors import CounterfoilError

PROGRAM: Final = "counterfoil"
_WIDTH: Final = 110

_EPILOG: Final = f"""\b
Exit codes:
{exit_code_table()}

Errors are one line on standard error, error[code]: detail; the code never changes once released."""

_COMMANDS: Final = (
    "init", "serve", "keygen", "sign", "submit", "receipt", "verify", "keys", "revoke", "fsck", "audit",
)  # fmt: skip
"""In the order of the help; each is the function of that name in the module of that name."""

_GROUPS: Final = {
    "issuer": "issuer",
    "crl": "crl",
    "collateral": "collateral",
    "attestation": "attestation",
    "root": "root",
    "policy": "policy",
    "receipt-key": "receipt_key",
    "event": "event",
    "chain": "chain",
    "db": "db",
    "demo": "demos",
}
"""The same of commands that have others below them: each is what Typer makes of it, in the module beside its name."""

_ATTRIBUTES: Final = {"demo": "demo_group"}
"""What a group is called in its module, where that is another name than the module's."""


def _show_version(wanted: bool) -> None:
    if wanted:
        text = installed_version()
        Reply(f"{PROGRAM} {text}", {"version": text}).show(as_json="--json" in sys.argv)
        raise typer.Exit


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


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line with the one command that is named, or with all of them where none is.

    Loading all takes longer than most commands do.
    """
    app = typer.Typer(
        name=PROGRAM,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH},
    )
    app.callback()(_root)
    named = {*arguments[:1]} & {*_COMMANDS, *_GROUPS} or {*_COMMANDS, *_GROUPS}
    for name in _COMMANDS:
        if name in named:
            command = getattr(import_module(f"{__package__}.{name}"), name)
            app.command(help=help_of(command))(command)
    for name, module in _GROUPS.items():
        if name in named:
            app.add_typer(getattr(import_module(f"{__package__}.{module}"), _ATTRIBUTES.get(name, module)), name=name)
    return app


def installed_version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - few ask for it, and loading it takes long

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
    command = typer.main.get_command(app_for(arguments))
    if not gc.isenabled():  # ``main`` left it out while all was loaded; from here on objects come and go.
        gc.freeze()
        gc.enable()
    result = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    return result if isinstance(result, int) else ExitCode.OK


def _fail(code: str, detail: str, exit_code: ExitCode, *, as_json: bool) -> int:
    show_error(code, detail, exit_code, as_json=as_json)
    return exit_code
