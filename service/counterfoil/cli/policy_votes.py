"""``counterfoil policy propose | approve | proposals``: what several operators decide together."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.cli.commit_policy import following
from counterfoil.cli.files import read_input
from counterfoil.cli.operator_desk import Desk, operator_desk, rules_now
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields
from counterfoil.cli.policy_diff import change_lines
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedEntryIdError, PolicyUnapprovedError, PolicyVersionError
from counterfoil.policy.anchors import Approved, Operators
from counterfoil.policy.ballot import APPROVAL_CONTENT_TYPE, PROPOSAL_CONTENT_TYPE, Proposal
from counterfoil.policy.difference import policy_difference
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement.signed_statement import StatementHash

_ENTRY_ID: Final = re.compile(r"[0-9a-f]{64}")
ProposalId = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The entry id of the proposal, in hexadecimal.")]


def propose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The edited policy; - reads standard input.")],
    key: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Propose a policy to the other operators.

    It is registered on the log's own chain and changes nothing until enough operators have approved it and one commits
    it: as many as the policy in force asks for, and as many as the new one does. Over HTTP give --keys genesis.cose, or
    it is the service itself that says whose log this is.

    Example:
      counterfoil policy propose --data ./data policy.json
    """
    with operator_desk(data, database, url, keys, origin, key) as desk:
        document = following(read_next(file, desk), desk)
        published = desk.publish(PROPOSAL_CONTENT_TYPE, document.encode())
        wanted = _wanted(desk.rules.operators, desk.rules.operators_of(document))
    entry_id = published.entry_id.hex()
    rows = (("proposal", entry_id), ("entry", published.number), ("version", document.version), ("approvals", wanted))
    Reply(
        f"proposed, and not in force\n{fields(rows)}",
        {"proposal": entry_id, "entry": published.number, "version": document.version},
    ).show(as_json=as_json)


def approve(
    proposal: ProposalId,
    key: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Approve a proposed policy, with an operator's key.

    Read first what 'policy proposals' says that it would change. Who would be an operator under the proposal approves
    too: that shows that the key is in somebody's hands.

    Example:
      counterfoil policy approve --data ./data --key operator-2.pem 4b1f...
    """
    entry_id = parse_proposal_id(proposal)
    with operator_desk(data, database, url, keys, origin, key) as desk:
        found = desk.rules.ballot.proposal(entry_id)
        changes = policy_difference(desk.rules.policy, parse_policy(found.document))
        published = desk.publish(APPROVAL_CONTENT_TYPE, entry_id)
    approver = desk.signer.public_key.thumbprint.hex()
    rows = (("proposal", proposal), ("approved by", approver), ("entry", published.number))
    Reply(
        f"approved\n{fields(rows)}\n{change_lines(changes)}",
        {"proposal": proposal, "approvedBy": approver, "entry": published.number, "entryId": published.entry_id.hex()},
    ).show(as_json=as_json)


def proposals(
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """List the policies that wait for approval: what each would change, and who approved it.

    Those that do not replace the policy in force any more are not among them.

    Example:
      counterfoil policy proposals --data ./data
    """
    rules = rules_now(data, database, url, keys, origin)
    waiting = [(entry_id, one, _approvals(rules, entry_id)) for entry_id, one in rules.ballot.proposals.items()]
    listed: list[JsonValue] = [_json(rules, *row) for row in waiting]
    Reply(
        "\n".join(_lines(rules, *row) for row in waiting) or "no policy waits for approval",
        {"policyVersion": rules.policy.version, "proposals": listed},
    ).show(as_json=as_json)


def read_next(file: Path, desk: Desk) -> PolicyDocument:
    """The edited policy in a file, which is to follow the one in force.

    Raises:
        PolicyVersionError: It is the one in force, or follows another.
        MalformedError: It is none.
    """
    document, in_force = parse_policy(read_input(file)), desk.rules.policy
    if document == in_force:
        raise PolicyVersionError(f"the file is the policy in force, version {in_force.version}; nothing to commit")
    if document.version != in_force.version + 1:
        raise PolicyVersionError(
            f"the policy in force has version {in_force.version}, so the next one has version "
            f"{in_force.version + 1}, and the file says {document.version}; compare it with 'policy show' first",
        )
    return document


def approved(proposal: str, desk: Desk) -> PolicyDocument:
    """A proposed policy as it is committed: with the entries of all its approvals.

    Raises:
        ProposalUnknownError: No such proposal waits.
        PolicyUnapprovedError: Nobody has approved it.
    """
    entry_id = parse_proposal_id(proposal)
    document = parse_policy(desk.rules.ballot.proposal(entry_id).document)
    entries = tuple(_approvals(desk.rules, entry_id))
    if not entries:
        raise PolicyUnapprovedError("nobody has approved the proposal")
    # Read back, so that a document which could not be read again is never committed.
    return parse_policy(replace(document, approved=Approved(entry_id, entries)).encode())


def parse_proposal_id(text: str) -> StatementHash:
    """Read the entry id of a proposal.

    Raises:
        MalformedEntryIdError: It is none.
    """
    if _ENTRY_ID.fullmatch(text) is None:
        raise MalformedEntryIdError("a proposal is named by its entry id, 64 lowercase hexadecimal digits")
    return StatementHash(bytes.fromhex(text))


def _approvals(rules: Rules, entry_id: StatementHash) -> dict[int, bytes]:
    """Who approved a proposal, by entry number; of several approvals of one operator the first."""
    found: dict[bytes, int] = {}
    for number, one in rules.ballot.approvals.items():
        if one.proposal == entry_id:
            found.setdefault(one.operator, number)
    return {number: operator for operator, number in sorted(found.items(), key=lambda item: item[1])}


def _wanted(in_force: Operators, new: Operators) -> str:
    asked = f"{in_force.approvals} of the {len(in_force.keys)} operators in force"
    return asked if new == in_force else f"{asked}, {new.approvals} of the {len(new.keys)} of the new policy"


def _lines(rules: Rules, entry_id: StatementHash, one: Proposal, approvals: dict[int, bytes]) -> str:
    document = parse_policy(one.document)
    rows = (
        ("proposal", entry_id.hex()),
        ("approvals", _wanted(rules.operators, one.operators)),
        *(("approved by", f"{operator.hex()} in entry {number}") for number, operator in approvals.items()),
    )
    return f"version {document.version}\n{fields(rows)}\n{change_lines(policy_difference(rules.policy, document))}"


def _json(rules: Rules, entry_id: StatementHash, one: Proposal, approvals: dict[int, bytes]) -> JsonValue:
    document = parse_policy(one.document)
    changes: list[JsonValue] = [change.as_json() for change in policy_difference(rules.policy, document)]
    given: list[JsonValue] = [{"entry": number, "operator": kid.hex()} for number, kid in approvals.items()]
    return {
        "proposal": entry_id.hex(),
        "version": document.version,
        "approvals": given,
        "approvalsWanted": rules.operators.approvals,
        "approvalsOfNewOperatorsWanted": one.operators.approvals,
        "changes": changes,
    }
