"""``counterfoil demo engagement``: a dispute about the work of two agents, from its beginning to its case file."""

import logging
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.verify import verify_case
from counterfoil.chain.findings import Remark
from counterfoil.chain.panel import review_panel
from counterfoil.cli import demo_log
from counterfoil.cli.case_result import case_reply
from counterfoil.cli.demo_cast import ROLES, Writers, new_signers
from counterfoil.cli.demo_dispute import play
from counterfoil.cli.extras import needing
from counterfoil.cli.files import write_output
from counterfoil.cli.init import DEFAULT_POLICY, found_in
from counterfoil.cli.issuer import with_issuer
from counterfoil.cli.options import AsJson
from counterfoil.cli.output import Reply
from counterfoil.encoding.printable import printable
from counterfoil.policy.document import Issuer
from counterfoil.settings import Settings
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.trace_event.occurred_at import format_occurred_at
from counterfoil.verify import LogKeys, log_keys_of

_KIND_WIDTH: Final = 19
_WHO_WIDTH: Final = 18
_TOLD: Final = (
    "name", "question", "answer", "grounds", "outcome", "score", "claims", "amountReleased", "escrow",
)  # fmt: skip
"""Of the members of data the first of these is shown on the line of an event."""


def engagement(
    out: Annotated[Path, typer.Option("--out", metavar="CASE.zip", help="Where the case file is written.")] = Path(
        "engagement-case.zip"
    ),
    as_json: AsJson = False,
) -> None:
    """Play a dispute about the work of two agents.

    Eight parties form an engagement; two agents work; one of them is flagged, suspended and cleared again; the platform
    settles, the buyer disputes, a panel decides. Then the log is stopped, and what it gave out is verified without it:
    the timeline, the completeness report and the case file come from the evidence alone.

    Example:
      counterfoil demo engagement --out case.zip
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="counterfoil-demo-") as folder:
        data, keys = _played(Path(folder) / "data")
    case = verify_case(data, keys)
    write_output(out, data)
    account = case.account
    reply = case_reply(case, "from the genesis statement that the demonstration made")
    text = "\n".join(
        [*_timeline(account), "", *_completeness(account), "", *_panels(account), "", reply.text, f"case file: {out}"]
    )
    Reply(text, {"file": str(out), "timeline": len(account.exhibits), **reply.data}).show(as_json=as_json)


def _played(data: Path) -> tuple[bytes, LogKeys]:
    """Found a log, play the engagement over HTTP, and fetch its case file; the log has stopped when this returns."""
    with needing("server"):
        from counterfoil.client import Client  # noqa: PLC0415 - the base install has no HTTP client
        from counterfoil.http.server import open_service, running_server  # noqa: PLC0415 - and no server
    signers, policy = new_signers(), DEFAULT_POLICY
    for issuer, signer in signers.items():
        key = IssuerKey(signer.public_key.thumbprint, signer.public_key)
        policy = with_issuer(policy, Issuer(issuer, (key,), frozenset({ROLES[issuer].value})))
    log = found_in(data, parse_origin(demo_log.ORIGIN), replace(policy, version=DEFAULT_POLICY.version))
    keys = log_keys_of(read_key_file(log.keys[KeyPurpose.RECEIPT]).public_key)
    root = str(uuid.uuid4())
    with (
        open_service(Settings(data=data)) as service,
        running_server(service) as url,
        Client(url, log_keys=keys) as client,
    ):
        play(Writers(root, client, signers))
        return client.case_file(root), keys


def _timeline(account: Account) -> list[str]:
    lines = ["timeline: number, registered, event, writer, what is said of it"]
    lines += [_line(one, remarks) for one, remarks in zip(account.exhibits, account.remarks, strict=True)]
    return lines


def _line(one: ReadExhibit, remarks: tuple[Remark, ...]) -> str:
    time, event = format_occurred_at(one.record.head_time * 1000)[11:19], one.event
    kind, who = ("statement", "") if event is None else (event.type.value, event.actor.id)
    said = _said(one)
    found = f"  [{', '.join(remark.finding for remark in remarks)}]" if remarks else ""
    return printable(f"  E-{one.exhibit.number:<4}{time}  {kind:<{_KIND_WIDTH}}{who:<{_WHO_WIDTH}}{said}{found}")


def _said(one: ReadExhibit) -> str:
    data = None if one.event is None else one.event.members["data"]
    if not isinstance(data, Mapping):
        return ""
    told = (data.get(name) for name in _TOLD)
    return next((_text(value) for value in told if value is not None), "")


def _text(value: object) -> str:
    match value:
        case [first, *_]:
            return str(first)
        case {"amount": amount, "currency": currency}:
            return f"{amount} {currency}"
        case _:
            return str(value)


def _completeness(account: Account) -> list[str]:
    lines = ["completeness: writer, events, numbers, missing, count by the SETTLEMENT"]
    for report in account.writers():
        numbers = f"{report.first} to {report.last}" if report.events else "none"
        claimed = "" if report.claimed is None else f"settled as {report.claimed}: {_holds(report.claim_holds)}"
        name = printable(report.issuer or report.writer.hex())
        lines.append(f"  {name:<36}{report.events:>4}  {numbers:<9}{report.missing:>3} missing  {claimed}".rstrip())
    return lines


def _panels(account: Account) -> list[str]:
    lines = ["panels: entry, posterior recorded and recomputed, outcome recorded and to be expected"]
    for one, dispute in account.panels():
        review = review_panel(dispute)
        matches = "the same" if review.posterior_matches else "NOT THE SAME"
        expected = " or ".join(review.expected_outcomes)
        lines.append(
            f"  E-{one.exhibit.number}  {dispute.posterior:.4f} and {review.recomputed or 0:.4f}: {matches}; "
            f"{dispute.outcome}, expected {expected}"
        )
    return lines


def _holds(claim: bool | None) -> str:
    return "holds" if claim else "DOES NOT HOLD"
