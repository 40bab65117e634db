"""Help texts out of docstrings."""

import inspect
from collections.abc import Callable
from typing import Final

import typer

_KEEP_LINES: Final = "\b\n"
"""Before a paragraph it keeps the help from being filled as one text."""


def help_of(command: Callable[..., object]) -> str:
    """The docstring of a command as its help: paragraphs filled, the lines of its examples kept."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(f"{_KEEP_LINES}{text}" if text.startswith("Example") else text for text in paragraphs)


def help_when_alone(context: typer.Context) -> None:
    """Print a group's help where no command of it is named."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit
