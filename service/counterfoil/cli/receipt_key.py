"""``counterfoil receipt-key``: receipt keys come into use and go out of it."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import DataDirectory, find_data
from counterfoil.cli.key_names import read_thumbprint
from counterfoil.cli.operator_statement import register_as_operator
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import SignerUnavailableError
from counterfoil.log.rules_source import read_genesis
from counterfoil.receipt.tree_head import require_receipt_signer
from counterfoil.register import Registration
from counterfoil.signing.uri import is_ephemeral
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
    typer.Argument(metavar="KID", help="The key's thumbprint, as 'keys' shows it, or a file with its public key."),
]


def announce(
    new_key: Annotated[
        str,
        typer.Option("--new-key", metavar="URI|FILE", help="The signer of the new key, as COUNTERFOIL_RECEIPT_KEY."),
    ],
    data: Data = None,
    database: Database = None,
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
    found = find_data(data, database)
    signer = _new_signer(found, new_key)
    with found.store() as store:
        identity = read_genesis(store).identity
    _show(found, announce_receipt_key(signer, identity), "the receipt key is announced", as_json=as_json)


def retire(kid: Kid, data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """Retire a receipt key: nothing is signed with it any more, and what it signed is believed for ever.

    The settings must name another receipt key that is in force, since the tree with this entry is signed with it. A
    server that still has the retired key answers 503 to statements from then on, and says that it is not ready.

    Example:
      export COUNTERFOIL_RECEIPT_KEY=file:keys/receipt-2.pem
      counterfoil receipt-key retire KID --data data
    """
    _end(find_data(data, database), ReceiptKeyAct.RETIRE, kid, "the receipt key is retired", as_json=as_json)


def compromise(
    kid: Kid,
    data: Data = None,
    database: Database = None,
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
    found = find_data(data, database)
    _end(found, ReceiptKeyAct.COMPROMISE, kid, "the receipt key is said to be compromised", as_json=as_json)


def _new_signer(found: DataDirectory, name: str) -> LocalSigner:
    if is_ephemeral(name):
        raise SignerUnavailableError("a receipt key that is announced must survive this command")
    signer = found.signer(name if name.startswith("file:") else f"file:{Path(name)}")
    require_receipt_signer(signer)
    return signer


def _end(found: DataDirectory, act: ReceiptKeyAct, kid: str, title: str, *, as_json: bool) -> None:
    _show(found, ReceiptKeyNotice(act, read_thumbprint(kid)), title, as_json=as_json)


def _show(found: DataDirectory, notice: ReceiptKeyNotice, title: str, *, as_json: bool) -> None:
    registration = register_as_operator(found, RECEIPT_KEY_CONTENT_TYPE, notice.encode())
    _reply(notice, registration, title).show(as_json=as_json)


def _reply(notice: ReceiptKeyNotice, registration: Registration, title: str) -> Reply:
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
