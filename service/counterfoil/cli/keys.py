"""``counterfoil keys``: the keys of a log."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.files import write_output
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply
from counterfoil.cli.remote import remote_log
from counterfoil.cose.keys import PublicKey, cose_key_map, public_key_pem
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.log.rules_source import read_genesis
from counterfoil.statement.genesis import KeyPurpose


def keys(
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Ask a service.")] = None,
    data: Data = None,
    database: Database = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the receipt keys as a COSE Key Set, for verify --keys."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the keys of a log.

    From a service the receipt keys it publishes, from a data directory all that the genesis statement names.

    Keys that a service gave you are as trustworthy as the way they came. Compare the thumbprint with one that you got
    from elsewhere before you rely on them.

    Example:
      counterfoil keys --url http://127.0.0.1:8440 --out log-keys.cbor
    """
    if url is not None and data is not None:
        raise typer.BadParameter("give --url or --data, not both", param_hint="--url")
    key_set, shown = _of_data(data, database) if url is None else _of_service(url)
    if out is not None:
        write_output(out, key_set)
    Reply(
        "\n".join(
            f"{purpose:<12}{default_algorithm(key).name:<8}kid {encode_base64url(kid)}\n"
            f"{'':<20}thumbprint {key.thumbprint.hex()}"
            for purpose, kid, key in shown
        )
        + (f"\nwritten to {printable(str(out))}" if out is not None else ""),
        {"keys": [_json(*row) for row in shown], "out": None if out is None else str(out)},
    ).show(as_json=as_json)


def _of_data(data: Path | None, database: str | None) -> tuple[bytes, list[tuple[KeyPurpose, bytes, PublicKey]]]:
    with find_data(data, database).store() as store:
        genesis = read_genesis(store)
    receipt = genesis.keys[KeyPurpose.RECEIPT]
    described = cose_key_map(receipt, kid=receipt.thumbprint, alg=default_algorithm(receipt).code)
    return encode([described]), [(purpose, key.thumbprint, key) for purpose, key in sorted(genesis.keys.items())]


def _of_service(url: str) -> tuple[bytes, list[tuple[KeyPurpose, bytes, PublicKey]]]:
    with remote_log(url, None, None) as client:
        key_set = client.key_set()
        trusted = client.keys().keys
    return key_set, [(KeyPurpose.RECEIPT, one.kid or one.key.thumbprint, one.key) for one in trusted]


def _json(purpose: KeyPurpose, kid: bytes, key: PublicKey) -> JsonValue:
    return {
        "purpose": purpose.value,
        "kid": encode_base64url(kid),
        "thumbprint": key.thumbprint.hex(),
        "algorithm": default_algorithm(key).name,
        "publicKey": public_key_pem(key),
    }
