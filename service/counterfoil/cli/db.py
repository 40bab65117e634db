"""``counterfoil db``: the database's schema, and who may do what in it."""

from typing import Annotated

import typer

from counterfoil.cli.data_directory import DataDirectory, find_data
from counterfoil.cli.extras import needing
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.errors import SchemaMismatchError

db = typer.Typer(
    help="Bring the database to this release's schema, check it, and say who may do what in it.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def upgrade(data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """Bring the database to this release's schema.

    In one transaction: all of it or nothing. Stop the servers of the old release first. On PostgreSQL, connect as the
    role that owns the tables.

    Example:
      counterfoil db upgrade --database postgresql://counterfoil_owner@db.example/counterfoil
    """
    with needing("server"):
        from counterfoil.storage import migrate  # noqa: PLC0415 - not in the base install
    url = _url(find_data(data, database))
    before = migrate.revision_of(url)
    migrate.upgrade(url)
    after = migrate.revision_of(url)
    Reply(
        f"the schema is at revision {after}\n{fields((('it was at', before or 'none, the database was empty'),))}",
        {"revision": after, "before": before},
    ).show(as_json=as_json)


def check(data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """Check that the database is at this release's schema; exit code 7 when it is not.

    Example:
      counterfoil db check --data ./data
    """
    with needing("server"):
        from counterfoil.storage.migrate import head_revision, revision_of  # noqa: PLC0415 - not in the base install
    found, expected = revision_of(_url(find_data(data, database))), head_revision()
    if found != expected:
        raise SchemaMismatchError(
            f"the database is at revision {found}, this release works with {expected}; counterfoil db upgrade",
        )
    Reply(f"the schema is at revision {found}, as this release needs it", {"revision": found}).show(as_json=as_json)


def grant(
    data: Data = None,
    database: Database = None,
    serving: Annotated[
        list[str] | None,
        typer.Option("--serving", metavar="ROLE", help="A role that servers and operators connect as; repeat it."),
    ] = None,
    reading: Annotated[
        list[str] | None,
        typer.Option("--reading", metavar="ROLE", help="A role that may only look, for fsck and audits; repeat it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give roles of a PostgreSQL database the rights they need, and take all others away.

    A serving role may read, add entries and move the head; it can change or delete nothing that is on the log. A
    reading role may read. Make the roles first (CREATE ROLE name LOGIN), and connect as the role that owns the tables.

    Example:
      counterfoil db grant --database postgresql://counterfoil_owner@db.example/counterfoil --serving counterfoil_server
    """
    with needing("server"):
        from counterfoil.storage.postgres_roles import grant_rights  # noqa: PLC0415 - not in the base install
    if not serving and not reading:
        raise typer.BadParameter("name at least one role", param_hint="--serving, --reading")
    grant_rights(_url(find_data(data, database)), serving or (), reading or ())
    rows = (("serving", ", ".join(serving or ()) or None), ("reading", ", ".join(reading or ()) or None))
    Reply(
        f"rights are as this release needs them\n{fields(rows)}",
        {"serving": list(serving or ()), "reading": list(reading or ())},
    ).show(as_json=as_json)


def _url(found: DataDirectory) -> str:
    from counterfoil.storage.opening import database_url  # noqa: PLC0415 - not in the base install

    return database_url(found.settings.database, found.path)


db.command("upgrade", help=help_of(upgrade))(upgrade)
db.command("check", help=help_of(check))(check)
db.command("grant", help=help_of(grant))(grant)
