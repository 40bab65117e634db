from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.audit.entry import MAX_ENTRIES, AuditedEntry, parse_audited
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import CborLimitError, MalformedEntryError, MalformedError
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.signed_statement import StatementHash

HASHES = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(0, 2**63 - 1)
EVIDENCE = st.none() | st.builds(Evidence, st.sampled_from(["", "x5chain", "ž"]), st.binary(max_size=40))
READABLE = st.builds(
    AuditedEntry,
    NUMBERS,
    HASHES.map(StatementHash),
    st.binary(max_size=90),
    st.none() | st.binary(max_size=300),
    EVIDENCE,
)
WITHHELD = HASHES.map(lambda digest: AuditedEntry(7, StatementHash(bytes(32)), None, listed_digest=digest))
ENTRIES = READABLE | WITHHELD
ENTRY = AuditedEntry(7, StatementHash(bytes(32)), b"record", b"statement", Evidence("kind", b"content"))


@settings(deadline=None, max_examples=50)
@given(st.lists(ENTRIES, max_size=5))
def test_entries_are_read_back(entries: list[AuditedEntry]) -> None:
    assert list(parse_audited(b"".join(entry.encode() for entry in entries))) == entries


def test_an_entry_is_these_bytes() -> None:
    item = encode((7, bytes(32), b"record", b"statement", ("kind", b"content"), None))
    assert ENTRY.encode() == item
    hidden = AuditedEntry(7, StatementHash(bytes(32)), None, listed_digest=bytes(32))
    assert hidden.encode() == encode((7, bytes(32), None, None, None, bytes(32)))
    assert (hidden.is_withheld, ENTRY.is_withheld) == (True, False)


@pytest.mark.parametrize(
    "value",
    [
        (),
        (7,),
        {0: 7},
        (-1, bytes(32), b"r", b"s", None, None),
        (2**63, bytes(32), b"r", b"s", None, None),
        (True, bytes(32), b"r", b"s", None, None),
        ("7", bytes(32), b"r", b"s", None, None),
        (7, bytes(31), b"r", b"s", None, None),
        (7, bytes(32), "r", b"s", None, None),
        (7, bytes(32), b"r", 5, None, None),
        (7, bytes(32), b"r", b"s", b"e", None),
        (7, bytes(32), b"r", b"s", ("kind",), None),
        (7, bytes(32), b"r", b"s", (b"kind", b"e"), None),
        (7, bytes(32), b"r", b"s", None, bytes(32)),
        (7, bytes(32), None, b"s", None, bytes(32)),
        (7, bytes(32), None, None, ("kind", b"e"), bytes(32)),
        (7, bytes(32), None, None, None, None),
        (7, bytes(32), None, None, None, bytes(31)),
        (7, bytes(32), b"r", b"s", None, None, None),
    ],
)
def test_what_is_no_entry_is_malformed(value: CborValue) -> None:
    with pytest.raises(MalformedEntryError):
        list(parse_audited(encode(value)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item[:-1],
        lambda item: item + b"\x00",
        lambda item: b"\x9f" + item[1:] + b"\xff",
        lambda item: item.replace(b"\x07\x58\x20", b"\x18\x07\x58\x20", 1),
        lambda item: item * (MAX_ENTRIES + 1),
    ],
)
def test_what_is_no_sequence_of_entries_is_malformed(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedError):
        list(parse_audited(spoil(ENTRY.encode())))


def test_an_answer_has_a_thousand_at_most_and_may_have_none() -> None:
    assert len(list(parse_audited(ENTRY.encode() * MAX_ENTRIES))) == MAX_ENTRIES
    with pytest.raises(CborLimitError):
        list(parse_audited(ENTRY.encode() * (MAX_ENTRIES + 1)))
    assert list(parse_audited(b"")) == []
