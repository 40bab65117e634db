"""The rules in force, read from the log itself."""

from counterfoil.errors import CounterfoilError, LogCorruptError, NotInitialisedError
from counterfoil.log.ports import LogReader
from counterfoil.log.records import Head
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, parse_genesis
from counterfoil.statement.profile import Profiles
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES


def read_genesis(reader: LogReader) -> Genesis:
    """The genesis document of the log in a store.

    Raises:
        NotInitialisedError: The store holds no log.
        LogCorruptError: Entry 1 is not a genesis statement.
    """
    if reader.head() is None:
        raise NotInitialisedError("the store holds no log")
    try:
        return parse_genesis(_payload(reader, GENESIS_ENTRY))
    except CounterfoilError as error:
        raise LogCorruptError(f"entry {GENESIS_ENTRY} is not a genesis statement: {error.detail}") from error


def read_policy(reader: LogReader, number: int) -> PolicyDocument:
    """The policy document in an entry.

    Raises:
        LogCorruptError: The entry is not a policy statement.
    """
    try:
        return parse_policy(_payload(reader, number))
    except CounterfoilError as error:
        raise LogCorruptError(f"entry {number} is not a policy statement: {error.detail}") from error


def read_rules(reader: LogReader, genesis: Genesis, head: Head, profiles: Profiles = BUILT_IN_PROFILES) -> Rules:
    """The rules in force at a head, with the profiles of the installation."""
    return Rules(genesis, read_policy(reader, head.policy_entry), head.policy_entry, head.rules_entry, profiles)


def _payload(reader: LogReader, number: int) -> bytes:
    content = reader.content(number)
    if content is None:
        raise LogCorruptError(f"the statement of entry {number} is not stored")
    return parse_signed_statement(content.statement, max_bytes=len(content.statement)).message.payload or b""
