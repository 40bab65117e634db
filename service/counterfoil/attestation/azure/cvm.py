"""Azure confidential VMs: a report of the CPU, which binds the key of a vTPM, which signs a quote."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.azure.hcl_report import HclReport, parse_hcl_report
from counterfoil.attestation.azure.runtime_data import RuntimeData, parse_runtime_data
from counterfoil.attestation.claims import EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.signed_quote import (
    ATTEST_PART,
    PCRS_PART,
    SIGNATURE_PART,
    SignedQuote,
    verify_signed_quote,
)
from counterfoil.attestation.verifier import Verifier
from counterfoil.errors import EvidenceMismatchError, EvidencePartError, EvidenceVersionError

HCL_REPORT_PART: Final = "hcl-report"
RUNTIME_DATA_PART: Final = "runtime-data"
REPORT_PART: Final = "report"
QUOTE_PART: Final = "quote"
CERTIFICATES_PART: Final = "certificates"
COLLATERAL_PART: Final = "collateral"

_QUOTED: Final = frozenset({ATTEST_PART, SIGNATURE_PART})
_FORMS: Final = {
    frozenset({HCL_REPORT_PART}): Platform.AMD_SEV_SNP,
    frozenset({HCL_REPORT_PART, QUOTE_PART}): Platform.INTEL_TDX,
    frozenset({REPORT_PART, RUNTIME_DATA_PART}): Platform.AMD_SEV_SNP,
    frozenset({QUOTE_PART, RUNTIME_DATA_PART}): Platform.INTEL_TDX,
}
"""What the evidence of the CPU and the runtime data may come as, and of which CPU it then is."""

_BESIDE: Final = {Platform.AMD_SEV_SNP: CERTIFICATES_PART, Platform.INTEL_TDX: COLLATERAL_PART}
"""What may stand beside the report of a CPU, for its verifier alone."""

_REPORT_DATA: Final = "report-data"
_REPORT_DATA_BYTES: Final = 64
_DEFAULT_HASH: Final = "sha256"


@dataclass(frozen=True, slots=True)
class _Parts:
    cpu: Evidence
    runtime_data: bytes
    hash_name: str


def azure_cvm_verifier(cpus: Mapping[Platform, Verifier]) -> Verifier:
    """The verifier of Azure confidential VMs, with those of the CPUs that they run on.

    The parts are ``attest``, ``signature`` and perhaps ``pcrs`` as those of a TPM, and one of: ``hcl-report``;
    ``hcl-report`` and a TD ``quote``; an SNP ``report`` and ``runtime-data``; a TD ``quote`` and ``runtime-data``.
    ``certificates`` beside an SNP report and ``collateral`` beside a TD quote are passed on with it.

    The claims are those of the CPU with the registers of the vTPM among the measurements; only ``extra-data`` is bound,
    since the report data are taken. All that the vTPM says is worth what the paravisor is that made it: any guest may
    report runtime data of its own, and only the launch measurement, which is for the policy, tells Azure's paravisor
    from others. The verifier raises what that of the CPU raises, what ``verify_signed_quote``, ``parse_hcl_report`` and
    ``parse_runtime_data`` raise, and:

    Raises:
        EvidencePartError: Other parts are there.
        EvidenceVersionError: No verifier is for the CPU.
        EvidenceMismatchError: The report of the CPU is not of these runtime data, or of another CPU than it says.

    Azure confidential VM guest attestation; TPM 2.0 Part 3, section 18.4.
    """

    def verify_azure_cvm(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
        parts = _parts(evidence)
        runtime = parse_runtime_data(parts.runtime_data)
        verify_cpu = cpus.get(parts.cpu.platform)
        if verify_cpu is None:
            raise EvidenceVersionError(f"evidence of {parts.cpu.platform} is not verified here")
        claims = verify_cpu(parts.cpu, at, anchors, collateral)
        _require_bound(claims, parts)
        return _claims(claims, runtime, verify_signed_quote(evidence, runtime.attestation_key))

    return verify_azure_cvm


def _parts(evidence: Evidence) -> _Parts:
    names = frozenset(evidence.parts) - _QUOTED - {PCRS_PART, *_BESIDE.values()}
    platform = _FORMS.get(names)
    if platform is None:
        raise EvidencePartError(f"evidence of {evidence.platform} has other parts; its verifier names them")
    found = evidence.parts
    hcl = parse_hcl_report(found[HCL_REPORT_PART]) if HCL_REPORT_PART in found else None
    if hcl is not None and hcl.platform is not platform:
        raise EvidenceMismatchError(f"an HCL report of {hcl.platform} with the parts of {platform}")
    runtime_data = hcl.runtime_data if hcl is not None else found[RUNTIME_DATA_PART]
    hash_name = hcl.hash_name if hcl is not None else _DEFAULT_HASH
    return _Parts(Evidence(platform, _cpu_parts(evidence, platform, hcl)), runtime_data, hash_name)


def _cpu_parts(evidence: Evidence, platform: Platform, hcl: HclReport | None) -> dict[str, bytes]:
    beside = _BESIDE.values() & evidence.parts.keys()
    if not beside <= {_BESIDE[platform]}:
        raise EvidencePartError(f"evidence of {platform} has no part named {min(beside - {_BESIDE[platform]})}")
    if platform is Platform.INTEL_TDX:
        own = {QUOTE_PART: evidence.part(QUOTE_PART)}
    else:
        own = {REPORT_PART: hcl.cpu_report if hcl is not None else evidence.part(REPORT_PART)}
    return own | {name: evidence.part(name) for name in beside}


def _require_bound(cpu: EvidenceClaims, parts: _Parts) -> None:
    digest = hashlib.new(parts.hash_name, parts.runtime_data).digest()
    if cpu.bound.get(_REPORT_DATA) != digest.ljust(_REPORT_DATA_BYTES, b"\x00"):
        raise EvidenceMismatchError("the report of the CPU is not of these runtime data")


def _claims(cpu: EvidenceClaims, runtime: RuntimeData, quote: SignedQuote) -> EvidenceClaims:
    bound = passed("runtime-data-bound")
    unsure = not_checked("key-attributes", "the runtime data do not say what they are")
    return replace(
        cpu,
        platform=Platform.AZURE_CVM,
        measurements={**cpu.measurements, **quote.measurements},
        bound={"extra-data": quote.attest.extra_data},
        facts={**runtime.facts, **quote.facts, **cpu.facts},
        checks=(*cpu.checks, bound, unsure, *quote.checks),
    )
