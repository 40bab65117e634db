"""``counterfoil policy``: the registration policy in force, and its successor."""

import json
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.commit_policy import commit_policy
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.extras import needing
from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson, Data, Database, Keys, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cli.trust import expected_issuer, read_trust
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedGenesisError, MalformedPolicyError, PolicyVersionError
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import MAX_POLICY_BYTES, parse_policy
from counterfoil.receipt.transparent import parse_transparent_statement

policy = typer.Typer(
    help="Read the registration policy in force, and commit the next one.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def show(
    data: Data = None,
    database: Database = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Ask a service instead.")] = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Print the policy in force.

    It is the JSON that 'policy commit' takes.

    Example:
      counterfoil policy show --data ./data > policy.json
    """
    document = _policy_of_data(data, database) if url is None else _policy_of_service(url, keys, origin)
    shown = _as_json(document)
    Reply(json.dumps(shown, indent=2, ensure_ascii=True), shown).show(as_json=as_json)


def commit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The edited policy; - reads standard input.")],
    data: Data = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Commit a new version of the policy.

    It is signed with the operator key; a server may be running meanwhile. Edit what 'policy show' prints and count its
    version up by one: the version says which policy yours is to follow, so that two operators never undo each other
    unawares.

    Example:
      counterfoil policy show --data ./data > policy.json
      (edit policy.json, version + 1)
      counterfoil policy commit --data ./data policy.json
    """
    found = find_data(data, database)
    document = parse_policy(read_input(file))
    with found.store() as store:
        in_force = found.rules(store).policy
    if document == in_force:
        raise PolicyVersionError(f"the file is the policy in force, version {in_force.version}; nothing to commit")
    if document.version != in_force.version + 1:
        raise PolicyVersionError(
            f"the policy in force has version {in_force.version}, so the next one has version "
            f"{in_force.version + 1}, and the file says {document.version}; compare it with 'policy show' first",
        )
    registration = commit_policy(found, document)
    entry_id = registration.entry_id.hex()
    rows = (("version", document.version), ("entry", registration.number), ("entry id", entry_id))
    Reply(
        f"the policy is in force\n{fields(rows)}",
        {"version": document.version, "entry": registration.number, "entryId": entry_id},
    ).show(as_json=as_json)


def _policy_of_data(data: Path | None, database: str | None) -> PolicyDocument:
    found = find_data(data, database)
    with found.store() as store:
        return found.rules(store).policy


def _policy_of_service(url: str, keys: Path | None, origin: str | None) -> PolicyDocument:
    with needing("client"):
        from counterfoil.client import Client  # noqa: PLC0415 - the base install has no HTTP client
    trust = None if keys is None else read_trust(keys, origin)
    issuer = expected_issuer(origin) if trust is None else trust.issuer
    with Client(url, log_keys=None if trust is None else trust.log_keys, expected_issuer=issuer) as client:
        try:
            entry_id = bytes.fromhex(client.log().policy_entry_id)
        except ValueError as error:
            raise MalformedGenesisError("the service names no policy entry") from error
        statement = parse_transparent_statement(client.transparent_statement(entry_id)).statement
    if statement.content_type != POLICY_CONTENT_TYPE:
        raise MalformedPolicyError("the entry that the service names is no policy")
    return parse_policy(statement.message.payload or b"")


def _as_json(document: PolicyDocument) -> dict[str, JsonValue]:
    value = parse_json(document.encode(), max_bytes=MAX_POLICY_BYTES)
    return value if isinstance(value, dict) else {}


policy.command("show", help=help_of(show))(show)
policy.command("commit", help=help_of(commit))(commit)
