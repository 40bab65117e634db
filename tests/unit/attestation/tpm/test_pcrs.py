"""Values of registers beside a quote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.tpm.algorithms import TPM_HASHES
from counterfoil.attestation.tpm.attest import parse_quote_attest
from counterfoil.attestation.tpm.pcrs import (
    MAX_PCR_BYTES,
    PcrValues,
    encode_pcr_values,
    parse_pcr_values,
    pcr_measurements,
    require_quoted,
)
from counterfoil.encoding.cbor import encode
from counterfoil.errors import CounterfoilError, EvidenceMismatchError, EvidenceTooLargeError, MalformedError
from tests.tpm_quotes import SHA256, SHA384, SHA512, Attest, register, registers, selection

TWO_BANKS = {**registers(0, 7), **registers(7, bank="sha384")}
EVERY = {bank: registers(*range(32), bank=bank)[bank] for bank in ("sha256", "sha384", "sha512")}


@pytest.mark.parametrize("values", [registers(0), TWO_BANKS, EVERY, {}])
def test_values_come_back(values: PcrValues) -> None:
    assert parse_pcr_values(encode_pcr_values(values)) == values


def test_the_encoding_is_known() -> None:
    value = bytes(range(32))
    assert encode_pcr_values({"sha256": {7: value}}).hex() == "a166736861323536a1075820" + value.hex()


def test_a_measurement_names_its_bank_unless_that_is_sha256() -> None:
    assert pcr_measurements(TWO_BANKS) == {
        "pcr0": register("sha256", 0),
        "pcr7": register("sha256", 7),
        "sha384:pcr7": register("sha384", 7),
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        encode(()),
        encode({"sha1": {0: bytes(20)}}),
        encode({"SHA256": {0: bytes(32)}}),
        encode({11: {0: bytes(32)}}),
        encode({"sha256": {}}),
        encode({"sha256": (bytes(32),)}),
        encode({"sha256": {0: bytes(31)}}),
        encode({"sha256": {0: bytes(48)}}),
        encode({"sha384": {0: bytes(32)}}),
        encode({"sha256": {0: "0" * 32}}),
        encode({"sha256": {0: None}}),
        encode({"sha256": {32: bytes(32)}}),
        encode({"sha256": {-1: bytes(32)}}),
        encode({"sha256": {"0": bytes(32)}}),
        encode({"sha256": {0: bytes(32), "x": bytes(32)}}),
        encode({"sha256": {0: bytes(32)}}) + b"\x00",
        b"\xa2" + 2 * encode({"sha256": {0: bytes(32)}})[1:],
        bytes.fromhex("a166736861323536a1f55820") + bytes(32),
        bytes.fromhex("a166736861323536a118005820") + bytes(32),
        bytes.fromhex("a166736861323536bf005820") + bytes(32) + b"\xff",
    ],
)
def test_what_is_no_map_of_registers_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_pcr_values(data)


def test_a_value_of_another_size_is_named_as_such() -> None:
    with pytest.raises(MalformedError, match="a register of the bank sha384 holds 48 bytes"):
        parse_pcr_values(encode({"sha384": {0: bytes(48), 1: bytes(32)}}))


def test_another_order_is_malformed() -> None:
    low, high = b"\x00\x58\x20" + bytes(32), b"\x07\x58\x20" + bytes(32)
    head = bytes.fromhex("a166736861323536a2")
    assert parse_pcr_values(head + low + high)
    with pytest.raises(MalformedError):
        parse_pcr_values(head + high + low)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_pcr_values(bytes(MAX_PCR_BYTES + 1))
    assert len(encode_pcr_values(EVERY)) < MAX_PCR_BYTES


@pytest.mark.parametrize("hashed", [SHA256, SHA384, SHA512])
@pytest.mark.parametrize("values", [registers(0), registers(23, 7, 0), TWO_BANKS])
def test_the_values_that_were_quoted_hold_under_the_hash_of_the_signature_alone(values: PcrValues, hashed: int) -> None:
    attest = parse_quote_attest(Attest(values=values).encode(hashed))
    require_quoted(values, attest, TPM_HASHES[hashed])
    for other in TPM_HASHES.keys() - {hashed}:
        with pytest.raises(EvidenceMismatchError):
            require_quoted(values, attest, TPM_HASHES[other])


def test_one_bank_may_be_quoted_twice_in_an_order_of_its_own() -> None:
    joined = register("sha256", 7) + register("sha256", 0)
    selections = selection("sha256", [7]) + selection("sha256", [0])
    digest = TPM_HASHES[SHA256].digest(joined)
    attest = parse_quote_attest(Attest(count=2, selections=selections, digest=digest).encode())
    require_quoted(registers(0, 7), attest, TPM_HASHES[SHA256])


@pytest.mark.parametrize(
    "values",
    [
        {},
        registers(0),
        registers(0, 7, 8),
        registers(0, 8),
        registers(0, 7, bank="sha384"),
        {**registers(0, 7), **registers(0, bank="sha384")},
        {"sha256": {0: register("sha256", 7), 7: register("sha256", 0)}},
        {"sha256": {0: register("sha256", 0), 7: bytes(32)}},
    ],
)
def test_other_values_than_those_quoted_are_refused(values: PcrValues) -> None:
    attest = parse_quote_attest(Attest(values=registers(0, 7)).encode())
    with pytest.raises(EvidenceMismatchError):
        require_quoted(values, attest, TPM_HASHES[SHA256])


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: bytes.fromhex("a166736861323536") + tail))
@settings(deadline=None, max_examples=150)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    try:
        assert encode_pcr_values(parse_pcr_values(data)) == data
    except CounterfoilError:
        return
