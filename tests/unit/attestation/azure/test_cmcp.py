"""Evidence as cmcp writes it."""

import json

import pytest

from counterfoil.attestation.azure.cmcp import parse_cmcp_azure
from counterfoil.attestation.evidence import MAX_EVIDENCE_BYTES, Platform
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedError
from tests.azure_cvms import azure, cmcp
from tests.vectors_dir import require_shared

EVIDENCE = azure(pcrs=None, certificates=b"chain")


def test_the_parts_are_found() -> None:
    assert parse_cmcp_azure(cmcp(EVIDENCE)) == EVIDENCE


def test_the_parts_of_a_real_machine_are_found() -> None:
    evidence = parse_cmcp_azure(require_shared("attestation", "azure_cvm", "cmcp_evidence.bin").read_bytes())
    assert evidence.platform is Platform.AZURE_CVM
    assert {name: len(part) for name, part in evidence.parts.items()} == {
        "report": 1184,
        "runtime-data": 1110,
        "attest": 145,
        "signature": 262,
        "certificates": 6489,
    }


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_not_read(version: object) -> None:
    with pytest.raises(EvidenceVersionError):
        parse_cmcp_azure(cmcp(EVIDENCE, v=version))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        cmcp(EVIDENCE)[:-1],
        cmcp(EVIDENCE) + b"x",
        cmcp(EVIDENCE, extra="x"),
        cmcp(EVIDENCE, quote_msg=None),
        cmcp(EVIDENCE, quote_msg=5),
        cmcp(EVIDENCE, quote_msg="\u00e4"),
        cmcp(EVIDENCE, quote_msg="AAA"),
        cmcp(EVIDENCE, quote_msg="AA AA"),
        cmcp(EVIDENCE, quote_msg="AA-_"),
        b'{"v":1,' + cmcp(EVIDENCE)[1:],
        json.dumps(dict.fromkeys(("snp_report", "runtime_data", "quote_msg", "quote_sig"), "")).encode(),
    ],
)
def test_anything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_cmcp_azure(data)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_cmcp_azure(cmcp(EVIDENCE).ljust(MAX_EVIDENCE_BYTES + 1))
