"""``counterfoil receipt-key``: receipt keys come into use and go out of it."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.key_names import read_thumbprint
from counterfoil.cli.operator_desk import Desk, operator_desk
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import SignerUnavailableError
from counterfoil.receipt.tree_head import require_receipt_signer
from counterfoil.signing.uri import is_ephemeral, open_signer
from counterfoil.statement.key_notice import (
    RECEIPT_KEY_CONTENT_TYPE,
    ReceiptKeyAct,
    ReceiptKeyNotice,
    announce_receipt_key,
)

receipt_key = typer.Typer(
    help="Announce another receipt key, retire one, or say that one is compromised.",
    callback=help_when_alone,
    invoke_without_command=True,
)

Kid = Annotated[
    str,
    typer.Argument(
        metavar="KID",
        help="The key's thumbprint in hexadecimal, as 'keys' shows it, its kid, or a file with its public key.",
    ),
]


def announce(
    new_key: Annotated[
        str,
        typer.Option("--new-key", metavar="URI|FILE", help="The signer of the new key, as COUNTERFOIL_RECEIPT_KEY."),
    ],
    operator: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Announce another receipt key.

    From then on servers may sign with either, and whoever has the log's genesis statement learns of it from the log.
    The operator key signs that, the new key that somebody holds it, and the tree it is in still the receipt key of the
    settings.

    A relative FILE starts from the data directory. Then let each server go over to it, with COUNTERFOIL_RECEIPT_KEY,
    and retire the other.

    Example:
      counterfoil keygen --out data/keys/receipt-2.pem
      counterfoil receipt-key announce --data data --new-key file:keys/receipt-2.pem
    """
    signer = _new_signer(Path() if url is not None else find_data(data, database).path, new_key)
    with operator_desk(data, database, url, keys, origin, operator) as desk:
        notice = announce_receipt_key(signer, desk.rules.genesis.identity)
        reply = _published(desk, notice, "the receipt key is announced")
    reply.show(as_json=as_json)


def retire(
    kid: Kid,
    operator: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Retire a receipt key: nothing is signed with it any more, and what it signed is believed for ever.

    The settings must name another receipt key that is in force, since the tree with this entry is signed with it. A
    server that still has the retired key answers 503 to statements from then on, and says that it is not ready.

    Example:
      export COUNTERFOIL_RECEIPT_KEY=file:keys/receipt-2.pem
      counterfoil receipt-key retire KID --data data
    """
    notice = ReceiptKeyNotice(ReceiptKeyAct.RETIRE, read_thumbprint(kid))
    with operator_desk(data, database, url, keys, origin, operator) as desk:
        reply = _published(desk, notice, "the receipt key is retired")
    reply.show(as_json=as_json)


def compromise(
    kid: Kid,
    operator: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Yes, no receipt by this key is to be believed by itself again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say that somebody else has a receipt key, retired or not. It cannot be taken back.

    What it signed is believed only with a proof that leads to a tree signed by another key. The log issues every
    receipt by it again, signed by another key, to whoever asks. The settings must name another receipt key that is in
    force.

    Example:
      export COUNTERFOIL_RECEIPT_KEY=file:keys/receipt-2.pem
      counterfoil receipt-key compromise KID --data data --yes
    """
    if not yes:
        raise typer.BadParameter("it cannot be taken back: say so with --yes", param_hint="--yes")
    notice = ReceiptKeyNotice(ReceiptKeyAct.COMPROMISE, read_thumbprint(kid))
    with operator_desk(data, database, url, keys, origin, operator) as desk:
        reply = _published(desk, notice, "the receipt key is said to be compromised")
    reply.show(as_json=as_json)


def _new_signer(directory: Path, name: str) -> LocalSigner:
    if is_ephemeral(name):
        raise SignerUnavailableError("a receipt key that is announced must survive this command")
    signer = open_signer(name if name.startswith("file:") else f"file:{Path(name)}", directory)
    require_receipt_signer(signer)
    return signer


def _published(desk: Desk, notice: ReceiptKeyNotice, title: str) -> Reply:
    registration = desk.publish(RECEIPT_KEY_CONTENT_TYPE, notice.encode())
    kid, entry_id = encode_base64url(notice.thumbprint), registration.entry_id.hex()
    rows = (
        ("kid", kid),
        ("thumbprint", notice.thumbprint.hex()),
        ("entry", registration.number),
        ("entry id", entry_id),
    )
    return Reply(
        f"{title}\n{fields(rows)}",
        {
            "act": notice.act.value,
            "kid": kid,
            "thumbprint": notice.thumbprint.hex(),
            "entry": registration.number,
            "entryId": entry_id,
        },
    )


for _command in (announce, retire, compromise):
    receipt_key.command(help=help_of(_command))(_command)
