"""``counterfoil submit``: registering statements."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from counterfoil.cli.exit_codes import ExitCode, exit_code_of
from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, printable, timestamp
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.cli.results import inclusion_json
from counterfoil.cli.submit_progress import progress
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import CounterfoilError

if TYPE_CHECKING:
    from counterfoil.client import Client, Registered

_AT_ONCE: Final = 256
"""Files that are read and sent before their receipts are written: what one request holds."""


def submit(
    statements: Annotated[list[Path], typer.Argument(metavar="S.cose ...", help="The signed statements.")],
    url: Url,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RECEIPT", help="Where the receipt of a single statement goes.")
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(
            "--receipts", metavar="DIR", help="Where receipts are kept; what has one there is not sent again."
        ),
    ] = None,
    keys: Keys = None,
    origin: Origin = None,
    retry_for: Annotated[
        float, typer.Option("--retry-for", metavar="SECONDS", min=0, help="How long a busy service is asked again.")
    ] = 45.0,
    as_json: AsJson = False,
) -> None:
    """Register statements and keep their receipts.

    Each receipt is verified before it is written. Sending the same file again is harmless and returns the same receipt,
    so a run that was interrupted is repeated; with --receipts it goes on where it was.

    Of several files each is reported; the exit code is that of the worst, 0 when all are registered.

    Examples:
      counterfoil submit --url http://127.0.0.1:8440 action.cose --out action.receipt
      counterfoil submit --url http://127.0.0.1:8440 --receipts receipts statements/*.cose
    """
    if out is not None and len(statements) != 1:
        raise typer.BadParameter("one receipt for several statements; give --receipts DIR", param_hint="--out")
    with remote_log(url, keys, origin, receipts=receipts, retry_for=retry_for) as client:
        if len(statements) == 1:
            _one(client, statements[0], out, receipts).show(as_json=as_json)
            return
        code = _many(client, statements, receipts, as_json=as_json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _one(client: "Client", statement: Path, out: Path | None, receipts: Path | None) -> Reply:
    registered = client.submit(read_input(statement))
    if out is not None:
        write_output(out, registered.receipt)
    inclusion, entry_id = registered.verified.inclusion, registered.verified.entry_id.hex()
    where = out if out is not None or receipts is None else receipts / f"{entry_id}.receipt"
    rows = (
        ("entry id", entry_id),
        ("log", inclusion.log_name),
        ("leaf index", inclusion.leaf_index),
        ("registered by", timestamp(inclusion.head_time)),
        ("receipt", where),
        ("log key", f"{inclusion.key_thumbprint.hex()}, {key_note(client)}"),
    )
    return Reply(
        f"{'registered before' if registered.already else 'registered'}\n{fields(rows)}",
        {
            "entryId": entry_id,
            "receipt": None if where is None else str(where),
            "keysPinned": client.keys_are_pinned,
            **inclusion_json(inclusion),
        },
    )


def _many(client: "Client", statements: Sequence[Path], receipts: Path | None, *, as_json: bool) -> ExitCode:
    shown: list[JsonValue] = []
    codes, counts = [ExitCode.OK], {"registered": 0, "already": 0, "failed": 0}
    lines: list[str] = []
    with progress(len(statements)) as advance:
        for part in _parts(statements):
            for file, outcome in zip(part, _outcomes(client, part), strict=True):
                one, code = _outcome(file, outcome, receipts)
                shown.append(one)
                codes.append(code)
                counts[str(one["status"])] += 1
                if code is not ExitCode.OK:
                    lines.append(f"{printable(str(file))}: {one['code']}: {printable(str(one['detail']))}")
            advance(len(part))
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    Reply(
        "\n".join([*lines, f"{len(statements)} statements: {summary}; log keys {key_note(client)}"]),
        {"statements": shown, "counts": dict[str, JsonValue](counts), "keysPinned": client.keys_are_pinned},
    ).show(as_json=as_json)
    return max(codes)


def _outcomes(client: "Client", files: Sequence[Path]) -> list["Registered | CounterfoilError"]:
    read: dict[int, bytes] = {}
    found: dict[int, Registered | CounterfoilError] = {}
    for place, file in enumerate(files):
        try:
            read[place] = read_input(file)
        except CounterfoilError as error:
            found[place] = error
    found.update(zip(read, client.submit_many(list(read.values())), strict=True))
    return [found[place] for place in range(len(files))]


def _outcome(
    file: Path, outcome: "Registered | CounterfoilError", receipts: Path | None
) -> tuple[dict[str, JsonValue], ExitCode]:
    if isinstance(outcome, CounterfoilError):
        problem = getattr(outcome, "problem", None)
        code = getattr(problem, "code", None) or outcome.code
        shown: dict[str, JsonValue] = {"file": str(file), "status": "failed", "code": code, "detail": outcome.detail}
        return shown, exit_code_of(outcome)
    entry_id = outcome.verified.entry_id.hex()
    return {
        "file": str(file),
        "status": "already" if outcome.already else "registered",
        "entryId": entry_id,
        "receipt": None if receipts is None else str(receipts / f"{entry_id}.receipt"),
        "leafIndex": outcome.verified.inclusion.leaf_index,
    }, ExitCode.OK


def _parts(files: Sequence[Path]) -> Iterator[list[Path]]:
    rest = iter(files)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
