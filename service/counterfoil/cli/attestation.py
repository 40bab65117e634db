"""``counterfoil attestation``: evidence of attested hardware."""

import typer

from counterfoil.cli.attestation_verify import verify
from counterfoil.cli.teaching import help_of, help_when_alone

attestation = typer.Typer(
    help="Appraise evidence of attested hardware.",
    callback=help_when_alone,
    invoke_without_command=True,
)
attestation.command("verify", help=help_of(verify))(verify)
