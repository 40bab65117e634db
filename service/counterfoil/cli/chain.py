"""``counterfoil chain``: an engagement as a whole."""

from typing import Annotated

import typer

from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.cli.teaching import help_of, help_when_alone

chain = typer.Typer(
    help="Engagements: every entry about one rootTraceId.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def verify(
    root_trace_id: Annotated[str, typer.Argument(metavar="ROOT_TRACE_ID", help="The engagement.")],
    url: Url,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Fetch an engagement and verify it as a whole.

    Every statement is checked against its receipt, every decision record against its place, every reference against
    the entries before it, and all of them together against the chain's hash. The result says what that does not show.

    Example:
      counterfoil chain verify 0192f0c1-7e1a-4a3b-9c5d-1f2e3d4c5b6a --url http://127.0.0.1:8440 --keys genesis.cose
    """
    with remote_log(url, keys, origin) as client:
        fetched = client.chain(root_trace_id)
        note, pinned = key_note(client), client.keys_are_pinned
    verified = fetched.verified
    first, last = verified.inclusions[0], verified.inclusions[-1]
    rows = (
        ("entries", f"{len(verified.entries)}, {verified.events} of them trace events"),
        ("log", verified.log_name),
        ("from", f"entry {first.leaf_index}, registered by {timestamp(first.head_time)}"),
        ("to", f"entry {last.leaf_index}, registered by {timestamp(last.head_time)}"),
        ("chain hash", verified.chain_hash.hex()),
        ("state", f"{fetched.state or 'no engagement'}, as the log says"),
        ("log key", note),
    )
    open_questions = "\n".join(f"  - {sentence}" for sentence in verified.not_established)
    Reply(
        f"the chain holds\n{fields(rows)}\nNot established:\n{open_questions}",
        {
            "rootTraceId": verified.root_trace_id,
            "entries": [entry.hex() for entry in verified.entries],
            "events": verified.events,
            "chainHash": verified.chain_hash.hex(),
            "log": verified.log_name,
            "state": fetched.state,
            "keysPinned": pinned,
            "notEstablished": list(verified.not_established),
        },
    ).show(as_json=as_json)


chain.command(help=help_of(verify))(verify)
