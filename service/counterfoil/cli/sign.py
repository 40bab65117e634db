"""``counterfoil sign``: a payload into a signed statement."""

import time
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cose import labels
from counterfoil.cose.headers import Header
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import MalformedParameterError
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.signed_statement import parse_signed_statement

_HEX_PREFIX = "hex:"


def sign(
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The issuer's private key, as keygen wrote it.")],
    issuer: Annotated[str, typer.Option("--issuer", metavar="ISS", help="Who makes the statement: CWT iss.")],
    subject: Annotated[
        str,
        typer.Option(
            "--subject", metavar="ROOT_TRACE_ID", help="The engagement it belongs to, its rootTraceId: CWT sub."
        ),
    ],
    payload: Annotated[Path, typer.Option("--in", metavar="PAYLOAD", help="What is stated; - reads standard input.")],
    out: Annotated[Path, typer.Option("--out", metavar="S.cose", help="Where the statement goes.")],
    content_type: Annotated[
        str, typer.Option("--content-type", metavar="T", help="The payload's media type.")
    ] = "application/json",
    kid: Annotated[
        str | None,
        typer.Option("--kid", metavar="KID", help="The key's name as text, or hex:BYTES.  [default: its thumbprint]"),
    ] = None,
    no_iat: Annotated[
        bool, typer.Option("--no-iat", help="Leave out the time of issue, so that each run signs alike.")
    ] = False,
    detached: Annotated[
        bool, typer.Option("--detached", help="Leave the payload out; logs of this project then refuse the statement.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a payload as a statement.

    The statement is a COSE_Sign1 as RFC 9943 has it.

    ECDSA signatures are deterministic: the same payload, headers and time give the same bytes. Keep S.cose: sending it
    again after a failure is harmless, while signing again makes another statement.

    Example:
      counterfoil sign --key agent.pem --issuer https://agent.example --subject trace-7f3c --in a.json --out a.cose
    """
    signer = read_key_file(key)
    now = None if no_iat else int(time.time())
    claims: dict[int | str, CborValue] = {labels.CWT_ISS: issuer, labels.CWT_SUB: parse_root_trace_id(subject)}
    claims |= {} if now is None else {labels.CWT_IAT: now}
    name = signer.public_key.thumbprint if kid is None else parse_kid(kid)
    protected: Header = {labels.CONTENT_TYPE: content_type, labels.KID: name, labels.CWT_CLAIMS: claims}
    data = sign_sign1(signer, protected, read_input(payload), detached=detached)
    entry_id = parse_signed_statement(data, max_bytes=len(data)).hash.hex()
    write_output(out, data)
    rows = (("statement", out), ("entry id", entry_id), ("issued at", timestamp(now)), ("bytes", len(data)))
    Reply(
        f"signed with {signer.algorithm.name}\n{fields(rows)}",
        {
            "statement": str(out),
            "entryId": entry_id,
            "algorithm": signer.algorithm.name,
            "kid": encode_base64url(name),
            "issuedAt": now,
            "bytes": len(data),
        },
    ).show(as_json=as_json)


def parse_kid(text: str) -> bytes:
    """Read a key identifier: text as it is, or ``hex:`` and its bytes.

    Raises:
        MalformedParameterError: It is empty, or what follows ``hex:`` is not hexadecimal.
    """
    try:
        kid = bytes.fromhex(text.removeprefix(_HEX_PREFIX)) if text.startswith(_HEX_PREFIX) else text.encode()
    except ValueError as error:
        raise MalformedParameterError("what follows hex: is not hexadecimal") from error
    if not kid:
        raise MalformedParameterError("a kid is at least one byte")
    return kid
