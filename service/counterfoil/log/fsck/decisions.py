"""Every decision made again, under the rules and at the time at which it was made."""

from counterfoil.errors import CounterfoilError, MalformedDecisionError, MalformedError
from counterfoil.log.founding import POLICY_ENTRY, founding_decision, require_founding
from counterfoil.log.fsck.contents import Kept
from counterfoil.log.fsck.finding import Findings
from counterfoil.log.pages import require_page_root
from counterfoil.log.ports import LogReader
from counterfoil.log.records import Entry, Head
from counterfoil.policy.changes import founding_rules, rules_after
from counterfoil.policy.decision import Decision, decide
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.receipt_keys import ReceiptKeys, first_receipt_keys
from counterfoil.policy.rules import Rules
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.decision_record import DecisionRecord, parse_decision_record
from counterfoil.statement.evidence import evidence_digest
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.page import parse_page
from counterfoil.statement.signed_statement import SignedStatement, verify_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES

_MEMBERS = (
    "number", "policy_entry", "key_thumbprint", "head_time",
    "appraisal_digest", "evidence_digest", "collateral_digest", "attested",
)  # fmt: skip


class DecisionCheck:
    """Takes the entries in order and follows the rules, the pages and their effects through the log."""

    def __init__(self, reader: LogReader, findings: Findings, genesis: Genesis | None) -> None:
        self._reader = reader
        self._findings = findings
        self._genesis = genesis
        self._rules: Rules | None = None
        self._known_keys = None if genesis is None else first_receipt_keys(genesis)
        self._unread: set[int] = set()
        self.next_page = 0

    @property
    def receipt_keys(self) -> ReceiptKeys | None:
        """The receipt keys after the entries that were taken, as far as the rules are known; None without genesis."""
        if self._rules is not None:
            self._known_keys = self._rules.receipt_keys
        return self._known_keys

    def repeat(self, number: int, entry: Entry | None, kept: Kept | None, head_time: int | None) -> Decision | None:
        """Decide an entry again and compare; the decision, None when it cannot be made."""
        if kept is None:
            self._unread.add(number)
            self._require_readable(entry)
            return None
        record = self._parse(entry)
        if entry is not None:
            stored = evidence_digest(kept.evidence)
            self._findings.differ(f"entry {number}", "evidence digest", record and record.evidence_digest, stored)
        self._leave_unread_rules(number, record)
        if head_time is None or self._genesis is None or (self._rules is None and number != POLICY_ENTRY):
            return None
        if self._lacks_enrolment(number, record):
            return None
        try:
            decision = self._decide(self._genesis, number, kept.statement, head_time)
        except CounterfoilError as error:
            self._findings.add(f"entry {number}", f"decided again, it is not admitted: {error.detail} ({error.code})")
            return None
        self._findings.differ(f"statement {number}", "visibility", kept.visibility.value, decision.visibility.value)
        self._compare(number, entry, record, decision, head_time)
        self._apply(number, kept.statement, decision, head_time)
        return decision

    def finish(self, row: Head | None) -> None:
        """Check what the head row says about rules and pages."""
        if row is None:
            return
        self._findings.differ("head row", "next page", row.next_page, self.next_page)
        if self._rules is not None:
            self._findings.differ("head row", "rules entry", row.rules_entry, self._rules.rules_entry)
            self._findings.differ("head row", "policy entry", row.policy_entry, self._rules.policy_entry)

    def _parse(self, entry: Entry | None) -> DecisionRecord | None:
        if entry is None:
            return None
        try:
            return parse_decision_record(entry.decision)
        except MalformedError as error:
            self._findings.add(f"entry {entry.number}", f"the decision record cannot be read: {error.detail}")
            return None

    def _require_readable(self, entry: Entry | None) -> None:
        # Without its statement a decision cannot be made again, but its record must still be one of this entry.
        record = self._parse(entry)
        if entry is not None and record is not None:
            self._findings.differ(f"entry {entry.number}", "number in the decision record", record.number, entry.number)

    def _leave_unread_rules(self, number: int, record: DecisionRecord | None) -> None:
        if self._rules is not None and record is not None and record.policy_entry in self._unread:
            policy = record.policy_entry
            self._findings.add(f"entry {number}", f"its policy, entry {policy}, is lost; no later decision is repeated")
            self._rules = None

    def _lacks_enrolment(self, number: int, record: DecisionRecord | None) -> bool:
        enrolment = None if record is None or record.attested is None else record.attested.enrolment
        if enrolment not in self._unread:
            return False
        self._findings.add(
            f"entry {number}", f"the enrolment of its key, entry {enrolment}, is lost; it is not repeated"
        )
        return True

    def _decide(self, genesis: Genesis, number: int, statement: SignedStatement, head_time: int) -> Decision:
        if number == POLICY_ENTRY:
            self._rules = founding_rules(genesis, statement, BUILT_IN_PROFILES)
        if self._rules is None:
            raise MalformedDecisionError("the rules in force are unknown")
        credential = find_issuer_key(statement, self._rules, head_time)
        verify_statement(statement, credential.key)
        if number <= GENESIS_ENTRY:
            require_founding(number, statement, credential.key, self._rules)
            return founding_decision(genesis.keys[KeyPurpose.OPERATOR])
        return decide(statement, credential, self._rules, head_time)

    def _compare(
        self, number: int, entry: Entry | None, record: DecisionRecord | None, decision: Decision, head_time: int
    ) -> None:
        expected = decision.record(number, head_time)
        if entry is None or record is None or entry.decision == expected.encode():
            return
        for member in _MEMBERS:
            name = f"{member.replace('_', ' ')} in the decision record"
            stored, repeated = getattr(record, member), getattr(expected, member)
            if member == "attested":
                stored, repeated = attested_text(stored), attested_text(repeated)
            self._findings.differ(f"entry {number}", name, stored, repeated)

    def _apply(self, number: int, statement: SignedStatement, decision: Decision, head_time: int) -> None:
        if decision.effect is Effect.PAGE:
            self._turn_page(number, statement.message.payload or b"")
        elif decision.effect is not Effect.NONE and self._rules is not None:
            try:
                self._rules = rules_after(self._rules, number, statement, decision.key_thumbprint, head_time)
            except CounterfoilError as error:
                self._findings.add(f"entry {number}", f"it cannot come into force there: {error.detail} ({error.code})")

    def _turn_page(self, number: int, payload: bytes) -> None:
        page = parse_page(payload)
        where = f"page in entry {number}"
        self._findings.differ(where, "first entry", page.first, self.next_page)
        if page.last >= number:
            self._findings.add(where, f"it covers entries to {page.last}, itself or later ones among them")
        else:
            try:
                require_page_root(self._reader, page)
            except CounterfoilError as error:
                self._findings.add(where, f"entries {page.first} to {page.last}: {error.detail}")
        self.next_page = page.last + 1
