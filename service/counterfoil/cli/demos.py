"""``counterfoil demo``: the life of a statement where no more is said, and longer stories by their names."""

import typer

from counterfoil.cli.demo import demo
from counterfoil.cli.demo_engagement import engagement
from counterfoil.cli.options import AsJson
from counterfoil.cli.teaching import help_of

demo_group = typer.Typer(help=help_of(demo), invoke_without_command=True)


@demo_group.callback()
def _alone(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        demo(as_json)


demo_group.command(help=help_of(engagement))(engagement)
