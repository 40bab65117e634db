"""``counterfoil issuer``: who may register."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.commit_policy import commit_policy
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.issuer_keys import pins_of, read_issuer_keys
from counterfoil.cli.operator_desk import Published
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.errors import ConflictError
from counterfoil.policy.document import Issuer, PolicyDocument
from counterfoil.policy.parse import parse_policy

issuer = typer.Typer(
    help="Name who may register, by key or certificate and role.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def add(
    name: Annotated[str, typer.Option("--name", metavar="ISS", help="The exact text of the issuer's CWT iss.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE.pub", help="Its public key, in PEM or as COSE_Key.")
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option("--did-document", metavar="FILE.json", help="Its DID document; the keys for assertions count."),
    ] = None,
    x509: Annotated[
        list[str] | None,
        typer.Option("--x509", metavar="DID", help="A did:x509 of certificates that speak for it; repeat it."),
    ] = None,
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

    Commits a new version of the policy, signed with the operator key. An issuer that is named already gets the keys,
    certificates and roles beside those it has. A server may be running meanwhile; it decides by the new policy from its
    next append on.

    A did:key needs no --key. Certificates speak for an issuer as far as --x509 says, with a path to a root that 'root
    add' names; a did:x509 speaks for itself where nothing else is given. No address is ever fetched.

    Example:
      counterfoil issuer add --data ./data --name https://agent.example --key agent.pem.pub
    """
    found = find_data(data, database)
    keys = read_issuer_keys(name, key, kid, document)
    pins = pins_of(name, tuple(x509 or ()), keys)
    with found.store() as store:
        in_force = found.rules(store).policy
    following = with_issuer(in_force, Issuer(name, keys, frozenset(role or ()), pins))
    _admitted(following, Issuer(name, keys, frozenset(), pins), commit_policy(found, following)).show(as_json=as_json)


def _admitted(policy: PolicyDocument, added: Issuer, committed: Published) -> Reply:
    kids, entry_id = [encode_base64url(one.kid) for one in added.keys], committed.entry_id.hex()
    rows = (
        ("issuer", added.name),
        *(("kid", one) for one in kids),
        *(("x509", one) for one in added.pins),
        ("policy version", policy.version),
        ("entry id", entry_id),
    )
    return Reply(
        f"the issuer may register\n{fields(rows)}",
        {
            "issuer": added.name,
            "kid": kids[0] if kids else None,
            "kids": list[JsonValue](kids),
            "x509": list[JsonValue](added.pins),
            "policyVersion": policy.version,
            "entryId": entry_id,
        },
    )


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


def with_issuer(policy: PolicyDocument, added: Issuer) -> PolicyDocument:
    """The next version of a policy, with the keys, pins and roles of ``added`` beside those that its issuer has.

    Raises:
        ConflictError: An issuer has such a key or key identifier already, or this one such a pin.
        MalformedError: A name, a role or a pin is out of bounds or cannot be read, or a did:key is given another key.
    """
    for key in added.keys:
        for other in policy.issuers:
            if any(held.key == key.key or held.answers_to(key.kid) for held in other.keys):
                raise ConflictError(f"the policy has that key or kid already, under {other.name}")
    known = policy.issuer(added.name) or Issuer(added.name, (), frozenset())
    if set(known.pins) & set(added.pins):
        raise ConflictError("the policy has that did:x509 already, for this issuer")
    changed = replace(
        known, keys=known.keys + added.keys, roles=known.roles | added.roles, pins=known.pins + added.pins
    )
    issuers = tuple(changed if one == known else one for one in policy.issuers)
    if known not in policy.issuers:
        issuers = (*issuers, changed)
    # Read back, so that a document which could not be read again is never committed.
    return parse_policy(replace(policy, version=policy.version + 1, issuers=issuers).encode())


def _line(named: Issuer) -> str:
    kids = f"  kid {', '.join(encode_base64url(key.kid) for key in named.keys)}" if named.keys else ""
    pins = f"  x509 {', '.join(named.pins)}" if named.pins else ""
    roles = f"  roles {', '.join(sorted(named.roles))}" if named.roles else ""
    return printable(f"{named.name}{kids}{pins}{roles}")


issuer.command("add", help=help_of(add))(add)
issuer.command("list", help=help_of(list_issuers))(list_issuers)
