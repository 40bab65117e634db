"""``counterfoil issuer``: who may register."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.commit_policy import commit_policy
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.sign import parse_kid
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cli.trust import read_public_key
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.printable import printable
from counterfoil.errors import ConflictError
from counterfoil.policy.document import Issuer, PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.issuer import IssuerKey

issuer = typer.Typer(
    help="Name who may register, by key and role.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def add(
    name: Annotated[str, typer.Option("--name", metavar="ISS", help="The exact text of the issuer's CWT iss.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE.pub", help="Its public key, in PEM or as COSE_Key.")],
    data: Data = None,
    database: Database = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="R", help="A role it may act in; repeat it.")
    ] = None,
    kid: Annotated[
        str | None,
        typer.Option("--kid", metavar="KID", help="What it puts into kid, text or hex:BYTES.  [default: thumbprint]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let an issuer register.

    Commits a new version of the policy, signed with the operator key. An issuer that is named already gets the key and
    the roles beside those it has. A server may be running meanwhile; it decides by the new policy from its next append
    on.

    Example:
      counterfoil issuer add --data ./data --name https://agent.example --key agent.pem.pub
    """
    found = find_data(data, database)
    public = read_public_key(key)
    with found.store() as store:
        in_force = found.rules(store).policy
    added = IssuerKey(public.thumbprint if kid is None else parse_kid(kid), public)
    document = with_issuer(in_force, name, added, frozenset(role or ()))
    registration = commit_policy(found, document)
    named, entry_id = encode_base64url(added.kid), registration.entry_id.hex()
    rows = (("issuer", name), ("kid", named), ("policy version", document.version), ("entry id", entry_id))
    Reply(
        f"the issuer may register\n{fields(rows)}",
        {"issuer": name, "kid": named, "policyVersion": document.version, "entryId": entry_id},
    ).show(as_json=as_json)


def list_issuers(data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """List the issuers that the policy in force names.

    Example:
      counterfoil issuer list --data ./data
    """
    found = find_data(data, database)
    with found.store() as store:
        document = found.rules(store).policy
    Reply(
        "\n".join(_line(named) for named in document.issuers) or "the policy in force names no issuer",
        {"policyVersion": document.version, "issuers": [named.as_json() for named in document.issuers]},
    ).show(as_json=as_json)


def with_issuer(policy: PolicyDocument, name: str, key: IssuerKey, roles: frozenset[str]) -> PolicyDocument:
    """The next version of a policy, with a key and roles added to an issuer.

    Raises:
        ConflictError: An issuer has that key or key identifier already.
        MalformedPolicyError: A name or a role is out of bounds.
    """
    for other in policy.issuers:
        if any(held.key == key.key or held.answers_to(key.kid) for held in other.keys):
            raise ConflictError(f"the policy has that key or kid already, under {other.name}")
    known = policy.issuer(name) or Issuer(name, (), frozenset())
    changed = Issuer(name, (*known.keys, key), known.roles | roles)
    issuers = tuple(changed if one == known else one for one in policy.issuers)
    if known not in policy.issuers:
        issuers = (*issuers, changed)
    # Read back, so that a document which could not be read again is never committed.
    return parse_policy(replace(policy, version=policy.version + 1, issuers=issuers).encode())


def _line(named: Issuer) -> str:
    kids = ", ".join(encode_base64url(key.kid) for key in named.keys)
    roles = f"  roles {', '.join(sorted(named.roles))}" if named.roles else ""
    return printable(f"{named.name}  kid {kids}{roles}")


issuer.command("add", help=help_of(add))(add)
issuer.command("list", help=help_of(list_issuers))(list_issuers)
