"""The rules that entries of a log in a store were decided under, and the attestation that a decision rests on."""

from dataclasses import dataclass, replace
from typing import Final

from counterfoil.attestation.appraisal import Appraisal
from counterfoil.errors import AppraisalDiffersError, ContentAbsentError, CounterfoilError, LogCorruptError
from counterfoil.log.founding import POLICY_ENTRY
from counterfoil.log.records import Content, Entry
from counterfoil.log.rules_source import RulesReader
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.decision import decide
from counterfoil.policy.past_rules import Enrolling, PastRules, rules_under
from counterfoil.policy.rules import Rules
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.evidence import carried_certificates
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.links import chain_id
from counterfoil.statement.profile import Profiles
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES

_PAGE: Final = 64


@dataclass(frozen=True, slots=True)
class AppraisedAgain:
    """The appraisal that an entry rests on, made again and the same as recorded; None of an unattested key.

    ``appraised_at`` is the head time at which the evidence was appraised, ``policy_entry`` the entry of the policy that
    was in force: of the entry, or of the enrolment.
    """

    appraisal: Appraisal | None
    appraised_at: int
    policy_entry: int


class RulesHistory:
    """Reads the chain of policies once and goes on from there; several threads may ask at a time.

    The rules after each entry of it are kept, which share what they do not change: of each policy there is one.
    """

    def __init__(self, reader: RulesReader, genesis: Genesis, profiles: Profiles = BUILT_IN_PROFILES) -> None:
        self._reader = reader
        self._genesis = genesis
        self._profiles = profiles
        self._known: tuple[int, PastRules] = 0, PastRules((), ())

    def appraise_again(self, entry: Entry) -> AppraisedAgain:
        """The attestation that the decision on an entry rests on.

        Raises:
            ContentAbsentError: The statement of the entry, or of the enrolment that its record names, is not stored.
            AppraisalDiffersError: It does not come out as it was recorded: somebody changed the record, or this release
                judges evidence otherwise. An audit tells the same of every entry.
            LogCorruptError: The record names an enrolment that is not there, or the chain of policies does not hold.
        """
        record = parse_decision_record(entry.decision)
        if record.attested is None:
            return AppraisedAgain(None, record.head_time, record.policy_entry)
        statement, enrolling = self._statement(entry.number), self._enrolling(record)
        try:
            rules = rules_under(self._rules(), entry.number, enrolling)
            credential = find_issuer_key(statement, rules, record.head_time)
            standing = decide(statement, credential, rules, record.head_time).standing
        except CounterfoilError as error:
            raise AppraisalDiffersError(f"entry {entry.number}, decided again, is refused: {error.detail}") from error
        found = standing.recorded, standing.appraisal_digest, standing.collateral_digest
        if found != (record.attested, record.appraisal_digest, record.collateral_digest):
            raise AppraisalDiffersError(
                f"the attestation of entry {entry.number} is recorded as {attested_text(record.attested)}, with the "
                f"appraisal {_hex(record.appraisal_digest)}; made again it is {attested_text(standing.recorded)}, with "
                f"{_hex(standing.appraisal_digest)}"
            )
        named = record if enrolling is None else self._record(enrolling.number)
        return AppraisedAgain(standing.appraisal, named.head_time, named.policy_entry)

    def _enrolling(self, record: DecisionRecord) -> Enrolling | None:
        number = None if record.attested is None else record.attested.enrolment
        if number is None:
            return None
        head_time = self._record(number).head_time
        return Enrolling(number, self._statement(number), head_time)

    def _record(self, enrolment: int) -> DecisionRecord:
        entry = self._reader.entry(enrolment)
        if entry is None:
            raise LogCorruptError(f"a record names entry {enrolment} as its enrolment, which is not there")
        return parse_decision_record(entry.decision)

    def _rules(self) -> PastRules:
        try:
            read, past = self._go_on(*self._known)
        except CounterfoilError as error:
            raise LogCorruptError(f"the chain of policies does not hold: {error.detail}") from error
        # Of several threads that read at a time, all come to the same.
        self._known = read, past
        return past

    def _go_on(self, read: int, past: PastRules) -> tuple[int, PastRules]:
        chain = self._reader.chain(chain_id(self._genesis.identity.policy_subject))
        if chain is None or read >= chain.length:
            return read, past
        steps, times = list[Rules](past.steps), list(past.times)
        for start in range(read, chain.length, _PAGE):
            for entry in self._reader.chain_entries(chain.number, start, min(_PAGE, chain.length - start)):
                if entry.number == GENESIS_ENTRY:
                    continue
                record, statement = parse_decision_record(entry.decision), self._statement(entry.number)
                if entry.number == POLICY_ENTRY:
                    steps.append(founding_rules(self._genesis, statement, self._profiles))
                else:
                    key, at = record.key_thumbprint, record.head_time
                    steps.append(rules_after(steps[-1], entry.number, statement, key, at))
                times.append(record.head_time)
        return chain.length, PastRules(tuple(steps), tuple(times))

    def _statement(self, number: int) -> SignedStatement:
        content: Content | None = self._reader.content(number)
        if content is None:
            raise ContentAbsentError(f"the statement of entry {number} is not stored here")
        statement = parse_signed_statement(content.statement, max_bytes=len(content.statement))
        if content.evidence is None:
            return statement
        return replace(statement, carried_x5chain=carried_certificates(content.evidence))


def _hex(digest: bytes | None) -> str:
    return "none" if digest is None else digest.hex()
