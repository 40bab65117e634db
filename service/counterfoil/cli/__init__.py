"""The command line: thin commands over the packages below."""

import sys


def main() -> None:
    """Run the command line of this process and exit with its code (``cli/exit_codes.py``)."""
    from counterfoil.cli.app import run  # noqa: PLC0415 - importing a command's part must not load all commands

    sys.exit(run(sys.argv[1:]))
