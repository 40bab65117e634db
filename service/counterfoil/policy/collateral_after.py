"""What an entry with collateral makes of the rules, and whose word it takes for it to count."""

from dataclasses import replace
from typing import Final

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.evidence import Platform
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.attestation.intel.dcap_signatures import verify_dcap_collateral
from counterfoil.errors import ContentTypeNotAdmittedError
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.loaded_collateral import CollateralKind, CollateralNotice, parse_collateral_notice
from counterfoil.policy.rules import Rules
from counterfoil.statement.signed_statement import SignedStatement

_OF_INTEL: Final = frozenset({Platform.INTEL_TDX, Platform.INTEL_SGX, Platform.AZURE_CVM})


def collateral_after(rules: Rules, statement: SignedStatement, signer: bytes, at: int) -> Rules:
    """The rules once a document of collateral is loaded, at the head time ``at`` in whole seconds since 1970.

    ``signer`` is the thumbprint of the key that signed the entry. Operators are believed. With the service key counts
    only what its vendor signed and is in date: nobody who holds that key alone says which keys an issuer of tokens has,
    or puts a document that nobody signed in the place of one that holds.

    Raises:
        MalformedCollateralError: It cannot be read, or is about something else than the entry says.
        ContentTypeNotAdmittedError: Only an operator may load it.
        CollateralSupersededError: The log holds it already, or a later one, or as many as it takes.
        UnverifiedError: As for ``verify_dcap_collateral``.
    """
    notice = parse_collateral_notice(statement.message.payload or b"")
    if signer not in rules.operator_kids:
        _require_signed(notice, rules.policy, at)
    return replace(rules, loaded=rules.loaded.load(notice, at))


def _require_signed(notice: CollateralNotice, policy: PolicyDocument, at: int) -> None:
    if notice.kind is CollateralKind.KEYS:
        raise ContentTypeNotAdmittedError("only operators say which keys an issuer of tokens has")
    verify_dcap_collateral(parse_dcap_collateral(notice.document), at, intel_anchors(policy))


def intel_anchors(policy: PolicyDocument) -> Anchors:
    """What Intel's collateral has to lead to: the roots of the policy's appraisals of its platforms, or its own."""
    named = [one.anchors(Platform.INTEL_TDX) for one in policy.appraisals if one.platforms & _OF_INTEL]
    if not named:
        return vendor_anchors(Platform.INTEL_TDX)
    certificates = dict.fromkeys(der for one in named for der in one.certificates)
    return Anchors(frozenset[bytes]().union(*(one.pins for one in named)), tuple(certificates))
