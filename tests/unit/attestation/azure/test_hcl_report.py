"""What the paravisor of an Azure confidential VM leaves in its vTPM."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.azure.hcl_report import MAX_HCL_REPORT_BYTES, parse_hcl_report
from counterfoil.attestation.evidence import Platform
from counterfoil.errors import CounterfoilError, EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError
from tests.azure_cvms import hcl_report

CPU, DATA = bytes(range(256)) * 4 + bytes(160), b'{"keys":[]}'
GENUINE = hcl_report(CPU, DATA)


@pytest.mark.parametrize(("kind", "platform"), [(2, Platform.AMD_SEV_SNP), (4, Platform.INTEL_TDX)])
@pytest.mark.parametrize(("hashed", "name"), [(1, "sha256"), (2, "sha384"), (3, "sha512")])
@pytest.mark.parametrize("tail", [b"", bytes(1000)])
def test_a_report_is_taken_apart(kind: int, platform: Platform, hashed: int, name: str, tail: bytes) -> None:
    found = parse_hcl_report(hcl_report(CPU, DATA, kind=kind, hashed=hashed, tail=tail))
    assert (found.platform, found.cpu_report, found.hash_name, found.runtime_data) == (platform, CPU, name, DATA)


@pytest.mark.parametrize("fields", [{"kind": 0}, {"kind": 1}, {"kind": 3}, {"kind": 5}, {"hashed": 0}, {"hashed": 4}])
def test_another_cpu_or_hash_is_not_verified(fields: dict[str, int]) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_hcl_report(hcl_report(CPU, DATA, kind=fields.get("kind", 2), hashed=fields.get("hashed", 1)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HCLA",
        GENUINE[:1235],
        b"HCLB" + GENUINE[4:],
        GENUINE[1:],
        hcl_report(CPU, DATA, size=len(DATA) - 1),
        hcl_report(CPU, DATA, size=len(DATA) + 10),
        hcl_report(CPU, DATA, size=0xFFFFFFFF),
        hcl_report(CPU, DATA, tail=b"\x00\x01"),
    ],
)
def test_what_is_no_such_report_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_hcl_report(data)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_hcl_report(GENUINE + bytes(MAX_HCL_REPORT_BYTES))
    parse_hcl_report(GENUINE.ljust(MAX_HCL_REPORT_BYTES, b"\x00"))


@given(st.binary(max_size=40).map(lambda tail: GENUINE[: 32 + 1184] + tail) | st.binary(max_size=64))
@settings(deadline=None, max_examples=100)
def test_garbage_ends_in_an_error_of_ours(data: bytes) -> None:
    try:
        assert parse_hcl_report(data).runtime_data in data
    except CounterfoilError:
        return
