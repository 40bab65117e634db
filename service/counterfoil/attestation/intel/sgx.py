"""Evidence of Intel SGX: a quote about an enclave, judged by Intel's collateral."""

from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.quote import Tee, parse_intel_quote
from counterfoil.attestation.intel.reports import parse_enclave_report
from counterfoil.attestation.intel.verify_quote import COLLATERAL, QUOTE, verify_quote
from counterfoil.errors import EvidenceDebugError

_SIGNER: Final = "PCK"


def verify_sgx(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral) -> EvidenceClaims:
    """The claims of an SGX quote of version 3 that holds at the time ``at``.

    The parts are ``quote`` and, where the sender has it, ``collateral``.

    Raises:
        MalformedError: The quote, its chain or collateral cannot be read.
        EvidenceDebugError: The enclave is one for debugging.
        EvidenceTcbError: Intel names no TCB level for the platform, or has revoked it.
        CollateralMissingError, CollateralOutOfDateError, CollateralInvalidError: The collateral does not allow it.
        UnverifiedError: The quote is not genuine, not of that time, or leads to no pinned root.

    Intel SGX ECDSA Quote Library Reference, appendix A.4.
    """
    evidence.require_parts(frozenset({QUOTE}), frozenset({COLLATERAL}))
    quote = parse_intel_quote(evidence.part(QUOTE), Tee.SGX)
    report = parse_enclave_report(quote.body)
    if report.is_debuggable:
        raise EvidenceDebugError("the host may read the memory of the enclave")
    verified = verify_quote(evidence, quote, at, anchors, collateral)
    return EvidenceClaims(
        platform=Platform.INTEL_SGX,
        product="SGX",
        signer=_SIGNER,
        measurements=MappingProxyType({"mrenclave": report.mrenclave, "mrsigner": report.mrsigner}),
        bound=MappingProxyType({"report-data": report.report_data}),
        debug=report.is_debuggable,
        tcb=MappingProxyType(
            {
                "pce-svn": verified.platform.pce_svn,
                "tcb-evaluation": verified.collateral.evaluation,
                "isv-svn": report.isv_svn,
            }
        ),
        tcb_status=verified.judged.tcb_status,
        advisories=verified.judged.advisories,
        hardware_id=verified.hardware_id,
        facts=MappingProxyType(
            {
                "fmspc": verified.platform.fmspc.hex(),
                "quote-version": str(quote.version),
                "isv-prod-id": str(report.isv_prod_id),
                "sgx-attributes": report.attributes.hex(),
            }
        ),
        holds_from=verified.holds_from,
        holds_until=verified.holds_until,
        collateral=frozenset({verified.collateral.digest}),
        checks=verified.checks,
    )
