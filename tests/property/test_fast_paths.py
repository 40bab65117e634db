"""What is written or read in a quicker way is what the general way writes and reads, for the same input."""

import json
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cose import labels
from counterfoil.cose.plain_envelope import split_plain_envelope
from counterfoil.cose.sign1 import encode_sign1, parse_kept_sign1, signature_input
from counterfoil.encoding.cbor import CborValue, Limits, Tagged, decode, encode, encode_bytes, encode_integer
from counterfoil.encoding.jcs import JsonValue, encode_json, is_canonical_json, parse_json
from counterfoil.errors import MalformedClaimsError, MalformedError
from counterfoil.merkle.hashing import NodeHash
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.tree_head import HeadSignature, head_header
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.decision_record import DecisionRecord, _parse, parse_decision_record
from tests.builders import sign_statement
from tests.unit.receipt.test_receipts import HEAD, IDENTITY, KEY, SIGNER

NUMBERS = st.integers(0, 2**63 - 1) | st.sampled_from([0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32])
BYTES = st.binary(max_size=40) | st.sampled_from([23, 24, 255, 256, 65535, 65536]).map(bytes)
STRINGS = [b"\x40", b"\x58\x00", b"\x59\x00\x01x", b"\x5a\x00\x00\x00\x01x", b"\x5b" + bytes(8)]
"""Byte strings with heads of every length."""

DIGESTS = st.none() | st.binary(min_size=32, max_size=32)
STATEMENTS = [sign_statement(SIGNER), sign_statement(SIGNER, detached=True), sign_statement(SIGNER, b"x" * 70_000)]


@given(BYTES)
def test_byte_strings(value: bytes) -> None:
    assert encode_bytes(value) == encode(value)


@given(NUMBERS)
def test_numbers(value: int) -> None:
    assert encode_integer(value) == encode(value)


@given(st.integers(-(2**64), -1))
def test_numbers_below_zero(value: int) -> None:
    assert encode_integer(value) == encode(value)


@pytest.mark.parametrize("value", [-(2**64) - 1, 2**64])
def test_numbers_that_are_none(value: int) -> None:
    with pytest.raises(TypeError):
        encode_integer(value)


@given(BYTES, st.dictionaries(st.integers(-5, 500), BYTES, max_size=3), st.none() | BYTES, BYTES)
def test_messages(protected: bytes, unprotected: Mapping[int | str, bytes], payload: bytes | None, last: bytes) -> None:
    general = encode(Tagged(labels.TAG_SIGN1, (protected, dict(unprotected), payload, last)))
    assert encode_sign1(protected, unprotected, payload, last) == general


@given(BYTES, BYTES, BYTES)
def test_what_is_signed(protected: bytes, payload: bytes, aad: bytes) -> None:
    body = b"" if protected == b"\xa0" else protected
    assert signature_input(protected, payload, aad) == encode(("Signature1", body, aad, payload))


@given(NUMBERS, NUMBERS, st.binary(min_size=32, max_size=32), NUMBERS, st.tuples(DIGESTS, DIGESTS, DIGESTS))
def test_decision_records(
    number: int, policy: int, key: bytes, time: int, digests: tuple[bytes | None, bytes | None, bytes | None]
) -> None:
    record = DecisionRecord(number, policy, key, time, *digests)
    members = [1, number, policy, key, time, *digests]
    assert record.encode() == encode(dict(enumerate(members)))


@given(NUMBERS, st.lists(st.binary(min_size=32, max_size=32).map(NodeHash), max_size=70), st.binary(min_size=1))
def test_receipts(number: int, path: list[NodeHash], signature: bytes) -> None:
    signed = SignedHead(IDENTITY, HEAD, KEY, HeadSignature(HEAD.size, KEY.thumbprint, signature))
    header = head_header(IDENTITY, KEY.thumbprint, SIGNER.algorithm, HEAD)
    inclusion = encode([HEAD.size, number, list(path)])
    consistency = encode([number, HEAD.size, list(path)])
    for kind, proof, made in (
        (labels.INCLUSION, inclusion, signed.inclusion_receipt(number, path)),
        (labels.CONSISTENCY, consistency, signed.consistency_receipt(number, path)),
    ):
        message: CborValue = (header, {labels.VDP: {kind: [proof]}}, None, signature)
        assert made == encode(Tagged(labels.TAG_SIGN1, message))


def general_split(data: bytes) -> CborValue:
    """The elements as the general reader has them; None where it refuses or finds no such message."""
    try:
        envelope = decode(data, Limits(len(data)), allow_tags=frozenset({labels.TAG_SIGN1}))
    except MalformedError:
        return None
    return envelope.value if isinstance(envelope, Tagged) else None


def agree(data: bytes) -> None:
    """What the quick reader takes the general one reads alike, and a log keeps it as it came.

    The quick one may leave anything to the general one.
    """
    found = split_plain_envelope(data)
    if found is not None:
        assert found == general_split(data)
        assert encode_sign1(*found) == data


@given(st.sampled_from(STATEMENTS), st.integers(0, 2**31), st.integers(0, 255), st.integers(0, 80))
def test_envelopes_changed_in_one_place(statement: bytes, at: int, value: int, cut: int) -> None:
    agree(statement)
    agree(statement[: len(statement) - cut])
    agree(statement + bytes(cut % 3))
    # Most places that matter are near the beginning.
    for place in (at % len(statement), at % min(200, len(statement))):
        agree(statement[:place] + bytes([value]) + statement[place + 1 :])


@given(st.binary(max_size=60))
def test_envelopes_of_random_bytes(rest: bytes) -> None:
    agree(rest)
    agree(b"\xd2\x84" + rest)
    agree(b"\xd2\x84\x41\x00\xa0" + rest)


@given(
    st.lists(st.sampled_from([b"\x40", b"\x58\x00", b"\x59\x00\x01x", b"\x5a\x00\x00\x00\x02xy", b"\x5b" + bytes(8)]))
)
def test_envelopes_with_heads_of_every_length(parts: list[bytes]) -> None:
    for middle in (b"\xa0", b"\xa0\xf6", b"\xa1\x01\x02", b"\xbf\xff", b"\xf6"):
        agree(b"\xd2\x84" + b"".join(parts[:1]) + middle + b"".join(parts[1:]))


def test_what_is_common_is_read_the_quick_way() -> None:
    for statement in STATEMENTS:
        assert split_plain_envelope(statement) == general_split(statement)
        assert split_plain_envelope(statement) is not None
    assert split_plain_envelope(sign_statement(SIGNER, unprotected={99: b"x"})) is None


@pytest.mark.parametrize("head", [b"\x58\x17", b"\x59\x00\x17", b"\x5a\x00\x00\x00\x17", b"\x5b" + bytes(7) + b"\x17"])
def test_a_longer_head_than_need_be_is_kept_as_a_short_one(head: bytes) -> None:
    message, kept = parse_kept_sign1(b"\xd2\x84\x40\xa0" + head + bytes(23) + b"\x41x", max_bytes=100)
    assert message.payload == bytes(23)
    assert kept == b"\xd2\x84\x40\xa0\x57" + bytes(23) + b"\x41x"


def is_refused(text: str) -> bool:
    try:
        parse_root_trace_id(text)
    except MalformedClaimsError:
        return True
    return False


def is_hidden(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


@given(st.text(min_size=1, max_size=20))
def test_control_characters(text: str) -> None:
    assert is_refused(text) == is_hidden(text)


@pytest.mark.parametrize("code", [*range(0x100), 0x2028, 0xD800, 0xE000, 0x10FFFF])
def test_each_character(code: int) -> None:
    assert is_refused(f"a{chr(code)}") == is_hidden(chr(code))


FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not 2**53 <= abs(number) < 1e21)
"""Without those whose canonical spelling is a whole number that I-JSON does not read."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | FLOATS
    | st.text() | st.text(st.characters(max_codepoint=127)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_the_canonical_form_of_json(value: JsonValue) -> None:
    canonical = encode_json(value)
    assert is_canonical_json(canonical, parse_json(canonical, max_bytes=len(canonical)))


@given(value=JSON, in_order=st.booleans(), in_ascii=st.booleans())
def test_another_spelling_of_json(*, value: JsonValue, in_order: bool, in_ascii: bool) -> None:
    spelled = json.dumps(value, sort_keys=in_order, ensure_ascii=in_ascii, separators=(",", ":")).encode()
    read = parse_json(spelled, max_bytes=len(spelled))
    assert is_canonical_json(spelled, read) == (encode_json(read) == spelled)


@pytest.mark.parametrize("text", ["1e-05", "0.00001", "0.0001", "1.0", "-0.0", "1e+16", "1e16", "1E2", "0.10", "-0"])
@pytest.mark.parametrize("form", ["{}", "[{}]", "[{},2]", "[2,{}]", '[{{"a":{}}}]', '["1e-05,",{}]'])
def test_another_spelling_of_a_number(text: str, form: str) -> None:
    spelled = form.format(text).encode()
    read = parse_json(spelled, max_bytes=len(spelled))
    assert is_canonical_json(spelled, read) == (encode_json(read) == spelled)


@pytest.mark.parametrize("names", [("\uffff", "\U00010000"), ("\U00010000", "\uffff"), ("z", "é"), ("é", "z")])
def test_names_are_in_the_order_of_their_utf_16(names: tuple[str, str]) -> None:
    spelled = json.dumps(dict.fromkeys(names), ensure_ascii=False, separators=(",", ":")).encode()
    assert is_canonical_json(spelled, parse_json(spelled, max_bytes=100)) == (
        names in {("\U00010000", "\uffff"), ("z", "é")}
    )


RECORDS = st.builds(DecisionRecord, NUMBERS, NUMBERS, st.binary(min_size=32, max_size=32), NUMBERS, DIGESTS, DIGESTS)


@given(RECORDS)
def test_a_decision_record_is_read_as_a_whole_or_in_two_parts(record: DecisionRecord) -> None:
    assert parse_decision_record(record.encode()) == _parse(record.encode()) == record


@given(RECORDS, st.integers(0, 250), st.integers(0, 255), st.integers(-3, 3))
def test_a_damaged_decision_record_is_read_as_a_whole_or_in_two_parts(
    record: DecisionRecord, place: int, value: int, cut: int
) -> None:
    damaged = bytearray(record.encode())
    damaged[place % len(damaged)] = value
    data = bytes(damaged[:cut] if cut < 0 else damaged + bytes(cut))
    found: list[object] = []
    for parse in (parse_decision_record, _parse):
        try:
            found.append(parse(data))
        except MalformedError as error:
            found.append(type(error))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "head", [b"\x07", b"\x18\x07", b"\x18\xff", b"\x19\x01\x00", b"\x1b" + b"\xff" * 8, b"\x27", b"\x1c"]
)
def test_a_number_has_one_spelling_in_a_decision_record(head: bytes) -> None:
    data = DecisionRecord(7, 0, bytes(32), 5).encode().replace(b"\x01\x07\x02", b"\x01" + head + b"\x02", 1)
    found: list[object] = []
    for parse in (parse_decision_record, _parse):
        try:
            found.append(parse(data).number)
        except MalformedError as error:
            found.append(type(error))
    assert found[0] == found[1]
