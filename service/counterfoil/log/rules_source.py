"""The rules in force, read from the log itself."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from typing import Final, Protocol

from counterfoil.attestation.appraisal_policy import MAX_MAX_AGE_SECONDS
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.chain.ports import ChainReader
from counterfoil.errors import CounterfoilError, LogCorruptError, NotInitialisedError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.log.ports import LogReader
from counterfoil.log.records import ChainHead, Entry, Head
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
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
        LogCorruptError: The chains of policies and enrolments do not lead to that head's rules.
    """
    rules = since
    try:
        if rules is None:
            rules = founding_rules(genesis, _statement(reader, POLICY_ENTRY), profiles)
        for entry in _entries_after(reader, genesis, max(rules.rules_entry, GENESIS_ENTRY), head):
            if entry.number > head.rules_entry:
                break
            record, statement = parse_decision_record(entry.decision), _statement(reader, entry.number)
            if _is_over(statement, record, head):
                rules = replace(rules, rules_entry=entry.number)
            else:
                rules = rules_after(rules, entry.number, statement, record.key_thumbprint, record.head_time)
    except CounterfoilError as error:
        raise LogCorruptError(f"the chain of policies does not hold: {error.detail}") from error
    if (rules.rules_entry, rules.policy_entry) != (head.rules_entry, head.policy_entry):
        raise LogCorruptError(
            f"the head row says that entries {head.rules_entry} and {head.policy_entry} are the rules and the policy "
            f"in force, the chain of policies that {rules.rules_entry} and {rules.policy_entry} are",
        )
    return rules


def _entries_after(reader: RulesReader, genesis: Genesis, number: int, head: Head) -> Iterator[Entry]:
    """The entries of the chains of policies and enrolments after the one of that number, which is one of theirs.

    Of the enrolments that can be in force no more, only the last is among them.
    """
    subjects = genesis.identity.policy_subject, genesis.identity.enrolment_subject
    policies, enrolments = (reader.chain(chain_id(subject)) for subject in subjects)
    known, last = [chain.number for chain in (policies, enrolments) if chain is not None], reader.entry(number)
    if policies is None or last is None or last.chain_number not in known:
        raise LogCorruptError(f"entry {number} is not one of the chains of policies and enrolments")
    ways = [_from(reader, policies, _first(reader, policies, lambda entry: entry.number > number))]
    if enrolments is not None:
        begin = _first(reader, enrolments, lambda entry: entry.number > number)
        current = _first(reader, enrolments, lambda entry: not _is_past(parse_decision_record(entry.decision), head))
        ways.append(_from(reader, enrolments, max(begin, current - 1)))
    return merge(*ways, key=attrgetter("number"))


def _first(reader: RulesReader, chain: ChainHead, is_there: Callable[[Entry], bool]) -> int:
    """The sequence number of the first entry of a chain from which on something is so."""
    return bisect_left(
        range(chain.length), 1, key=lambda at: int(is_there(reader.chain_entries(chain.number, at, 1)[0]))
    )


def _from(reader: RulesReader, chain: ChainHead, start: int) -> Iterator[Entry]:
    for at in range(start, chain.length, _PAGE):
        yield from reader.chain_entries(chain.number, at, _PAGE)


def _is_past(record: DecisionRecord, head: Head) -> bool:
    return record.head_time + MAX_MAX_AGE_SECONDS < head.tree.time


def _is_over(statement: SignedStatement, record: DecisionRecord, head: Head) -> bool:
    """Whether it is an enrolment that can be in force no more: nobody has to verify its evidence again."""
    return statement.content_type == ENROLMENT_CONTENT_TYPE and _is_past(record, head)


def _statement(reader: LogReader, number: int) -> SignedStatement:
    content = reader.content(number)
    if content is None:
        raise LogCorruptError(f"the statement of entry {number} is not stored")
    return parse_signed_statement(content.statement, max_bytes=len(content.statement))
