"""Evidence of Azure confidential VMs as cmcp writes it: one JSON object with everything in base64."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from counterfoil.attestation.azure.cvm import CERTIFICATES_PART, REPORT_PART, RUNTIME_DATA_PART
from counterfoil.attestation.evidence import MAX_EVIDENCE_BYTES, Evidence, Platform
from counterfoil.attestation.tpm.signed_quote import ATTEST_PART, SIGNATURE_PART
from counterfoil.encoding.jcs import parse_json
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError

_VERSION: Final = 1
_PARTS: Final = {
    "snp_report": REPORT_PART,
    "runtime_data": RUNTIME_DATA_PART,
    "quote_msg": ATTEST_PART,
    "quote_sig": SIGNATURE_PART,
    "vcek_chain_pem": CERTIFICATES_PART,
}


def parse_cmcp_azure(data: bytes) -> Evidence:
    """Read such an object. The public key that stands in it besides is passed over: the runtime data name the key.

    Raises:
        EvidenceTooLargeError: It is longer than any evidence.
        EvidenceVersionError: It is of another version than 1.
        MalformedError: It is none.
    """
    if len(data) > MAX_EVIDENCE_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of evidence where {MAX_EVIDENCE_BYTES} are read")
    held = parse_json(data, max_bytes=MAX_EVIDENCE_BYTES)
    if not isinstance(held, Mapping) or held.keys() - {"v", "ak_pub_pem"} != _PARTS.keys():
        raise MalformedEvidenceError("not evidence of an Azure confidential VM as cmcp writes it")
    if held.get("v") != _VERSION:
        raise EvidenceVersionError("evidence of another version than 1 of cmcp is not read here")
    return Evidence(Platform.AZURE_CVM, {part: _decoded(held[name]) for name, part in _PARTS.items()})


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise MalformedEvidenceError("a part of the evidence is no text")
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedEvidenceError("a part of the evidence is not in base64") from error
