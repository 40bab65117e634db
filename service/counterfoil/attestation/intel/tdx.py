"""Evidence of Intel TDX: a quote about a trust domain, judged by Intel's collateral."""

from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.quote import Tee, parse_intel_quote
from counterfoil.attestation.intel.reports import TdReport, parse_td_report
from counterfoil.attestation.intel.verify_quote import COLLATERAL, QUOTE, VerifiedQuote, verify_quote
from counterfoil.errors import EvidenceDebugError

_MODULE_SVN, _MODULE_VERSION, _LOADER_SVN = 0, 1, 2
"""What the first bytes of TEE_TCB_SVN count (Intel TDX Module Base Architecture Specification, TEE_TCB_SVN)."""

_SIGNER: Final = "PCK"


def verify_tdx(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral) -> EvidenceClaims:
    """The claims of a TDX quote of version 4 or 5 that holds at the time ``at``.

    The parts are ``quote`` and, where the sender has it, ``collateral``. Measurements are all registers of the
    domain, those that are zero as well. A domain that may be migrated or profiled, or is bound to a service domain,
    is refused with the library that judges the quote: its claims never come about.

    Raises:
        MalformedError: The quote, its chain or collateral cannot be read.
        EvidenceDebugError: The domain is one for debugging.
        EvidenceAttributesError: The domain may be migrated or profiled, or has other attributes that are not verified.
        EvidenceTcbError: Intel names no TCB level for the platform, or has revoked it.
        CollateralMissingError, CollateralOutOfDateError, CollateralInvalidError: The collateral does not allow it.
        UnverifiedError: The quote is not genuine, not of that time, or leads to no pinned root.

    Intel TDX DCAP Quote Generation Library and Quote Verification Library, appendix A.3.
    """
    evidence.require_parts(frozenset({QUOTE}), frozenset({COLLATERAL}))
    quote = parse_intel_quote(evidence.part(QUOTE), Tee.TDX)
    report = parse_td_report(quote.body)
    if report.is_debuggable:
        raise EvidenceDebugError("the host may read the memory of the trust domain")
    return _claims(report, verify_quote(evidence, quote, at, anchors, collateral), quote.version)


def _claims(report: TdReport, verified: VerifiedQuote, version: int) -> EvidenceClaims:
    return EvidenceClaims(
        platform=Platform.INTEL_TDX,
        product="TDX",
        signer=_SIGNER,
        measurements=MappingProxyType(report.measurements),
        bound=MappingProxyType({"report-data": report.report_data}),
        debug=report.is_debuggable,
        migratable=report.is_migratable,
        tcb=MappingProxyType(_tcb(report, verified)),
        tcb_status=verified.judged.tcb_status,
        advisories=verified.judged.advisories,
        hardware_id=verified.hardware_id,
        facts=MappingProxyType(
            {
                "fmspc": verified.platform.fmspc.hex(),
                "quote-version": str(version),
                "td-attributes": f"{report.attributes:016x}",
                "xfam": report.xfam.hex(),
            }
        ),
        holds_from=verified.holds_from,
        holds_until=verified.holds_until,
        collateral=frozenset({verified.collateral.digest}),
        checks=verified.checks,
    )


def _tcb(report: TdReport, verified: VerifiedQuote) -> dict[str, int]:
    numbers = {
        "pce-svn": verified.platform.pce_svn,
        "tcb-evaluation": verified.collateral.evaluation,
        "tdx-module-svn": report.tee_tcb_svn[_MODULE_SVN],
        "tdx-module-version": report.tee_tcb_svn[_MODULE_VERSION],
        "seam-loader-svn": report.tee_tcb_svn[_LOADER_SVN],
    }
    if report.current_tcb_svn is not None:
        numbers["current-tdx-module-svn"] = report.current_tcb_svn[_MODULE_SVN]
        numbers["current-tdx-module-version"] = report.current_tcb_svn[_MODULE_VERSION]
    return numbers
