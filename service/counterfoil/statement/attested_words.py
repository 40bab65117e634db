"""What a decision record says of attested hardware, in the words that programs and people get."""

from typing import Final

from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.decision_record import Attested, RecordedGrade, RecordedStatus

UNATTESTED: Final = "unattested"
"""The grade of a key that nothing binds to hardware."""

_GRADES: Final = {
    RecordedGrade.PLATFORM_ATTESTED: "platform-attested",
    RecordedGrade.KEY_BOUND: "key-bound",
}
_STATUSES: Final = {RecordedStatus.AFFIRMING: "affirming", RecordedStatus.WARNING: "warning"}


def grade_word(attested: Attested | None) -> str:
    """The grade."""
    return UNATTESTED if attested is None else _GRADES[attested.grade]


def status_word(attested: Attested) -> str:
    """The status of the appraisal (draft-ietf-rats-ear, section 3.2)."""
    return _STATUSES[attested.status]


def attested_text(attested: Attested | None) -> str:
    """All of it in one line."""
    if attested is None:
        return UNATTESTED
    how = "by its own evidence" if attested.enrolment is None else f"by the enrolment in entry {attested.enrolment}"
    return f"{grade_word(attested)}, {status_word(attested)}, {how}"


def attested_json(attested: Attested | None) -> dict[str, JsonValue]:
    """All of it as an object: grade, status, and the entry of the enrolment, null where the entry has evidence itself.

    Of a key that nothing binds to hardware there is the grade alone.
    """
    if attested is None:
        return {"grade": UNATTESTED}
    return {"grade": grade_word(attested), "status": status_word(attested), "enrolment": attested.enrolment}
