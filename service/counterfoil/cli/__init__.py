"""The command line: thin commands over the packages below."""

import gc
import sys


def main() -> None:
    """Run the command line of this process and exit with its code (``cli/exit_codes.py``)."""
    # What is loaded is there until the process ends. Looking for circles in it meanwhile and then takes longer than
    # many a command does, and finds none that could go.
    gc.disable()
    from counterfoil.cli.app import run  # noqa: PLC0415 - importing a command's part must not load all commands

    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)
