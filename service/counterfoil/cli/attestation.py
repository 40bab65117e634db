"""``counterfoil attestation``: evidence of attested hardware."""

import typer

from counterfoil.cli.attestation_verify import verify
from counterfoil.cli.enrol import challenge, enrol
from counterfoil.cli.teaching import help_of, help_when_alone

attestation = typer.Typer(
    help="Appraise evidence of attested hardware, and enrol keys by it.",
    callback=help_when_alone,
    invoke_without_command=True,
)
attestation.command("verify", help=help_of(verify))(verify)
attestation.command("challenge", help=help_of(challenge))(challenge)
attestation.command("enrol", help=help_of(enrol))(enrol)
