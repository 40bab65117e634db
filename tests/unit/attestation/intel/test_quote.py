"""A quote taken apart: every length exact, and what is not verified refused by its version or type."""

import pytest

from counterfoil.attestation.intel.quote import MAX_QUOTE_BYTES, IntelQuote, Tee, parse_intel_quote
from counterfoil.attestation.intel.reports import (
    ENCLAVE_REPORT_BYTES,
    TD15_REPORT_BYTES,
    TD_REPORT_BYTES,
    parse_enclave_report,
    parse_td_report,
)
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError
from tests.intel_quotes import ENCLAVE_FIELDS, SGX, TD15_FIELDS, TD_FIELDS, TDX, header, make_platform, sized

MACHINE = make_platform()
TD4, TD5, TD15 = MACHINE.tdx_quote(), MACHINE.tdx_quote(5, 2), MACHINE.tdx_quote(5, 3)
ENCLAVE = MACHINE.sgx_quote()
TD_BODY, ENCLAVE_BODY = b"".join(TD_FIELDS.values()), b"".join(ENCLAVE_FIELDS.values())


def replaced(quote: bytes, at: int, new: bytes) -> bytes:
    return quote[:at] + new + quote[at + len(new) :]


def test_the_reports_have_intel_s_lengths() -> None:
    assert (TD_REPORT_BYTES, TD15_REPORT_BYTES, ENCLAVE_REPORT_BYTES) == (584, 648, 384)


@pytest.mark.parametrize(
    ("quote", "tee", "version", "size"),
    [(TD4, Tee.TDX, 4, 584), (TD5, Tee.TDX, 5, 584), (TD15, Tee.TDX, 5, 648), (ENCLAVE, Tee.SGX, 3, 384)],
)
def test_a_quote_is_read_to_its_last_byte(quote: bytes, tee: Tee, version: int, size: int) -> None:
    read = parse_intel_quote(quote, tee)
    assert (read.tee, read.version, len(read.body), read.exact) == (tee, version, size, quote)
    assert read.pck_chain == MACHINE.pck_chain + b"\x00"


def test_every_register_of_a_domain_is_read_from_its_place() -> None:
    fields = {name: bytes((place,)) * len(value) for place, (name, value) in enumerate(TD15_FIELDS.items(), 1)}
    read = parse_td_report(b"".join(fields.values()))
    assert read.measurements == {name: fields[name] for name in fields if name.startswith(("mr", "rtmr"))}
    assert len(read.measurements) == 11
    assert read.attributes == int.from_bytes(fields["td_attributes"], "little")
    assert (read.tee_tcb_svn, read.current_tcb_svn) == (fields["tee_tcb_svn"], fields["tee_tcb_svn2"])
    assert (read.xfam, read.report_data) == (fields["xfam"], fields["report_data"])
    assert parse_td_report(TD_BODY).current_tcb_svn is None


def test_what_is_measured_of_an_enclave_is_read_from_its_place() -> None:
    fields = {name: bytes((place,)) * len(value) for place, (name, value) in enumerate(ENCLAVE_FIELDS.items(), 1)}
    read = parse_enclave_report(b"".join(fields.values()))
    assert (read.mrenclave, read.mrsigner, read.report_data) == (
        fields["mrenclave"],
        fields["mrsigner"],
        fields["report_data"],
    )
    assert (read.isv_prod_id, read.isv_svn, read.attributes) == (0x0909, 0x0A0A, fields["attributes"])


def test_numbers_are_little_endian() -> None:
    read = parse_enclave_report(
        b"".join((ENCLAVE_FIELDS | {"isv_svn": b"\x02\x01", "isv_prod_id": b"\x04\x03"}).values())
    )
    assert (read.isv_svn, read.isv_prod_id) == (0x0102, 0x0304)


@pytest.mark.parametrize("size", [0, 383, 385, 583, 585, 647, 649])
def test_a_report_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_td_report(bytes(size))
    with pytest.raises(MalformedEvidenceError):
        parse_enclave_report(bytes(size))


@pytest.mark.parametrize("bit", range(64))
def test_a_domain_is_for_debugging_by_bit_0_and_may_be_moved_by_bit_29(bit: int) -> None:
    report = parse_td_report(b"".join((TD_FIELDS | {"td_attributes": (1 << bit).to_bytes(8, "little")}).values()))
    assert report.is_debuggable == (bit == 0)
    assert report.is_migratable == (bit == 29)


@pytest.mark.parametrize("bit", range(128))
def test_an_enclave_is_for_debugging_by_bit_1(bit: int) -> None:
    body = b"".join((ENCLAVE_FIELDS | {"attributes": (1 << bit).to_bytes(16, "little")}).values())
    assert parse_enclave_report(body).is_debuggable == (bit == 1)


@pytest.mark.parametrize(
    ("quote", "tee"),
    [
        pytest.param(MACHINE.quoted(header(3, TDX) + ENCLAVE_BODY, nested=False), Tee.TDX, id="version 3 as TDX"),
        pytest.param(MACHINE.quoted(header(6, TDX) + TD_BODY, nested=True), Tee.TDX, id="version 6"),
        pytest.param(MACHINE.quoted(header(0, TDX) + TD_BODY, nested=True), Tee.TDX, id="version 0"),
        pytest.param(MACHINE.quoted(header(0x104, TDX) + TD_BODY, nested=True), Tee.TDX, id="version 260"),
        pytest.param(ENCLAVE, Tee.TDX, id="SGX as TDX"),
        pytest.param(TD4, Tee.SGX, id="TDX as SGX"),
        pytest.param(MACHINE.sgx_quote(4), Tee.SGX, id="SGX of version 4"),
        pytest.param(MACHINE.quoted(header(4, SGX) + ENCLAVE_BODY, nested=True), Tee.TDX, id="SGX of version 4 as TDX"),
        pytest.param(MACHINE.quoted(header(4, 0x82) + TD_BODY, nested=True), Tee.TDX, id="another TEE"),
        pytest.param(MACHINE.quoted(header(4, 0x01000081) + TD_BODY, nested=True), Tee.TDX, id="a TEE of high bits"),
        pytest.param(MACHINE.quoted(header(4, TDX, key_type=3) + TD_BODY, nested=True), Tee.TDX, id="P-384"),
        pytest.param(MACHINE.quoted(header(4, TDX, vendor=bytes(16)) + TD_BODY, nested=True), Tee.TDX, id="vendor"),
        pytest.param(MACHINE.tdx_quote(5, 1), Tee.TDX, id="an enclave's body"),
        pytest.param(MACHINE.tdx_quote(5, 4), Tee.TDX, id="a body of a later type"),
        pytest.param(MACHINE.quoted(TD4[:632], nested=True, kind=4), Tee.TDX, id="a PCK certificate alone"),
        pytest.param(MACHINE.quoted(TD4[:632], nested=True, kind=3), Tee.TDX, id="an encrypted PPID"),
        pytest.param(replaced(TD4, 636 + 128, b"\x05"), Tee.TDX, id="no QE report"),
    ],
)
def test_what_is_not_verified_here_is_refused(quote: bytes, tee: Tee) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_intel_quote(quote, tee)


@pytest.mark.parametrize("quote", [TD4, TD5, TD15, ENCLAVE], ids=["v4", "v5", "v5 1.5", "v3"])
def test_a_quote_that_ends_early_is_refused_wherever_it_ends(quote: bytes) -> None:
    tee = Tee.SGX if quote is ENCLAVE else Tee.TDX
    for size in {*range(0, len(quote), 61), 47, 48, 49, len(quote) - 1, 431, 432, 436, 632, 635, 636}:
        with pytest.raises((MalformedEvidenceError, EvidenceVersionError)):
            parse_intel_quote(quote[:size], tee)


@pytest.mark.parametrize("junk", [b"\x01", b"\x00\x01", bytes(70) + b"x", TD4])
def test_bytes_after_a_quote_are_refused_unless_they_are_zero(junk: bytes) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_intel_quote(TD4 + junk, Tee.TDX)


@pytest.mark.parametrize("size", [1, 70, MAX_QUOTE_BYTES - len(TD4)], ids=["one", "some", "as many as are read"])
def test_zeros_after_a_quote_are_no_part_of_it(size: int) -> None:
    assert parse_intel_quote(TD4 + bytes(size), Tee.TDX) == parse_intel_quote(TD4, Tee.TDX)


def test_a_quote_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_intel_quote(TD4 + bytes(MAX_QUOTE_BYTES - len(TD4) + 1), Tee.TDX)


SIZES = {
    "the signature data": (632, 4),
    "the QE report's frame": (636 + 130, 4),
    "the authentication data": (636 + 134 + 448, 2),
    "the chain": (636 + 134 + 448 + 2 + 32 + 2, 4),
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("change", [-1, 1, 256, -256])
def test_a_length_that_is_not_the_one_of_what_follows_is_refused(name: str, change: int) -> None:
    at, width = SIZES[name]
    size = int.from_bytes(TD4[at : at + width], "little") + change
    with pytest.raises((MalformedEvidenceError, EvidenceVersionError)):
        parse_intel_quote(replaced(TD4, at, (size % (1 << 8 * width)).to_bytes(width, "little")), Tee.TDX)


@pytest.mark.parametrize("name", SIZES)
def test_the_largest_length_is_refused(name: str) -> None:
    at, width = SIZES[name]
    with pytest.raises(MalformedEvidenceError):
        parse_intel_quote(replaced(TD4, at, b"\xff" * width), Tee.TDX)


@pytest.mark.parametrize("inner", ["frame", "chain"])
def test_bytes_inside_of_the_signature_data_that_belong_to_nothing_are_refused(inner: str) -> None:
    frame = TD4[636 + 134 :]
    certified = frame + (b"\x00" if inner == "chain" else b"")
    tail = TD4[636 : 636 + 130] + sized(certified, 4) + (b"\x00" if inner == "frame" else b"")
    with pytest.raises(MalformedEvidenceError):
        parse_intel_quote(TD4[:632] + sized(tail, 4), Tee.TDX)
    assert isinstance(parse_intel_quote(TD4[:632] + sized(TD4[636:], 4), Tee.TDX), IntelQuote)


def test_a_body_says_how_long_it_is() -> None:
    longer = (2).to_bytes(2, "little") + sized(b"".join(TD15_FIELDS.values()), 4)
    with pytest.raises(MalformedEvidenceError):
        parse_intel_quote(MACHINE.quoted(header(5, TDX) + longer, nested=True), Tee.TDX)
    with pytest.raises(MalformedEvidenceError):
        parse_intel_quote(replaced(TD5, 50, (648).to_bytes(4, "little")), Tee.TDX)
