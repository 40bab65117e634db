"""``counterfoil policy``: the registration policy in force, and its successor."""

import json
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.commit_policy import following
from counterfoil.cli.operator_desk import operator_desk
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.policies import policy_of_data, policy_of_service
from counterfoil.cli.policy_diff import diff
from counterfoil.cli.policy_explain import explain_entry
from counterfoil.cli.policy_history import history
from counterfoil.cli.policy_lint import lint
from counterfoil.cli.policy_votes import approve, approved, proposals, propose, read_next
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import MAX_POLICY_BYTES

policy = typer.Typer(
    help="Read, check and compare registration policies; propose, approve and commit the next one.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def show(
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Print the policy in force.

    It is the JSON that 'policy commit' takes.

    Example:
      counterfoil policy show --data ./data > policy.json
    """
    document = policy_of_data(data, database) if url is None else policy_of_service(url, keys, origin)
    shown = _as_json(document)
    Reply(json.dumps(shown, indent=2, ensure_ascii=True), shown).show(as_json=as_json)


def commit(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The edited policy; - reads standard input.")
    ] = None,
    proposal: Annotated[
        str | None, typer.Option("--proposal", metavar="ID", help="Commit what was proposed and approved instead.")
    ] = None,
    key: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Commit a new version of the policy.

    It is signed with the operator key; a server may be running meanwhile. Edit what 'policy show' prints and count its
    version up by one: the version says which policy yours is to follow, so that two operators never undo each other
    unawares. Where one operator is not enough, 'policy propose' it, have it approved, and commit the proposal.

    Example:
      counterfoil policy show --data ./data > policy.json
      (edit policy.json, version + 1)
      counterfoil policy commit --data ./data policy.json
    """
    if (file is None) == (proposal is None):
        raise typer.BadParameter("give a file or --proposal", param_hint="FILE")
    with operator_desk(data, database, url, keys, origin, key) as desk:
        document = following(read_next(file, desk), desk) if file is not None else approved(proposal or "", desk)
        committed = desk.publish(POLICY_CONTENT_TYPE, document.encode())
    entry_id = committed.entry_id.hex()
    rows = (("version", document.version), ("entry", committed.number), ("entry id", entry_id))
    Reply(
        f"the policy is in force\n{fields(rows)}",
        {"version": document.version, "entry": committed.number, "entryId": entry_id},
    ).show(as_json=as_json)


def _as_json(document: PolicyDocument) -> dict[str, JsonValue]:
    value = parse_json(document.encode(), max_bytes=MAX_POLICY_BYTES)
    return value if isinstance(value, dict) else {}


for _command in (show, propose, approve, proposals, commit, lint, diff, history):
    policy.command(help=help_of(_command))(_command)
policy.command("explain", help=help_of(explain_entry))(explain_entry)
