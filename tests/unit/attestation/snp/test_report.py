"""Reports of SEV-SNP, taken apart."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.snp.report import REPORT_BYTES, SigningKey, SnpReport, parse_snp_report
from counterfoil.attestation.snp.tcb import parse_tcb, unused_bytes
from counterfoil.errors import CounterfoilError, EvidenceVersionError, MalformedEvidenceError
from tests.snp_reports import FIELDS, GENOA, MILAN, TURIN, VLEK, make_chip

CHIP = make_chip()


def parsed(number: int = 3, /, **fields: bytes | int) -> SnpReport:
    return parse_snp_report(CHIP.report(number, **fields))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("family_id", 16),
        ("image_id", 16),
        ("report_data", 64),
        ("measurement", 48),
        ("host_data", 32),
        ("id_key_digest", 48),
        ("report_id", 32),
        ("chip_id", 64),
        ("current_tcb", 8),
        ("reported_tcb", 8),
        ("committed_tcb", 8),
        ("launch_tcb", 8),
    ],
)
def test_each_field_stands_at_its_place(name: str, size: int) -> None:
    value = bytes(range(100, 100 + size))
    assert getattr(parsed(3, **{name: value}), name) == value
    assert getattr(parsed(3), name) != value


@pytest.mark.parametrize(("name", "size"), [("guest_svn", 4), ("platform_info", 8)])
def test_numbers_have_their_least_byte_first(name: str, size: int) -> None:
    value = int.from_bytes(bytes(range(200, 200 + size)), "little")
    assert getattr(parsed(**{name: value}), name) == value


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_versions_2_to_5_are_read(version: int) -> None:
    report = parsed(version)
    assert (report.version, report.product) == (version, None if version == 2 else MILAN)
    assert report.signed == CHIP.report(version)[:0x2A0]


@pytest.mark.parametrize("version", [0, 1, 6, 2**16 + 3, 2**32 - 1])
def test_other_versions_are_not(version: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parsed(version=version)


@pytest.mark.parametrize("algorithm", [0, 2, 257, 2**32 - 1])
def test_other_algorithms_are_not(algorithm: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parsed(signature_algo=algorithm)


@pytest.mark.parametrize(
    "data", [b"", bytes(1183), CHIP.report()[:-1], CHIP.report() + b"\x00", CHIP.report() * 2, bytes(1185)]
)
def test_a_report_has_its_length(data: bytes) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_snp_report(data)


@pytest.mark.parametrize("vmpl", [0, 1, 2, 3])
def test_a_guest_has_four_levels(vmpl: int) -> None:
    assert parsed(vmpl=vmpl).vmpl == vmpl


@pytest.mark.parametrize("vmpl", [4, 256, 2**32 - 1])
def test_a_report_that_the_host_asked_for_is_refused(vmpl: int) -> None:
    with pytest.raises(MalformedEvidenceError, match="host"):
        parsed(vmpl=vmpl)


@pytest.mark.parametrize(
    ("policy", "debug", "migration", "smt", "abi"),
    [
        (0x2_0000, False, False, False, "0.0"),
        (0x3_001F, False, False, True, "0.31"),
        (0x2_0137, False, False, False, "1.55"),
        (0x6_0000, False, True, False, "0.0"),
        (0xA_0000, True, False, False, "0.0"),
        (0x3F7_0000, False, True, True, "0.0"),
    ],
)
def test_what_the_guest_policy_says(*, policy: int, debug: bool, migration: bool, smt: bool, abi: str) -> None:
    report = parsed(policy=policy)
    assert (report.is_debuggable, report.is_migratable, report.allows_smt, report.abi) == (debug, migration, smt, abi)


@pytest.mark.parametrize("policy", [0, 0x1_001F, 2**64 - 1 - (1 << 17)])
def test_the_bit_of_the_policy_that_is_always_one_is_asked_for(policy: int) -> None:
    with pytest.raises(MalformedEvidenceError, match="always one"):
        parsed(policy=policy)


@pytest.mark.parametrize(
    ("keys", "signer", "masked", "author"),
    [
        (0, SigningKey.VCEK, False, False),
        (1, SigningKey.VCEK, False, True),
        (2, SigningKey.VCEK, True, False),
        (4, SigningKey.VLEK, False, False),
        (7, SigningKey.VLEK, True, True),
    ],
)
def test_what_the_report_says_of_its_keys(*, keys: int, signer: SigningKey, masked: bool, author: bool) -> None:
    report = parsed(keys=keys, author_key_digest=b"\xaa" * 48 if author else bytes(48))
    assert (report.signing_key, report.masks_chip_key) == (signer, masked)
    assert report.author_key_digest == (b"\xaa" * 48 if author else None)


@pytest.mark.parametrize(("keys", "digest"), [(0, b"\xaa" * 48), (1, bytes(48)), (4, bytes(47) + b"\x01")])
def test_the_key_of_an_author_is_named_where_there_is_one(keys: int, digest: bytes) -> None:
    with pytest.raises(MalformedEvidenceError, match="author"):
        parsed(keys=keys, author_key_digest=digest)


@pytest.mark.parametrize("bit", [26, 27, 63])
def test_a_guest_that_allows_what_is_not_known_is_refused(bit: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parsed(policy=0x2_0000 | 1 << bit)


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6, 7])
def test_signing_keys_of_other_kinds_are_not_known(kind: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parsed(keys=kind << 2)


@pytest.mark.parametrize("keys", [1 << bit for bit in range(5, 32)])
def test_bits_beside_the_keys_are_zero(keys: int) -> None:
    with pytest.raises(MalformedEvidenceError, match="zero"):
        parsed(keys=keys)


RESERVED = [
    *((version, at) for version in (2, 3, 4, 5) for at in (0x4C, 0x4F, 0x18B, 0x195, 0x19F, 0x1EB, 0x1EF)),
    *((version, at) for version in (2, 3, 4, 5) for at in (0x208, 0x250, 0x29F, 0x330, 0x400, REPORT_BYTES - 1)),
    *((2, at) for at in (0x188, 0x189, 0x18A)),
    *((version, at) for version in (2, 3, 4) for at in (0x1F8, 0x200, 0x207)),
]


@pytest.mark.parametrize(("version", "at"), RESERVED)
def test_a_byte_that_must_be_zero_is(version: int, at: int) -> None:
    data = bytearray(CHIP.report(version))
    data[at] = 1
    with pytest.raises(MalformedEvidenceError, match="zero"):
        parse_snp_report(bytes(data))


@pytest.mark.parametrize(
    ("version", "at"), [(5, 0x1F8), (5, 0x207), (3, 0x18A), (2, 0x1E8), (3, 0x1EA), (3, 0x1EC), (3, 0x1EE), (3, 0x1F7)]
)
def test_a_byte_beside_them_may_be_anything(version: int, at: int) -> None:
    data = bytearray(CHIP.report(version))
    data[at] = 0x7E
    parse_snp_report(bytes(data))


@pytest.mark.parametrize("at", [0x2A0 + 48, 0x2A0 + 71, 0x2A0 + 72 + 48, 0x2A0 + 143])
def test_numbers_of_the_signature_are_no_longer_than_the_curve_s(at: int) -> None:
    data = bytearray(CHIP.report())
    data[at] = 1
    with pytest.raises(MalformedEvidenceError, match="longer"):
        parse_snp_report(bytes(data))


def test_numbers_of_the_signature_are_turned_round() -> None:
    data = CHIP.report()
    signature = parse_snp_report(data).signature
    assert signature == data[0x2A0 : 0x2A0 + 48][::-1] + data[0x2E8 : 0x2E8 + 48][::-1]


@pytest.mark.parametrize(
    ("family", "model", "product"),
    [
        (0x19, 0x00, MILAN),
        (0x19, 0x01, MILAN),
        (0x19, 0x0F, MILAN),
        (0x19, 0x10, GENOA),
        (0x19, 0x1F, GENOA),
        (0x19, 0xA0, GENOA),
        (0x19, 0xAF, GENOA),
        (0x1A, 0x00, TURIN),
        (0x1A, 0x02, TURIN),
        (0x1A, 0x11, TURIN),
        (0x1A, 0x1F, TURIN),
    ],
)
def test_the_product_is_that_of_the_processor(family: int, model: int, product: str) -> None:
    assert parsed(cpu_family=family, cpu_model=model).product == product


@pytest.mark.parametrize(
    ("family", "model"), [(0x17, 0x01), (0x18, 0x01), (0x19, 0x20), (0x19, 0x9F), (0x19, 0xB0), (0x1A, 0x20), (0, 0)]
)
def test_other_processors_are_not_known(family: int, model: int) -> None:
    with pytest.raises(EvidenceVersionError):
        parsed(cpu_family=family, cpu_model=model)


def test_a_report_of_version_2_names_no_processor() -> None:
    assert parsed(2).product is None


def test_turin_has_another_order_of_the_parts_of_its_firmware() -> None:
    data = bytes((10, 11, 12, 13, 14, 15, 16, 17))
    older = {"bootloader": 10, "tee": 11, "snp": 16, "microcode": 17}
    assert parse_tcb(data, MILAN) == parse_tcb(data, GENOA) == older
    assert parse_tcb(data, TURIN) == {"fmc": 10, "bootloader": 11, "tee": 12, "snp": 13, "microcode": 17}
    assert unused_bytes(data, GENOA) == bytes((12, 13, 14, 15))
    assert unused_bytes(data, TURIN) == bytes((14, 15, 16))


@settings(deadline=None)
@given(st.binary(max_size=1200) | st.tuples(st.sampled_from(sorted(FIELDS)), st.binary(min_size=152, max_size=152)))
def test_garbage_ends_in_an_error_of_ours(some: bytes | tuple[str, bytes]) -> None:
    chip = make_chip(kind=VLEK)
    if isinstance(some, tuple):
        at, size = FIELDS[some[0]]
        good = chip.report()
        some = good[:at] + some[1][:size] + good[at + size :]
    with contextlib.suppress(CounterfoilError):
        parse_snp_report(some)
