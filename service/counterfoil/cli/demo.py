"""``counterfoil demo``: the whole life of a statement, on this machine, in a few seconds."""

import logging
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from counterfoil.cli import demo_log
from counterfoil.cli.demo_record import AGENT, Engagement, tool_call
from counterfoil.cli.demo_tampering import Refusal, tamper
from counterfoil.cli.options import AsJson
from counterfoil.cli.output import Reply
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import LogCorruptError
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import (
    SignatureChecked,
    VerifiedStatement,
    log_keys_of,
    verify_genesis,
    verify_receipt,
    verify_transparent_statement,
)


@dataclass
class _Story:
    """Tells each step once it was done; keeps the facts for ``--json``."""

    as_json: bool
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    steps: list[JsonValue] = field(default_factory=list)

    def step(self, title: str, *lines: str, **facts: JsonValue) -> None:
        self.steps.append({"step": title, **facts})
        if self.as_json:
            return
        self.console.print(f"[bold]{len(self.steps)}. {escape(title)}[/bold]")
        for line in lines:
            self.console.print(f"   {escape(line)}")


def demo(as_json: AsJson = False) -> None:
    """Show the whole life of a statement.

    Founds a log, registers a record over HTTP, verifies it offline, tampers with it and sees that refused. Everything
    happens in a temporary directory that is gone afterwards. Exit code 0 means that every step did what it says, the
    refusals included.

    Example:
      counterfoil demo
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    story = _Story(as_json)
    with tempfile.TemporaryDirectory(prefix="counterfoil-demo-") as folder:
        _tell(story, Path(folder))
    if as_json:
        Reply("", {"ok": True, "steps": story.steps}).show(as_json=True)
    else:
        story.console.print("\n[bold green]Every step did what it says.[/bold green]")


def _tell(story: _Story, folder: Path) -> None:
    data = folder / "data"
    log = demo_log.found(data)
    story.step(
        f"A log was founded: {log.identity.origin}",
        "Its first two entries are its registration policy and its genesis statement, which names its keys.",
        f"genesis entry id  {log.genesis_id.hex()}",
        genesisEntryId=log.genesis_id.hex(),
    )
    agent = demo_log.make_agent(folder / "agent.pem")
    policy_entry = demo_log.admit(data, agent.public_key)
    story.step(
        f"An agent made a key and was admitted: {AGENT}",
        f"The operator committed a new policy as entry {policy_entry}; every later decision names it.",
        policyEntry=policy_entry,
    )
    engagement = demo_log.new_engagement()
    statement = _sign(story, agent, engagement)
    entry_id = parse_signed_statement(statement).hash
    receipt_key = read_key_file(log.keys[KeyPurpose.RECEIPT]).public_key
    given = demo_log.register_over_http(data, statement, entry_id, log.genesis_id, log_keys_of(receipt_key))
    if given.again != given.receipt:
        raise LogCorruptError("the same statement got two different receipts")
    story.step(
        f"It was registered over HTTP at {given.url}",
        f"POST /entries answered a receipt of {len(given.receipt)} bytes; posted again, the very same bytes.",
        "Then the service was stopped: nothing below asks it anything.",
        receiptBytes=len(given.receipt),
    )
    _verify(story, agent, statement, given, log.genesis_id)


def _sign(story: _Story, agent: LocalSigner, engagement: Engagement) -> bytes:
    occurred_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = tool_call(engagement, occurred_at)
    statement = demo_log.sign_record(agent, engagement, record)
    story.step(
        "The agent signed the record of a tool call: purchase_orders.create, 1184.00 EUR",
        f"rootTraceId       {engagement.root_trace_id}",
        f"entry id          {parse_signed_statement(statement).hash.hex()}",
        f"{len(statement)} bytes of COSE_Sign1, {agent.algorithm.name}",
        rootTraceId=engagement.root_trace_id,
        entryId=parse_signed_statement(statement).hash.hex(),
    )
    return statement


def _verify(
    story: _Story,
    agent: LocalSigner,
    statement: bytes,
    given: demo_log.Given,
    genesis_id: bytes,
) -> None:
    keys = verify_genesis(given.genesis, expected_entry_id=genesis_id).log_keys
    by_receipt = verify_receipt(statement, given.receipt, keys, issuer_key=agent.public_key)
    by_itself = verify_transparent_statement(given.transparent, keys, issuer_key=agent.public_key)
    if by_itself != by_receipt:
        raise LogCorruptError("the Transparent Statement shows something else than the statement and its receipt")
    _tell_verified(story, by_receipt)
    for refusal in tamper(statement, given.receipt, keys, agent.public_key):
        _tell_refused(story, refusal)


def _tell_verified(story: _Story, result: VerifiedStatement) -> None:
    inclusion = result.inclusion
    checked = isinstance(result.issuer_signature, SignatureChecked)
    story.step(
        "Verified offline, with the log's key from its genesis statement and the agent's key",
        f"The record is entry {inclusion.leaf_index} of {inclusion.log_name}.",
        f"signed root       {inclusion.root.hex()}",
        f"The agent's signature was {'checked' if checked else 'NOT CHECKED'} with key {_agent_key(result)}.",
        "The Transparent Statement that the log gave out shows the same.",
        f"What this does not show, among else: {result.not_established[1]}",
        leafIndex=inclusion.leaf_index,
        root=inclusion.root.hex(),
        issuerSignatureChecked=checked,
        notEstablished=list[JsonValue](result.not_established),
    )


def _agent_key(result: VerifiedStatement) -> str:
    signature = result.issuer_signature
    return signature.key_thumbprint.hex() if isinstance(signature, SignatureChecked) else "none"


def _tell_refused(story: _Story, refusal: Refusal) -> None:
    story.step(
        f"One byte was changed, in {refusal.what} (byte {refusal.position})",
        f"refused: error[{refusal.code}]: {refusal.detail}",
        changed=refusal.what,
        position=refusal.position,
        refusedWith=refusal.code,
    )
