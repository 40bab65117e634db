"""``counterfoil root``: the certificates to which paths may lead."""

from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.cli.commit_policy import commit_policy
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import ConflictError, MalformedCertificateError
from counterfoil.policy.anchors import Root
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"

root = typer.Typer(
    help="Name the roots of certificates that issuers sign with.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The root's certificate, in PEM or DER.")],
    data: Data = None,
    database: Database = None,
    needs_crl: Annotated[
        bool, typer.Option("--needs-crl", help="Admit a path to it only with a revocation list of every CA in it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let paths lead to a root.

    Commits a new version of the policy, signed with the operator key. By itself a root lets nobody register: 'issuer
    add --x509' says which certificates below it speak for whom.

    Example:
      counterfoil root add --data ./data root.pem
    """
    found = find_data(data, database)
    added = Root(read_certificate(file), needs_crl)
    with found.store() as store:
        in_force = found.rules(store).policy
    following = with_root(in_force, added)
    registration = commit_policy(found, following)
    entry_id = registration.entry_id.hex()
    rows = (*_rows(added), ("policy version", following.version), ("entry id", entry_id))
    Reply(
        f"paths may lead to the root\n{fields(rows)}",
        {**_as_json(added), "policyVersion": following.version, "entryId": entry_id},
    ).show(as_json=as_json)


def list_roots(data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """List the roots that the policy in force names.

    Example:
      counterfoil root list --data ./data
    """
    found = find_data(data, database)
    with found.store() as store:
        document = found.rules(store).policy
    Reply(
        "\n\n".join(fields(_rows(one)) for one in document.roots) or "the policy in force names no root",
        {"policyVersion": document.version, "roots": [_as_json(one) for one in document.roots]},
    ).show(as_json=as_json)


def read_certificate(path: Path) -> bytes:
    """The DER of the one certificate in a file, which is in PEM or DER.

    Raises:
        MalformedCertificateError: It holds none, or more than one.
        FileUnreadableError: It cannot be read.
    """
    data = read_input(path)
    if _BEGIN in data:
        _, _, rest = data.partition(_BEGIN)
        body, end, _ = rest.partition(_END)
        try:
            data = b64decode(b"".join(body.split()), validate=True) if end and data.count(_BEGIN) == 1 else b""
        except ValueError as error:
            raise MalformedCertificateError("not a certificate in PEM") from error
    parse_certificate(data)
    return data


def with_root(policy: PolicyDocument, added: Root) -> PolicyDocument:
    """The next version of a policy, with one more root.

    Raises:
        ConflictError: It has that root already.
        MalformedError: The certificate is too long.
    """
    if any(one.certificate == added.certificate for one in policy.roots):
        raise ConflictError("the policy has that root already")
    following = replace(policy, version=policy.version + 1, roots=(*policy.roots, added))
    # Read back, so that a document which could not be read again is never committed.
    return parse_policy(following.encode())


def _rows(one: Root) -> tuple[tuple[str, object], ...]:
    certificate = parse_certificate(one.certificate)
    return (
        ("subject", certificate.subject_name.rfc4514_string()),
        ("sha256", one.fingerprint.hex()),
        ("valid", f"{timestamp(certificate.not_before)} to {timestamp(certificate.not_after)}"),
        ("needs CRL", "yes" if one.needs_crl else "no"),
    )


def _as_json(one: Root) -> dict[str, JsonValue]:
    certificate = parse_certificate(one.certificate)
    return {
        "subject": certificate.subject_name.rfc4514_string(),
        "fingerprint": one.fingerprint.hex(),
        "notBefore": certificate.not_before,
        "notAfter": certificate.not_after,
        "needsCrl": one.needs_crl,
    }


root.command("add", help=help_of(add))(add)
root.command("list", help=help_of(list_roots))(list_roots)
