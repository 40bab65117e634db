"""What a TPM signs, taken apart."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.tpm.attest import MAX_ATTEST_BYTES, parse_quote_attest
from counterfoil.errors import (
    CounterfoilError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
)
from tests.tpm_quotes import CERTIFY, Attest, registers, selection, sized, u

GENUINE = Attest().encode()


def test_every_field_is_read() -> None:
    attest = parse_quote_attest(GENUINE)
    assert attest.encoded == GENUINE
    assert attest.qualified_signer == bytes.fromhex("000b") + bytes(32)
    assert attest.extra_data == b"challenge"
    assert (attest.clock, attest.reset_count, attest.restart_count, attest.is_safe) == (1234, 5, 6, True)
    assert attest.firmware_version == 0x2020031200120003
    assert [(one.bank.name, one.indices) for one in attest.selections] == [("sha256", (0, 7))]
    assert attest.selected == "sha256:0,7"
    assert len(attest.pcr_digest) == 32


def test_a_known_quote_is_read() -> None:
    known = (
        "ff54434780180022000b2c2c0b21099a7c32a889ab6e661bf180aad015ca159f245ab3f4df1b2fa62f6f"
        "0000"
        "0000000000000000"
        "00000001"
        "00000200"
        "00"
        "2020031200120003"
        "00000001000b03818001"
        "0000"
    )
    attest = parse_quote_attest(bytes.fromhex(known))
    assert attest.extra_data == b""
    assert not attest.is_safe
    assert (attest.clock, attest.reset_count, attest.restart_count) == (0, 1, 0x200)
    assert attest.selections[0].indices == (0, 7, 15, 16)


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ([("sha256", [0, 7]), ("sha384", [0])], "sha256:0,7+sha384:0"),
        ([("sha384", [8]), ("sha256", [31])], "sha384:8+sha256:31"),
        ([("sha512", [])], "sha512:"),
        ([("sha256", [1]), ("sha256", [0])], "sha256:1+sha256:0"),
    ],
)
def test_banks_and_registers_keep_the_order_in_which_they_are_digested(
    chosen: Sequence[tuple[str, Sequence[int]]], text: str
) -> None:
    selections = b"".join(selection(bank, indices, 4) for bank, indices in chosen)
    assert parse_quote_attest(Attest(count=len(chosen), selections=selections).encode()).selected == text


@pytest.mark.parametrize("extra", [b"", b"x" * 66])
def test_extra_data_may_be_of_any_size_that_a_tpm_takes(extra: bytes) -> None:
    assert parse_quote_attest(Attest(extra_data=extra).encode()).extra_data == extra


MALFORMED: list[dict[str, Any]] = [
    {"magic": 0xFF544346},
    {"magic": 0},
    {"safe": 2},
    {"safe": 255},
    {"tail": b"\x00"},
    {"extra_data": b"x" * 67},
    {"signer": b"x" * 67},
    {"digest": b"x" * 65},
    {"count": 0, "selections": b""},
    {"count": 0},
    {"count": 17, "selections": 17 * selection("sha256", [0])},
    {"count": 0xFFFFFFFF},
    {"selections": u(0x000B, 2) + b"\x00"},
    {"selections": u(0x000B, 2) + b"\x05" + bytes(5)},
    {"selections": u(0x000B, 2) + b"\xff" + bytes(5)},
]


@pytest.mark.parametrize("fields", MALFORMED)
def test_what_is_no_quote_is_malformed(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_quote_attest(Attest(**fields).encode())


def test_fewer_banks_than_are_counted_are_refused() -> None:
    with pytest.raises((MalformedEvidenceError, EvidenceVersionError)):
        parse_quote_attest(Attest(count=2).encode())


@pytest.mark.parametrize("kind", [CERTIFY, 0x8014, 0x8016, 0x8019, 0x801A, 0x801C, 0, 0xFFFF])
def test_another_attestation_is_no_quote(kind: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_quote_attest(Attest(kind=kind).encode())


@pytest.mark.parametrize("bank", [0x0004, 0x0012, 0x0027, 0x0010, 0])
def test_a_bank_of_another_hash_is_not_verified(bank: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_quote_attest(Attest(selections=u(bank, 2) + b"\x03" + bytes(3)).encode())


def test_a_quote_with_its_size_in_front_is_none() -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_quote_attest(sized(GENUINE))


@pytest.mark.parametrize("size", range(len(GENUINE)))
def test_a_quote_that_ends_early_is_malformed(size: int) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_quote_attest(GENUINE[:size])


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_quote_attest(GENUINE + bytes(MAX_ATTEST_BYTES))
    with pytest.raises(MalformedEvidenceError):
        parse_quote_attest(GENUINE + bytes(MAX_ATTEST_BYTES - len(GENUINE)))


@given(st.binary(max_size=200) | st.binary(max_size=150).map(lambda tail: GENUINE[:6] + tail))
@settings(deadline=None, max_examples=200)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    try:
        assert parse_quote_attest(data).encoded == data
    except CounterfoilError:
        return


def test_all_banks_fit() -> None:
    values = {bank: registers(*range(24), bank=bank)[bank] for bank in ("sha256", "sha384", "sha512")}
    assert len(Attest(values=values).encode()) < MAX_ATTEST_BYTES // 3
