"""``counterfoil policy diff``: what one policy means that another does not."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, Origin
from counterfoil.cli.output import Reply
from counterfoil.cli.policies import policy_of_data, policy_of_service
from counterfoil.cli.policy_text import part_text
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.policy.difference import Change, ChangeKind, policy_difference
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy

_ADDED_AND_REMOVED: Final = {
    ChangeKind.ISSUER_ADDED: "issuer",
    ChangeKind.ISSUER_REMOVED: "issuer",
    ChangeKind.KEY_ADDED: "key",
    ChangeKind.KEY_REMOVED: "key",
    ChangeKind.ROLE_ADDED: "role",
    ChangeKind.ROLE_REMOVED: "role",
    ChangeKind.PIN_ADDED: "pin",
    ChangeKind.PIN_REMOVED: "pin",
    ChangeKind.ATTESTED_BY_ADDED: "appraisal policy",
    ChangeKind.ATTESTED_BY_REMOVED: "appraisal policy",
    ChangeKind.ALGORITHM_ADDED: "algorithm",
    ChangeKind.ALGORITHM_REMOVED: "algorithm",
    ChangeKind.CONTENT_TYPE_ADDED: "content type",
    ChangeKind.CONTENT_TYPE_REMOVED: "content type",
    ChangeKind.FINDING_REFUSED: "refused finding",
    ChangeKind.FINDING_ADMITTED: "refused finding",
    ChangeKind.ROOT_ADDED: "root",
    ChangeKind.ROOT_REMOVED: "root",
    ChangeKind.OPERATOR_ADDED: "operator",
    ChangeKind.OPERATOR_REMOVED: "operator",
}
_CHANGED: Final = {
    ChangeKind.VERSION: "version",
    ChangeKind.KID: "kid",
    ChangeKind.VISIBILITY: "visibility",
    ChangeKind.CONTENT_TYPE_ROLES: "roles",
    ChangeKind.DEMAND: "demand",
    ChangeKind.MAX_STATEMENT_BYTES: "maxStatementBytes",
    ChangeKind.CLOCK_SKEW_SECONDS: "clockSkewSeconds",
    ChangeKind.MAX_LAG_SECONDS: "maxLagSeconds",
    ChangeKind.NEEDS_CRL: "needsCrl",
    ChangeKind.APPRAISAL: "appraisal policy",
    ChangeKind.APPROVALS: "approvals",
    ChangeKind.REPLACES: "replaces",
    ChangeKind.APPROVED: "approved",
}
_OF_EVERY_POLICY: Final = frozenset({ChangeKind.VERSION, ChangeKind.REPLACES, ChangeKind.APPROVED})
"""Each policy has another version, replaces another one and was approved by others."""


def diff(
    files: Annotated[
        list[Path], typer.Argument(metavar="[OLD] NEW", help="Two policies; or one, against the one in force.")
    ],
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Say what a policy means that another does not.

    Issuers, keys, roles, content types, demands and numbers are compared, not lines: the order of a document means
    nothing. With one file, OLD is the policy in force, of --data or of --url.

    Example:
      counterfoil policy diff --data ./data policy.json
    """
    old, new = _both(files, data, database, url, keys, origin)
    changes = policy_difference(old, new)
    listed: list[JsonValue] = [change.as_json() for change in changes]
    Reply(
        change_lines(changes) or "the two mean the same",
        {"same": not changes, "oldVersion": old.version, "newVersion": new.version, "changes": listed},
    ).show(as_json=as_json)


def change_lines(changes: Iterable[Change]) -> str:
    """Changes for people, each on its line: + is new, - is gone, ~ is different."""
    return "\n".join(printable(_line(change)) for change in changes)


def change_counts(changes: Iterable[Change]) -> dict[str, int]:
    """How often each kind of change is among them, in their order; what is another in every policy does not count."""
    kinds = [change.kind for change in changes if change.kind not in _OF_EVERY_POLICY]
    return {kind.value: kinds.count(kind) for kind in ChangeKind if kind in kinds}


def _both(
    files: list[Path], data: Path | None, database: str | None, url: str | None, keys: Path | None, origin: str | None
) -> tuple[PolicyDocument, PolicyDocument]:
    match files:
        case [only]:
            new = parse_policy(read_input(only))
            return policy_of_data(data, database) if url is None else policy_of_service(url, keys, origin), new
        case [first, second]:
            if any(option is not None for option in (data, database, url, keys, origin)):
                raise typer.BadParameter("OLD is given already: name two files, or a log", param_hint="OLD")
            return parse_policy(read_input(first)), parse_policy(read_input(second))
        case _:
            raise typer.BadParameter("two policies are compared", param_hint="NEW")


def _line(change: Change) -> str:
    about = "" if change.about is None else f" of {change.about}"
    if change.kind in _CHANGED:
        return f"~ {_CHANGED[change.kind]}{about}: {part_text(change.old)} -> {part_text(change.new)}"
    sign, value = ("-", change.old) if change.new is None else ("+", change.new)
    if change.kind in {ChangeKind.CONTENT_TYPE_ADDED, ChangeKind.CONTENT_TYPE_REMOVED}:
        return f"{sign} content type {change.about}: {part_text(value)}"
    if change.kind in {ChangeKind.DEMAND_ADDED, ChangeKind.DEMAND_REMOVED}:
        return f"{sign} demand{about}: {part_text(value)}"
    if change.kind in {ChangeKind.APPRAISAL_ADDED, ChangeKind.APPRAISAL_REMOVED}:
        return f"{sign} appraisal policy {change.about}: {part_text(value)}"
    whole = change.kind in {ChangeKind.ISSUER_ADDED, ChangeKind.ISSUER_REMOVED}
    return f"{sign} {_ADDED_AND_REMOVED[change.kind]}{'' if whole else about} {part_text(value)}"
