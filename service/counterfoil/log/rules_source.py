"""The rules in force, read from the log itself."""

from collections.abc import Iterator
from typing import Final, Protocol

from counterfoil.chain.ports import ChainReader
from counterfoil.errors import CounterfoilError, LogCorruptError, NotInitialisedError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.log.ports import LogReader
from counterfoil.log.records import Entry, Head
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, parse_genesis
from counterfoil.statement.links import chain_id
from counterfoil.statement.profile import Profiles
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES

_PAGE: Final = 64


class RulesReader(LogReader, ChainReader, Protocol):
    """What reading the rules takes: entries by number, and the chain of policies."""


def read_genesis(reader: LogReader) -> Genesis:
    """The genesis document of the log in a store.

    Raises:
        NotInitialisedError: The store holds no log.
        LogCorruptError: Entry 1 is not a genesis statement.
    """
    if reader.head() is None:
        raise NotInitialisedError("the store holds no log")
    try:
        return parse_genesis(_statement(reader, GENESIS_ENTRY).message.payload or b"")
    except CounterfoilError as error:
        raise LogCorruptError(f"entry {GENESIS_ENTRY} is not a genesis statement: {error.detail}") from error


def read_policy(reader: LogReader, number: int) -> PolicyDocument:
    """The policy document in an entry.

    Raises:
        LogCorruptError: The entry is not a policy statement.
    """
    try:
        return parse_policy(_statement(reader, number).message.payload or b"")
    except CounterfoilError as error:
        raise LogCorruptError(f"entry {number} is not a policy statement: {error.detail}") from error


def read_rules(
    reader: RulesReader,
    genesis: Genesis,
    head: Head,
    profiles: Profiles = BUILT_IN_PROFILES,
    *,
    since: Rules | None = None,
) -> Rules:
    """The rules in force at a head, with the profiles of the installation.

    ``since`` are rules of the same log at an earlier head, from which reading goes on.

    Raises:
        LogCorruptError: The chain of policies does not lead to that head's rules.
    """
    rules = since
    try:
        if rules is None:
            rules = founding_rules(genesis, _statement(reader, POLICY_ENTRY), profiles)
        for entry in _entries_after(reader, genesis, max(rules.rules_entry, GENESIS_ENTRY)):
            if entry.number > head.rules_entry:
                break
            signer = parse_decision_record(entry.decision).key_thumbprint
            rules = rules_after(rules, entry.number, _statement(reader, entry.number), signer)
    except CounterfoilError as error:
        raise LogCorruptError(f"the chain of policies does not hold: {error.detail}") from error
    if (rules.rules_entry, rules.policy_entry) != (head.rules_entry, head.policy_entry):
        raise LogCorruptError(
            f"the head row says that entries {head.rules_entry} and {head.policy_entry} are the rules and the policy "
            f"in force, the chain of policies that {rules.rules_entry} and {rules.policy_entry} are",
        )
    return rules


def _entries_after(reader: RulesReader, genesis: Genesis, number: int) -> Iterator[Entry]:
    """The entries of the chain of policies after the one of that number, which is one of them."""
    chain, last = reader.chain(chain_id(genesis.identity.policy_subject)), reader.entry(number)
    if chain is None or last is None or last.chain_number != chain.number:
        raise LogCorruptError(f"entry {number} is not one of the chain of policies")
    for start in range(last.sequence + 1, chain.length, _PAGE):
        yield from reader.chain_entries(chain.number, start, _PAGE)


def _statement(reader: LogReader, number: int) -> SignedStatement:
    content = reader.content(number)
    if content is None:
        raise LogCorruptError(f"the statement of entry {number} is not stored")
    return parse_signed_statement(content.statement, max_bytes=len(content.statement))
