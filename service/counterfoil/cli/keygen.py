"""``counterfoil keygen``: a key pair for an issuer."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.files import write_output
from counterfoil.cli.options import AsJson
from counterfoil.cli.output import Reply, fields
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.signing.file_signer import write_key_file
from counterfoil.signing.generate import generate_key_pem


def keygen(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes; FILE.pub beside it.")],
    algorithm: Annotated[
        str, typer.Option("--alg", metavar="ALG", help="ES256, ES384, ES512, EdDSA or PS256.")
    ] = "ES256",
    as_json: AsJson = False,
) -> None:
    """Make a key pair for an issuer.

    FILE is readable by its owner alone, FILE.pub is to give away.

    An existing FILE is never overwritten. The kid printed is the key's thumbprint (RFC 9679); statements that
    "counterfoil sign" makes carry it.

    Example:
      counterfoil keygen --out agent.pem
    """
    pem = generate_key_pem(algorithm)
    key = parse_private_key_pem(pem, algorithm=algorithm_named(algorithm)).public_key
    write_key_file(out, pem)
    public = out.with_name(f"{out.name}.pub")
    write_output(public, public_key_pem(key).encode())
    kid, thumbprint = encode_base64url(key.thumbprint), key.thumbprint.hex()
    rows = (("private key", out), ("public key", public), ("kid", kid), ("thumbprint", thumbprint))
    Reply(
        f"made an {algorithm} key pair\n{fields(rows)}",
        {
            "algorithm": algorithm,
            "privateKey": str(out),
            "publicKey": str(public),
            "kid": kid,
            "thumbprint": thumbprint,
        },
    ).show(as_json=as_json)
