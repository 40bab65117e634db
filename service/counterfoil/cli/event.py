"""``counterfoil event``: trace events, written and described."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.event_arguments import (
    fresh_event_id,
    parse_entry,
    parse_references,
    parse_role,
    read_object,
)
from counterfoil.cli.files import write_output
from counterfoil.cli.options import AsJson, Keys, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.remote import remote_log
from counterfoil.cli.sign import parse_kid
from counterfoil.cli.submit import SUBMIT_SECONDS, submit_one
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.build import build_trace_event, sign_trace_event
from counterfoil.statement.trace_event.event import Actor, EventType
from counterfoil.statement.trace_event.occurred_at import format_occurred_at, parse_occurred_at
from counterfoil.statement.trace_event.schema import trace_event_schema

event = typer.Typer(
    help="Write trace events, and print what they have to look like.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def new(
    event_type: Annotated[EventType, typer.Argument(metavar="TYPE", help="The event's type, such as ACTION.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The writer's private key, as keygen wrote it.")],
    issuer: Annotated[str, typer.Option("--issuer", metavar="ISS", help="Who writes the event: CWT iss.")],
    root_trace_id: Annotated[
        str,
        typer.Option(
            "--root-trace-id",
            "--subject",
            metavar="ID",
            help="The engagement: rootTraceId, and CWT sub. 16 to 512 bytes.",
        ),
    ],
    actor_id: Annotated[str, typer.Option("--actor-id", metavar="ID", help="The writer's own name for who acted.")],
    sequence: Annotated[
        int, typer.Option("--sequence", metavar="N", help="The writer's own counter in this chain, from 0, no gaps.")
    ],
    data: Annotated[
        str, typer.Option("--data", metavar="FILE", help="The type's members: a file, - or a JSON object itself.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="S.cose", help="Where the signed statement goes.")],
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="The session.  [default: the rootTraceId]")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="R", help="The actor's role.  [default: the only one of the type]")
    ] = None,
    previous: Annotated[
        str | None, typer.Option("--previous", metavar="HASH", help="The chain's last entry that the writer has seen.")
    ] = None,
    ref: Annotated[
        list[str] | None, typer.Option("--ref", metavar="REL=HASH", help="An entry it refers to; repeat it.")
    ] = None,
    more: Annotated[
        str | None, typer.Option("--more", metavar="FILE", help="Further members, such as paper or input; as --data.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event-id", metavar="UUID", help="The writer's own id.  [default: a new UUIDv7]")
    ] = None,
    occurred_at: Annotated[
        str | None,
        typer.Option(
            "--occurred-at", metavar="TIME", help="When it happened: 2026-03-01T12:00:00.000Z.  [default: now]"
        ),
    ] = None,
    kid: Annotated[
        str | None,
        typer.Option("--kid", metavar="KID", help="The key's name as text, or hex:BYTES.  [default: its thumbprint]"),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option("--server", metavar="URL", help="Register it with this service at once, as submit does."),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="Where the receipt goes, with --server.")
    ] = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    r"""Write a trace event and sign it.

    The event is checked as the service checks it, so nothing is written that it could not read. Keep S.cose: sending it
    again after a failure is harmless, while writing the event again makes another one.

    Examples:
      counterfoil event new ACTION --key agent.pem --issuer https://agent.example --subject trace-7f3c2a90-4b1d \
        --actor-id agent-1 --sequence 0 --data '{"kind":"tool","name":"search"}' --out action.cose
      counterfoil event new RUNTIME_FLAGGED --key runtime.pem --issuer https://runtime.example \
        --root-trace-id trace-7f3c2a90-4b1d --actor-id monitor --sequence 3 --ref scores=HASH \
        --data score.json --out flagged.cose --server http://127.0.0.1:8440 --receipt flagged.receipt
    """
    if receipt is not None and server is None:
        raise typer.BadParameter("there is no receipt without a service; give --server URL", param_hint="--receipt")
    now = time.time_ns() // 1_000_000
    happened = now if occurred_at is None else parse_occurred_at(occurred_at)
    written_id = fresh_event_id(now) if event_id is None else event_id
    payload = build_trace_event(
        event_type,
        event_id=written_id,
        root_trace_id=root_trace_id,
        session_id=root_trace_id if session is None else session,
        occurred_at=happened,
        actor=Actor(actor_id, parse_role(role, event_type)),
        sequence=sequence,
        data=read_object(data),
        previous=None if previous is None else parse_entry(previous),
        references=parse_references(ref or ()),
        more={} if more is None else read_object(more),
    )
    name = None if kid is None else parse_kid(kid)
    signer = read_key_file(key)
    signed = sign_trace_event(
        signer, payload, issuer=issuer, root_trace_id=root_trace_id, issued_at=now // 1000, kid=name
    )
    write_output(out, signed)
    entry_id = parse_signed_statement(signed, max_bytes=len(signed)).hash.hex()
    rows = (("statement", out), ("entry id", entry_id), ("event id", written_id), ("sequence", sequence))
    reply = Reply(
        f"signed with {signer.algorithm.name}\n{fields(rows)}",
        {
            "statement": str(out),
            "entryId": entry_id,
            "type": event_type.value,
            "eventId": written_id,
            "occurredAt": format_occurred_at(happened),
            "issuedAt": now // 1000,
        },
    )
    if server is not None:
        with remote_log(server, keys, origin, retry_for=SUBMIT_SECONDS) as client:
            registered = submit_one(client, out, receipt, None)
        reply = Reply(f"{reply.text}\n{registered.text}", reply.data | registered.data)
    reply.show(as_json=as_json)


def schema(
    event_type: Annotated[
        EventType | None, typer.Argument(metavar="TYPE", help="The event's type.  [default: any of them]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of an event's payload.

    It is as strict as a schema can be; "event new" and the service check more, such as what belongs together.

    Example:
      counterfoil event schema ACTION
    """
    found = trace_event_schema(event_type)
    Reply(json.dumps(found, indent=2), found).show(as_json=as_json)


event.command("new", help=help_of(new))(new)
event.command("schema", help=help_of(schema))(schema)
