"""The stored statements, parsed again, with the evidence that was kept beside them."""

from dataclasses import dataclass, replace
from typing import Final

from counterfoil.errors import MalformedError, UnverifiedError
from counterfoil.log.fsck.finding import Findings
from counterfoil.log.fsck.reads import Reads
from counterfoil.log.records import Content, Entry, EntryNumber
from counterfoil.policy.document import Visibility
from counterfoil.statement.evidence import X5CHAIN, Evidence, carried_certificates
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement

_UNREADABLE: Final = Content(EntryNumber(-1), b"", Visibility.OPERATOR, None)
"""Stands for content that the store could not give, as opposed to None, content that is not there."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The statement of an entry as it was when it was decided: with the certificates that came beside it."""

    statement: SignedStatement
    visibility: Visibility
    evidence: Evidence | None


class ContentCheck:
    """Reads the content of each entry; remembers which entries have none."""

    def __init__(self, reads: Reads, findings: Findings) -> None:
        self._reads = reads
        self._findings = findings
        self._unread: set[int] = set()

    def take(self, number: int, entry: Entry | None) -> Kept | None:
        """The content of an entry; None, with a finding, where it is absent or is no statement."""
        where = f"statement {number}"
        content = self._reads.attempt(where, lambda: self._reads.scan.content(number), _UNREADABLE)
        kept = None
        if content is None:
            self._absent(number)
        elif content is not _UNREADABLE:
            self._findings.differ(where, "number", content.number, number)
            kept = self._parse(where, content)
        if kept is None:
            self._unread.add(number)
            return None
        if entry is not None:
            self._findings.differ(f"entry {number}", "statement hash", entry.statement_hash, kept.statement.hash)
            self._findings.differ(f"entry {number}", "duplicate key", entry.duplicate_key, kept.statement.duplicate_key)
        return kept

    def finish(self, count: int) -> None:
        """Look for content that belongs to no entry, and evidence that lies beside no statement."""
        scan = self._reads.scan
        for number in self._reads.attempt("statements as a whole", scan.content_numbers, ()):
            if not 0 <= number < count:
                self._findings.add(f"statement {number}", "belongs to no entry")
        for number in self._reads.attempt("evidence as a whole", scan.evidence_numbers, ()):
            if not 0 <= number < count or number in self._unread:
                self._findings.add(f"evidence {number}", "lies beside no readable statement")

    def _absent(self, number: int) -> None:
        # The place of the third verdict: an entry that orders the erasure of this one, once there are such entries,
        # makes its absence "erased by entry N" and no finding. Until then nothing may take a statement away.
        self._findings.add(f"statement {number}", "is missing")

    def _parse(self, where: str, content: Content) -> Kept | None:
        try:
            statement = parse_signed_statement(content.statement, max_bytes=len(content.statement))
        except (MalformedError, UnverifiedError) as error:
            self._findings.add(where, f"is not a statement: {error.detail}")
            return None
        if statement.encoded != content.statement:
            self._findings.add(where, f"is not in the log's encoding; in that it hashes to {statement.hash.hex()}")
        carried = self._certificates(content)
        return Kept(replace(statement, carried_x5chain=carried), content.visibility, content.evidence)

    def _certificates(self, content: Content) -> tuple[bytes, ...]:
        if content.evidence is None:
            return ()
        where = f"evidence {content.number}"
        self._findings.differ(where, "kind", content.evidence.kind, X5CHAIN)
        try:
            return carried_certificates(content.evidence)
        except MalformedError as error:
            self._findings.add(where, f"is not a list of certificates: {error.detail}")
            return ()
