"""``counterfoil receipt``: the receipt of an entry."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.cli.results import inclusion_json
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES, attach_receipts
from counterfoil.statement.signed_statement import parse_signed_statement

_ENTRY_ID: Final = re.compile(r"[0-9a-f]{64}")


def receipt(
    entry: Annotated[str, typer.Argument(metavar="ENTRY_ID|S.cose", help="The entry id, or the statement itself.")],
    url: Url,
    out: Annotated[Path, typer.Option("--out", metavar="R.cose", help="Where the receipt goes.")],
    fresh: Annotated[
        bool, typer.Option("--fresh", help="At the log's current size, not at the size of its batch.")
    ] = False,
    transparent: Annotated[
        bool,
        typer.Option("--transparent", help="Write the statement with the receipt in it; needs S.cose."),
    ] = False,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the receipt of a registered statement.

    It is verified before it is written. The statement itself need not be at hand: its entry id is enough.

    Example:
      counterfoil receipt --url http://127.0.0.1:8440 action.cose --out action.receipt
    """
    statement = None
    if _ENTRY_ID.fullmatch(entry) is None:
        statement = parse_signed_statement(read_input(Path(entry)), max_bytes=MAX_TRANSPARENT_BYTES)
    elif transparent:
        raise typer.BadParameter("a Transparent Statement needs the statement: give S.cose", param_hint="--transparent")
    entry_id = bytes.fromhex(entry) if statement is None else statement.hash
    with remote_log(url, keys, origin) as client:
        fetched = client.receipt(entry_id, fresh=fresh)
        note, pinned = key_note(client), client.keys_are_pinned
    attach = transparent and statement is not None
    write_output(
        out, attach_receipts(statement.encoded, [fetched.receipt]) if attach and statement else fetched.receipt
    )
    inclusion = fetched.verified.inclusion
    rows = (
        ("entry id", entry_id.hex()),
        ("log", inclusion.log_name),
        ("place", f"leaf {inclusion.leaf_index} of a tree of {inclusion.tree_size}"),
        ("registered by", timestamp(inclusion.head_time)),
        ("written to", out),
        ("log key", f"{inclusion.key_thumbprint.hex()}, {note}"),
    )
    Reply(
        f"{'a Transparent Statement' if transparent else 'the receipt'}, verified\n{fields(rows)}",
        {
            "entryId": entry_id.hex(),
            "out": str(out),
            "transparent": transparent,
            "keysPinned": pinned,
            **inclusion_json(inclusion),
        },
    ).show(as_json=as_json)
