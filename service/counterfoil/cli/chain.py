"""``counterfoil chain``: an engagement as a whole."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.case.verify import VerifiedCase, verify_case
from counterfoil.cli.case_result import case_reply
from counterfoil.cli.files import write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply
from counterfoil.cli.remote import key_note, trusted_log
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cli.trust import read_trust
from counterfoil.errors import ChainInvalidError

chain = typer.Typer(
    help="Engagements: every entry about one rootTraceId.",
    callback=help_when_alone,
    invoke_without_command=True,
)

RootTraceId = Annotated[str, typer.Argument(metavar="ROOT_TRACE_ID", help="The engagement.")]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="N", min=1, help="As of the tree of that committed size.  [default: the latest]"),
]


def verify(
    root_trace_id: RootTraceId,
    url: Url,
    keys: Keys = None,
    origin: Origin = None,
    size: Size = None,
    as_json: AsJson = False,
) -> None:
    """Fetch an engagement and verify it as a whole, as of one checkpoint.

    Every statement is checked by its issuer's signature and its receipt, every receipt against the checkpoint, every
    decision record against its place, every reference against the entries before it, and all of them together against
    the chain's hash. The result says what that does not show.

    Example:
      counterfoil chain verify 0192f0c1-7e1a-4a3b-9c5d-1f2e3d4c5b6a --url http://127.0.0.1:8440 --keys genesis.cose
    """
    _, case, note, pinned = _fetch(root_trace_id, url, keys, origin, size)
    _reply(case, note, pinned=pinned).show(as_json=as_json)


def export(
    root_trace_id: RootTraceId,
    url: Url,
    out: Annotated[Path, typer.Option("--out", metavar="CASE.zip", help="Where the case file is written.")],
    keys: Keys = None,
    origin: Origin = None,
    size: Size = None,
    as_json: AsJson = False,
) -> None:
    """Write the case file of an engagement, once it verifies.

    It holds every statement with its receipt and decision, what can be derived from them, and views for people. The
    evidence in it is the same to the byte for both parties, and on every later export with the same --size.

    Example:
      counterfoil chain export 0192f0c1-7e1a-4a3b-9c5d-1f2e3d4c5b6a --url http://127.0.0.1:8440 --out case.zip
    """
    data, case, note, pinned = _fetch(root_trace_id, url, keys, origin, size)
    write_output(out, data)
    reply = _reply(case, note, pinned=pinned)
    Reply(f"{out}\n{reply.text}", {"file": str(out), **reply.data}).show(as_json=as_json)


def _fetch(
    root_trace_id: str, url: str, keys: Path | None, origin: str | None, size: int | None
) -> tuple[bytes, VerifiedCase, str, bool]:
    trust = None if keys is None else read_trust(keys, origin)
    with trusted_log(url, trust, origin) as client:
        data = client.case_file(root_trace_id, size=size)
        case = verify_case(data, client.keys(), None if trust is None else trust.genesis)
        note, pinned = key_note(client), client.keys_are_pinned
    if case.root_trace_id != root_trace_id:
        raise ChainInvalidError("the service answered with another engagement")
    return data, case, note, pinned


def _reply(case: VerifiedCase, note: str, *, pinned: bool) -> Reply:
    reply = case_reply(case, note)
    return Reply(reply.text, {**reply.data, "keysPinned": pinned})


for _command in (verify, export):
    chain.command(help=help_of(_command))(_command)
