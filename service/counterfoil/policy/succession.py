"""The rules of a log from its beginning on, read from its own chain of policies and from nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from counterfoil.errors import ChainInvalidError, RefusedError
from counterfoil.log.founding import POLICY_ENTRY, require_founding
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.decision import decide
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE
from counterfoil.policy.past_rules import PastRules
from counterfoil.policy.rules import Rules
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.profile import Profiles
from counterfoil.statement.signed_statement import (
    SignedStatement,
    StatementHash,
    parse_signed_statement,
    verify_statement,
)
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES


@dataclass(frozen=True, slots=True)
class CommittedPolicy:
    """A policy, the entry that holds it, and the head time of its registration, in seconds since 1970."""

    number: int
    entry_id: StatementHash
    head_time: int
    document: PolicyDocument


@dataclass(frozen=True)
class Succession:
    """The policies of a log in their order, and the rules as each entry that changed them left them.

    ``times`` are the head times of those entries.
    """

    policies: tuple[CommittedPolicy, ...]
    rules: tuple[Rules, ...]
    times: tuple[int, ...]

    def rules_for(self, number: int) -> Rules:
        """The rules under which an entry of that number was decided; entry 0 is decided under the policy that it is.

        Raises:
            ChainInvalidError: There are none.
        """
        return self.past.before(number)

    def policy_for(self, number: int) -> CommittedPolicy:
        """The policy that was in force when an entry of that number was decided.

        Raises:
            ChainInvalidError: There was none.
        """
        entry = self.rules_for(number).policy_entry
        return next(policy for policy in self.policies if policy.number == entry)

    @cached_property
    def past(self) -> PastRules:
        """The rules of the log by the entries that changed them."""
        return PastRules(self.rules, self.times)


def read_succession(
    entries: Iterable[tuple[bytes, bytes]], genesis: Genesis, profiles: Profiles = BUILT_IN_PROFILES
) -> Succession:
    """The policies and rules that the entries of the policy chain lead to, given as statement and decision record.

    Each of the entries is decided again: it is signed by whom the entries before it let sign, and its record is the one
    that follows from them. Policies count by one and name the one before them, so that of these none can be left out
    but the last ones; that nothing else was left out is for a signed chain head to show.

    Raises:
        ChainInvalidError: The entries are not those of this log's policy chain from its beginning on, or out of order.
        MalformedError, UnverifiedError: A statement or a decision record cannot be read, or a signature does not hold.
    """
    reading, policies = _Reading(genesis, profiles), list[CommittedPolicy]()
    for encoded, decision in entries:
        statement, record = parse_signed_statement(encoded, max_bytes=len(encoded)), parse_decision_record(decision)
        before = reading.policy_entry
        _require_record(record, reading.take(record.number, statement, record.head_time), before)
        if statement.content_type == POLICY_CONTENT_TYPE:
            policy = reading.rules[-1].policy
            policies.append(CommittedPolicy(record.number, statement.hash, record.head_time, policy))
    reading.finish()
    return Succession(tuple(policies), tuple(reading.rules), tuple(reading.times))


def rules_of_history(
    entries: Iterable[tuple[int, SignedStatement]], genesis: Genesis, profiles: Profiles = BUILT_IN_PROFILES
) -> Rules:
    """The rules that the entries of the policy chain lead to, given by their numbers in the log.

    As ``read_succession``, for whoever has no decision records: who signed each is checked, and what it says, and not
    whether it was registered in the time that it names. Collateral is passed over.

    Raises:
        ChainInvalidError, MalformedError, UnverifiedError: As ``read_succession``.
    """
    reading = _Reading(genesis, profiles)
    for number, statement in entries:
        reading.take(number, statement, None)
    reading.finish()
    return reading.rules[-1]


class _Reading:
    def __init__(self, genesis: Genesis, profiles: Profiles) -> None:
        self._genesis = genesis
        self._profiles = profiles
        self._last = -1
        self.rules: list[Rules] = []
        self.times: list[int] = []

    @property
    def policy_entry(self) -> int:
        """The entry of the policy that decides on the next entry; on the first ones it is the one that entry 0 is."""
        return self.rules[-1].policy_entry if self.rules else POLICY_ENTRY

    def take(self, number: int, statement: SignedStatement, head_time: int | None) -> bytes:
        """Take the next entry; the thumbprint of the key that signed it. Without a time the times it names are open."""
        before = self._last
        if number <= before or (before < GENESIS_ENTRY and number != before + 1):
            raise ChainInvalidError(f"entry {number} does not follow entry {before} in the chain of policies")
        self._last = number
        identity = self._genesis.identity
        if (statement.claims.issuer, statement.claims.subject) != (identity.issuer, identity.policy_subject):
            raise ChainInvalidError(f"entry {number} does not belong into the chain of policies")
        try:
            if number <= GENESIS_ENTRY:
                return self._found(number, statement, head_time)
            return self._change(number, statement, head_time)
        except RefusedError as error:
            raise ChainInvalidError(
                f"entry {number} of the chain of policies could not come into force: {error.detail}"
            ) from error

    def finish(self) -> None:
        """Check that a log begins with these entries."""
        if self._last < GENESIS_ENTRY:
            raise ChainInvalidError("the chain of policies lacks the entries with which a log begins")

    def _found(self, number: int, statement: SignedStatement, head_time: int | None) -> bytes:
        if number == POLICY_ENTRY:
            self._add(founding_rules(self._genesis, statement, self._profiles), head_time)
        elif statement.message.payload != self._genesis.encode():
            raise ChainInvalidError(f"entry {GENESIS_ENTRY} is not the genesis statement that the keys come from")
        operator = self._genesis.keys[KeyPurpose.OPERATOR]
        verify_statement(statement, operator)
        require_founding(number, statement, operator, self.rules[0])
        return operator.thumbprint

    def _change(self, number: int, statement: SignedStatement, head_time: int | None) -> bytes:
        rules = self.rules[-1]
        # Only keys that are listed speak for the log itself, and those do at any time.
        credential = find_issuer_key(statement, rules, head_time or 0)
        verify_statement(statement, credential.key)
        if head_time is None and statement.content_type == COLLATERAL_CONTENT_TYPE:
            # It is judged by when it was registered, and nothing of keys follows from it.
            self._add(replace(rules, rules_entry=number), None)
            return credential.key.thumbprint
        if head_time is not None:
            decide(statement, credential, rules, head_time)
        self._add(rules_after(rules, number, statement, credential.key.thumbprint, head_time or 0), head_time)
        return credential.key.thumbprint

    def _add(self, rules: Rules, head_time: int | None) -> None:
        self.rules.append(rules)
        self.times.append(head_time or 0)


def _require_record(record: DecisionRecord, signer: bytes, policy_entry: int) -> None:
    expected = DecisionRecord(record.number, policy_entry, signer, record.head_time)
    if record != expected:
        raise ChainInvalidError(f"entry {record.number} was decided by another key or policy, or by more, than it says")
