"""What the service decided about one entry, committed with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import Final

from counterfoil.encoding.cbor import CborValue, Limits, decode, encode_bytes, encode_integer
from counterfoil.errors import MalformedDecisionError
from counterfoil.frozen import frozen

RECORD_VERSION: Final = 1
ATTESTED_VERSION: Final = 2
"""Of a record that says how well the key is bound to hardware: three members more, and all of them present."""

_VERSION, _NUMBER, _POLICY, _KEY, _TIME, _APPRAISAL, _EVIDENCE, _COLLATERAL, _ENROLMENT, _GRADE, _STATUS = range(11)
_LIMITS: Final = Limits(max_bytes=512)  # At most eleven members, none longer than a digest.
_DIGEST_BYTES: Final = 32
_MAX_INTEGER: Final = 2**63 - 1
_LABELS: Final = tuple(encode_integer(label) for label in range(11))
_BEGINNING: Final = b"\xa8" + _LABELS[_VERSION] + encode_integer(RECORD_VERSION) + _LABELS[_NUMBER]
"""A map of eight members, and all of it that never changes before the first that does."""

_ATTESTED_BEGINNING: Final = b"\xab" + _LABELS[_VERSION] + encode_integer(ATTESTED_VERSION) + _LABELS[_NUMBER]

_FIRST_NUMBER: Final = encode_integer(0)
_NUMBER_SIZES: Final = dict.fromkeys(range(24), 1) | {24 + power: 1 + (1 << power) for power in range(4)}
"""How long an unsigned integer is in all, by its first byte (RFC 8949, section 3)."""

_NULL: Final = b"\xf6"
_SHORT: Final = range(8)
_SIZES: Final = frozenset({(8, RECORD_VERSION), (11, ATTESTED_VERSION)})


class RecordedGrade(IntEnum):
    """How well the key is bound to attested hardware, as a record has it: the platform is attested, or the key is."""

    PLATFORM_ATTESTED = 1
    KEY_BOUND = 2


class RecordedStatus(IntEnum):
    """The status of the appraisal, as a record has it (draft-ietf-rats-ear, section 3.2)."""

    AFFIRMING = 2
    WARNING = 32


@dataclass(frozen=True, slots=True)
class Attested:
    """How well the key was bound to attested hardware, and by which enrolment: None by evidence of the statement's."""

    grade: RecordedGrade
    status: RecordedStatus
    enrolment: int | None = None


@frozen
class DecisionRecord:
    """Entry number, policy entry, verifying key's thumbprint, head time, and digests of what was judged.

    ``head_time`` is in whole seconds since 1970. A digest is 32 bytes, or None where there was nothing to judge.
    ``attested`` is None of a key that nothing binds to hardware.
    """

    number: int
    policy_entry: int
    key_thumbprint: bytes
    head_time: int
    appraisal_digest: bytes | None = None
    evidence_digest: bytes | None = None
    collateral_digest: bytes | None = None
    attested: Attested | None = None

    def encode(self) -> bytes:
        """The record as deterministic CBOR (RFC 8949, section 4.2.1)."""
        # One is written for every entry, and in a batch they differ in little but the number.
        digests = self.appraisal_digest, self.evidence_digest, self.collateral_digest
        rest = _after_number(self.policy_entry, self.key_thumbprint, self.head_time, digests, self.attested)
        beginning = _BEGINNING if self.attested is None else _ATTESTED_BEGINNING
        return beginning + encode_integer(self.number) + rest


def decision_digest(encoded: bytes) -> bytes:
    """The digest of an encoded record, as chain hashes and pages hold it: SHA-256, 32 bytes."""
    return sha256(encoded).digest()


def parse_decision_record(data: bytes) -> DecisionRecord:
    """Read a record from its deterministic encoding, and from no other.

    Raises:
        MalformedError: The bytes are not a decision record of this version.
    """
    # Records that follow one another differ in little but the number, so what else is in them is read once for all.
    end, number = _number_in(data)
    if number is None:
        return _parse(data)
    same = _parsed(data[: len(_BEGINNING)] + _FIRST_NUMBER + data[end:])
    return DecisionRecord(
        number,
        same.policy_entry,
        same.key_thumbprint,
        same.head_time,
        same.appraisal_digest,
        same.evidence_digest,
        same.collateral_digest,
    )


def _number_in(data: bytes) -> tuple[int, int | None]:
    """The number of a record that begins as all do, and where it ends; None where only the whole shows what it is."""
    at = len(_BEGINNING)
    if not data.startswith(_BEGINNING) or len(data) == at:
        return at, None
    size = _NUMBER_SIZES.get(data[at])
    if size is None:
        return at, None
    number = int.from_bytes(data[at + 1 : at + size], "big") if size > 1 else data[at]
    if number > _MAX_INTEGER or encode_integer(number) != data[at : at + size]:
        return at, None
    return at + size, number


def _parse(data: bytes) -> DecisionRecord:
    value = decode(data, _LIMITS)
    if not isinstance(value, dict) or (len(value), value.get(_VERSION)) not in _SIZES:
        raise MalformedDecisionError("not a decision record of version 1 or 2")
    if set(value) != set(range(len(value))):
        raise MalformedDecisionError("a member of the decision record is missing")
    record = DecisionRecord(
        number=_integer(value[_NUMBER]),
        policy_entry=_integer(value[_POLICY]),
        key_thumbprint=_digest(value[_KEY]),
        head_time=_integer(value[_TIME]),
        appraisal_digest=_optional_digest(value[_APPRAISAL]),
        evidence_digest=_optional_digest(value[_EVIDENCE]),
        collateral_digest=_optional_digest(value[_COLLATERAL]),
        attested=_attested(value) if len(value) > len(_SHORT) else None,
    )
    if record.encode() != data:
        raise MalformedDecisionError("the decision record is not in deterministic encoding")
    return record


def _attested(value: Mapping[int | str, CborValue]) -> Attested:
    enrolment = value[_ENROLMENT]
    try:
        grade, status = RecordedGrade(_integer(value[_GRADE])), RecordedStatus(_integer(value[_STATUS]))
    except ValueError as error:
        raise MalformedDecisionError("a grade or a status in the decision record is not known") from error
    return Attested(grade, status, None if enrolment is None else _integer(enrolment))


_parsed = lru_cache(maxsize=256)(_parse)


@lru_cache(maxsize=256, typed=True)
def _after_number(
    policy_entry: int, key: bytes, head_time: int, digests: tuple[bytes | None, ...], attested: Attested | None
) -> bytes:
    members = (
        _LABELS[_POLICY],
        encode_integer(policy_entry),
        _LABELS[_KEY],
        encode_bytes(key),
        _LABELS[_TIME],
        encode_integer(head_time),
    )
    labelled = zip(_LABELS[_APPRAISAL:_ENROLMENT], map(_digest_or_null, digests), strict=True)
    return b"".join((*members, *chain.from_iterable(labelled), *_attested_members(attested)))


def _attested_members(attested: Attested | None) -> Iterator[bytes]:
    if attested is None:
        return
    enrolment = _NULL if attested.enrolment is None else encode_integer(attested.enrolment)
    yield from (_LABELS[_ENROLMENT], enrolment)
    yield from (_LABELS[_GRADE], encode_integer(attested.grade), _LABELS[_STATUS], encode_integer(attested.status))


def _digest_or_null(digest: bytes | None) -> bytes:
    return _NULL if digest is None else encode_bytes(digest)


def _integer(value: CborValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_INTEGER:
        raise MalformedDecisionError("a number in the decision record is out of bounds")
    return value


def _digest(value: CborValue) -> bytes:
    if not isinstance(value, bytes) or len(value) != _DIGEST_BYTES:
        raise MalformedDecisionError("a digest in the decision record is not 32 bytes")
    return value


def _optional_digest(value: CborValue) -> bytes | None:
    return None if value is None else _digest(value)
