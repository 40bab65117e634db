"""``counterfoil policy explain``: why an entry was admitted."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.explanation_reply import explanation_reply
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, Origin
from counterfoil.cli.policy_chain import (
    opened_service,
    opened_store,
    policies_of_service,
    policies_of_store,
)
from counterfoil.errors import (
    ContentAbsentError,
    CounterfoilError,
    EntryAbsentError,
    LogCorruptError,
    MalformedEntryIdError,
)
from counterfoil.policy.explanation import Registered, explain
from counterfoil.policy.past_rules import Enrolling
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.evidence import carried_certificates
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.verify import verify_transparent_statement

if TYPE_CHECKING:
    from counterfoil.cli.trust import Trust
    from counterfoil.client import Client
    from counterfoil.storage.opening import Stored

_ENTRY_ID: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")


def explain_entry(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="An entry id in hexadecimal, or an entry number.")],
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Say why an entry was admitted.

    Its decision record, the policy that was in force, the issuer's key and roles in it, each rule beside what the
    statement has, and how well its key is bound to attested hardware, with every check. The decision is then made again
    as of the recorded time; exit code 1 when it does not come out the same. Over HTTP the service must let you read the
    entry, and the enrolment that its record names.

    Example:
      counterfoil policy explain 7 --data ./data
    """
    name = _parse_name(entry)
    if url is None:
        with opened_store(data, database) as store:
            registered, chain = _stored(store, name), policies_of_store(store)
            enrolled = _enrolling(registered, lambda number: _stored(store, number))
    else:
        with opened_service(url, keys, origin) as (client, trust):
            # The policies are asked for last, so that they reach at least as far as the entry does.
            registered = _fetched(client, trust, name)
            enrolled = _enrolling(registered, lambda number: _fetched(client, trust, number))
            chain = policies_of_service(client, trust)
    told = explain(registered, chain.succession, chain.genesis, enrolled)
    explanation_reply(told, chain, over_http=url is not None).show(as_json=as_json)
    if not told.is_same:
        raise typer.Exit(ExitCode.UNVERIFIED)


def _enrolling(entry: Registered, read: Callable[[int], Registered]) -> Enrolling | None:
    """The enrolment that the record of an entry names, read as the entry was."""
    attested = entry.record.attested
    if attested is None or attested.enrolment is None:
        return None
    enrolled = read(attested.enrolment)
    return Enrolling(enrolled.number, enrolled.statement, enrolled.record.head_time)


def _parse_name(text: str) -> int | StatementHash:
    if _ENTRY_ID.fullmatch(text):
        return StatementHash(bytes.fromhex(text))
    if _NUMBER.fullmatch(text):
        return int(text)
    raise MalformedEntryIdError("an entry is named by its id, 64 lowercase hexadecimal digits, or by its number")


def _stored(store: "Stored", name: int | StatementHash) -> Registered:
    entry = store.entry(name) if isinstance(name, int) else store.entry_of(name)
    if entry is None:
        raise EntryAbsentError("the log has no such entry")
    content, head = store.content(entry.number), store.tree_head_over(entry.number)
    if content is None:
        raise ContentAbsentError("the entry's statement is not stored here")
    try:
        statement = parse_signed_statement(content.statement, max_bytes=len(content.statement))
        if content.evidence is not None:
            statement = replace(statement, carried_x5chain=carried_certificates(content.evidence))
        record = parse_decision_record(entry.decision)
    except CounterfoilError as error:
        raise LogCorruptError(f"what is stored of entry {entry.number} cannot be read: {error.detail}") from error
    return Registered(statement, record, entry.number, None if head is None else head.time, content.visibility)


def _fetched(client: "Client", trust: "Trust | None", name: int | StatementHash) -> Registered:
    entry_id = client.entry_id(name) if isinstance(name, int) else name
    transparent = client.transparent_statement(entry_id)
    issuer = None if trust is None else trust.issuer
    inclusion = verify_transparent_statement(transparent, client.keys(), expected_issuer=issuer).inclusions[0]
    statement = parse_transparent_statement(transparent).statement
    record = parse_decision_record(client.decision(entry_id))
    return Registered(statement, record, inclusion.leaf_index, inclusion.head_time, is_whole=False)
