"""``counterfoil revoke``: an issuer's key is not to be believed any more."""

from typing import Annotated

import typer

from counterfoil.cli.key_names import read_thumbprint
from counterfoil.cli.operator_desk import operator_desk
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.statement.key_notice import MAX_REASON_CHARACTERS, REVOCATION_CONTENT_TYPE, Revocation


def revoke(
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="The issuer's key: its thumbprint, or a file with the public key."),
    ],
    last_valid_entry: Annotated[
        int,
        typer.Option(
            "--last-valid-entry", metavar="N", min=-1, help="Entries by it up to this number stay valid; -1: none does."
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for everybody to read.")],
    operator: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an issuer's key.

    It registers nothing any more, whatever a policy says, and entries by it after the given one are not to be believed.
    It is signed with the operator key, and a server may be running meanwhile. A later revocation can only say that
    fewer entries are valid.

    Example:
      counterfoil revoke agent.pem.pub --last-valid-entry 4711 --reason "the laptop was stolen" --data ./data
    """
    if len(reason) > MAX_REASON_CHARACTERS:
        raise typer.BadParameter(f"at most {MAX_REASON_CHARACTERS} characters", param_hint="--reason")
    revocation = Revocation(read_thumbprint(key), last_valid_entry, reason)
    with operator_desk(data, database, url, keys, origin, operator) as desk:
        registration = desk.publish(REVOCATION_CONTENT_TYPE, revocation.encode())
    kid, entry_id = encode_base64url(revocation.thumbprint), registration.entry_id.hex()
    rows = (
        ("kid", kid),
        ("thumbprint", revocation.thumbprint.hex()),
        ("last valid entry", last_valid_entry if last_valid_entry >= 0 else "none"),
        ("reason", reason),
        ("entry", registration.number),
        ("entry id", entry_id),
    )
    Reply(
        f"the key is revoked\n{fields(rows)}",
        {
            "kid": kid,
            "thumbprint": revocation.thumbprint.hex(),
            "lastValidEntry": last_valid_entry,
            "reason": reason,
            "entry": registration.number,
            "entryId": entry_id,
        },
    ).show(as_json=as_json)
