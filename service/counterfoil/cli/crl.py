"""``counterfoil crl``: the revocation lists of CAs, which the operator loads; nothing ever fetches one."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.collateral_files import crl_in_der
from counterfoil.cli.files import read_input
from counterfoil.cli.operator_desk import operator_desk, rules_now
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cose.x509_path.revocation import Crl, parse_crl
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.policy.changes import CRL_CONTENT_TYPE

crl = typer.Typer(
    help="Load the revocation lists by which certificates are judged.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CRL in DER or PEM; - reads standard input.")],
    key: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Load a revocation list.

    It is registered on the log's own chain, so that whoever repeats a decision has it, and takes the place of the one
    of that CA. The service key will do: what counts is the CA's own signature, which is checked with each path.

    Example:
      counterfoil crl add --data ./data agents-ca.crl
    """
    der = crl_in_der(read_input(file))
    loaded = parse_crl(der)
    with operator_desk(data, database, url, keys, origin, key) as desk:
        published = desk.publish(CRL_CONTENT_TYPE, der)
    rows = (*_rows(loaded), ("entry", published.number), ("entry id", published.entry_id.hex()))
    Reply(
        f"certificates are judged by it from now on\n{fields(rows)}",
        {**_json(loaded), "entry": published.number, "entryId": published.entry_id.hex()},
    ).show(as_json=as_json)


def list_crls(
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """List the revocation lists that certificates are judged by.

    Example:
      counterfoil crl list --data ./data
    """
    loaded = [parse_crl(der) for der in rules_now(data, database, url, keys, origin).crls]
    listed: list[JsonValue] = [_json(one) for one in loaded]
    Reply(
        "\n".join(fields(_rows(one)) for one in loaded) or "the log holds no revocation list",
        {"crls": listed},
    ).show(as_json=as_json)


def _rows(loaded: Crl) -> tuple[tuple[str, object], ...]:
    return (
        ("CA", printable(_name(loaded))),
        ("issued", timestamp(loaded.this_update)),
        ("next", timestamp(loaded.next_update)),
        ("revoked", len(loaded.loaded)),
    )


def _json(loaded: Crl) -> dict[str, JsonValue]:
    return {
        "ca": _name(loaded),
        "thisUpdate": loaded.this_update,
        "nextUpdate": loaded.next_update,
        "revoked": len(loaded.loaded),
    }


def _name(loaded: Crl) -> str:
    return loaded.loaded.issuer.rfc4514_string()


crl.command("add", help=help_of(add))(add)
crl.command("list", help=help_of(list_crls))(list_crls)
