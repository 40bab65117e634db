"""Decision records that say how well a key was bound to hardware, and those that do not."""

import itertools
from dataclasses import replace

import pytest

from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.errors import MalformedError
from counterfoil.statement.decision_record import (
    Attested,
    DecisionRecord,
    RecordedGrade,
    RecordedStatus,
    parse_decision_record,
)

PLAIN = DecisionRecord(7, 2, bytes(32), 1_800_000_000)
ATTESTED = replace(
    PLAIN,
    appraisal_digest=b"\1" * 32,
    collateral_digest=b"\2" * 32,
    attested=Attested(RecordedGrade.KEY_BOUND, RecordedStatus.AFFIRMING, 3),
)


def members() -> dict[int | str, CborValue]:
    value = decode(ATTESTED.encode(), Limits(max_bytes=512))
    assert isinstance(value, dict)
    return value


def test_every_one_is_read_as_it_was_written() -> None:
    for grade, status, enrolment in itertools.product(RecordedGrade, RecordedStatus, (None, 0, 2**53)):
        record = replace(ATTESTED, attested=Attested(grade, status, enrolment))
        assert parse_decision_record(record.encode()) == record


def test_one_that_says_nothing_of_it_has_the_form_it_always_had() -> None:
    assert PLAIN.encode()[0] == 0xA8
    assert parse_decision_record(PLAIN.encode()) == PLAIN
    assert ATTESTED.encode()[0] == 0xAB


@pytest.mark.parametrize(
    "changed",
    [{0: 1}, {0: 3}, {9: 0}, {9: 3}, {9: None}, {10: 0}, {10: 96}, {8: -1}, {8: "3"}, {8: True}, {11: 0}, {5: b"x"}],
    ids=str,
)
def test_what_is_none(changed: dict[int | str, CborValue]) -> None:
    with pytest.raises(MalformedError):
        parse_decision_record(encode({**members(), **changed}))


@pytest.mark.parametrize("missing", range(11))
def test_no_member_is_missing(missing: int) -> None:
    with pytest.raises(MalformedError):
        parse_decision_record(encode({name: value for name, value in members().items() if name != missing}))


def test_members_of_the_long_form_in_the_short_one() -> None:
    with pytest.raises(MalformedError):
        parse_decision_record(encode({**{name: members()[name] for name in range(8)}, 0: 2}))
