"""``counterfoil submit``: registering statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from counterfoil.cli.exit_codes import ExitCode, exit_code_of, worst
from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.progress import progress
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.cli.results import inclusion_json
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.errors import CounterfoilError, UnavailableError

if TYPE_CHECKING:
    from counterfoil.client import Client, Registered

SUBMIT_SECONDS: Final = 45.0
"""How long a busy service is asked again: a record is worth more patience than a question."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What became of one file: for machines, as an exit code, and what is wrong with it."""

    data: dict[str, JsonValue]
    code: ExitCode
    detail: str = ""


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
    ] = SUBMIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Register statements and keep their receipts.

    Each receipt is verified before it is written. Sending the same file again is harmless and returns the same receipt,
    so a run that was interrupted is repeated; with --receipts it goes on where it was.

    Of several files each is reported, and the exit code is the highest of theirs: 0 when all are registered. A service
    that is not there, or too busy, for --retry-for seconds is not asked for the files that follow.

    Examples:
      counterfoil submit --url http://127.0.0.1:8440 action.cose --out action.receipt
      counterfoil submit --url http://127.0.0.1:8440 --receipts receipts statements/*.cose
    """
    if out is not None and len(statements) != 1:
        raise typer.BadParameter("one receipt for several statements; give --receipts DIR", param_hint="--out")
    with remote_log(url, keys, origin, receipts=receipts, retry_for=retry_for) as client:
        if len(statements) == 1:
            submit_one(client, statements[0], out, receipts).show(as_json=as_json)
            return
        code = _many(client, statements, receipts, as_json=as_json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def submit_one(client: "Client", statement: Path, out: Path | None, receipts: Path | None) -> Reply:
    """Register one statement and write its receipt to ``out``, and say what became of it.

    Raises:
        CounterfoilError: It is not registered, or nobody knows; as ``Client.submit``.
    """
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


def _many(client: "Client", files: Sequence[Path], receipts: Path | None, *, as_json: bool) -> ExitCode:
    from counterfoil.client.bulk import parts  # noqa: PLC0415 - the base install has no client

    shown: list[_Shown] = []
    gone: CounterfoilError | None = None
    with progress("submitting", len(files)) as advance:
        # What one request holds is read, sent and kept before the next is read.
        for places in parts((place, _size(file)) for place, file in enumerate(files)):
            part = [files[place] for place in places]
            outcomes = _outcomes(client, part) if gone is None else [gone] * len(part)
            gone = gone or _gone(outcomes)
            shown += [_shown(file, outcome, receipts) for file, outcome in zip(part, outcomes, strict=True)]
            advance(len(part))
    counts = {name: sum(one.data["status"] == name for one in shown) for name in ("registered", "already", "failed")}
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    lines = [f"{printable(str(one.data['file']))}: {one.data['code']}: {one.detail}" for one in shown if one.code]
    Reply(
        "\n".join([*lines, f"{len(files)} statements: {summary}; log keys {key_note(client)}"]),
        {
            "statements": [one.data for one in shown],
            "counts": dict[str, JsonValue](counts),
            "keysPinned": client.keys_are_pinned,
        },
    ).show(as_json=as_json)
    return worst(one.code for one in shown)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # Reading it will say why.


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


def _gone(outcomes: Sequence["Registered | CounterfoilError"]) -> CounterfoilError | None:
    """The error of a service that took nothing of what was sent, however often it was asked."""
    from counterfoil.client import ReceiptWithheldError  # noqa: PLC0415 - the base install has no client

    sent = [one for one in outcomes if isinstance(one, UnavailableError) or not isinstance(one, CounterfoilError)]
    away = [one for one in sent if isinstance(one, UnavailableError) and not isinstance(one, ReceiptWithheldError)]
    done = [one for one in sent if one not in away and not getattr(one, "already", False)]
    return away[0] if away and not done else None


def _shown(file: Path, outcome: "Registered | CounterfoilError", receipts: Path | None) -> _Shown:
    if isinstance(outcome, CounterfoilError):
        problem = getattr(outcome, "problem", None)
        code = getattr(problem, "code", None) or outcome.code
        entry_id = getattr(outcome, "entry_id", None)
        named = entry_id.hex() if isinstance(entry_id, bytes) else None
        data = _row(file, "failed", named, None, code) | {"detail": outcome.detail}
        return _Shown(data, exit_code_of(outcome), printable(" ".join(outcome.detail.split())))
    entry = outcome.verified.entry_id.hex()
    where = None if receipts is None else str(receipts / f"{entry}.receipt")
    data = _row(file, "already" if outcome.already else "registered", entry, where, None)
    return _Shown(data | {"leafIndex": outcome.verified.inclusion.leaf_index}, ExitCode.OK)


def _row(file: Path, status: str, entry_id: str | None, receipt: str | None, code: str | None) -> dict[str, JsonValue]:
    return {"file": str(file), "status": status, "entryId": entry_id, "receipt": receipt, "code": code}
