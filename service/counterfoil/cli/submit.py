"""``counterfoil submit``: registering a statement."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.cli.results import inclusion_json


def submit(
    statement: Annotated[Path, typer.Argument(metavar="S.cose", help="The signed statement.")],
    url: Url,
    out: Annotated[Path | None, typer.Option("--out", metavar="RECEIPT", help="Where the receipt goes.")] = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Register a statement and keep its receipt.

    The receipt is verified before it is written. Sending the same file again is harmless and returns the same receipt.

    Example:
      counterfoil submit --url http://127.0.0.1:8440 action.cose --out action.receipt
    """
    data = read_input(statement)
    with remote_log(url, keys, origin) as client:
        registered = client.submit(data)
        note, pinned = key_note(client), client.keys_are_pinned
    if out is not None:
        write_output(out, registered.receipt)
    inclusion, entry_id = registered.verified.inclusion, registered.verified.entry_id.hex()
    rows = (
        ("entry id", entry_id),
        ("log", inclusion.log_name),
        ("leaf index", inclusion.leaf_index),
        ("registered by", timestamp(inclusion.head_time)),
        ("receipt", out),
        ("log key", f"{inclusion.key_thumbprint.hex()}, {note}"),
    )
    Reply(
        f"registered\n{fields(rows)}",
        {
            "entryId": entry_id,
            "receipt": None if out is None else str(out),
            "keysPinned": pinned,
            **inclusion_json(inclusion),
        },
    ).show(as_json=as_json)
