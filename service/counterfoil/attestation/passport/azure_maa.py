"""Tokens of Microsoft Azure Attestation.

Microsoft, "Azure Attestation", "Claim sets", "Examples of an attestation token" and "EAT profile for TDX".
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.passport import PassportRules, audience_facts, key_finder, verify_passport
from counterfoil.attestation.passport.tee_claims import (
    TDX_CLAIMS,
    TeeClaims,
    hexadecimal_facts,
    hexadecimal_values,
    is_any_set,
    text_facts,
)
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.errors import EvidenceVersionError

_PARTS: Final = frozenset({"token"})
_RULES: Final = PassportRules(
    frozenset({"RS256"}),
    re.compile(r"https://[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62})?\.attest\.azure\.net"),
)
_NOTHING: Final = TokenClaims(MappingProxyType({}))
_SNP: Final = TeeClaims(
    measurements={"launch": ("x-ms-sevsnpvm-launchmeasurement", 48)},
    bound={"report-data": ("x-ms-sevsnpvm-reportdata", 64)},
    debug=("x-ms-sevsnpvm-is-debuggable",),
    facts={
        "host-data": "x-ms-sevsnpvm-hostdata",
        "id-key-digest": "x-ms-sevsnpvm-idkeydigest",
        "author-key-digest": "x-ms-sevsnpvm-authorkeydigest",
        "family-id": "x-ms-sevsnpvm-familyId",
        "image-id": "x-ms-sevsnpvm-imageId",
        "report-id": "x-ms-sevsnpvm-reportid",
    },
)
_SGX: Final = TeeClaims(
    measurements={"mrenclave": ("x-ms-sgx-mrenclave", 32), "mrsigner": ("x-ms-sgx-mrsigner", 32)},
    bound={"report-data": ("x-ms-sgx-report-data", 64)},
    debug=("x-ms-sgx-is-debuggable",),
    facts={},
)
_TEES: Final = {"sevsnpvm": _SNP, "sgx": _SGX, "tdxvm": TDX_CLAIMS}
_TCB: Final = {
    "bootloader": "x-ms-sevsnpvm-bootloader-svn",
    "tee": "x-ms-sevsnpvm-tee-svn",
    "snp": "x-ms-sevsnpvm-snpfw-svn",
    "microcode": "x-ms-sevsnpvm-microcode-svn",
    "guest": "x-ms-sevsnpvm-guestsvn",
    "enclave": "x-ms-sgx-svn",
}
_FACTS: Final = {"policy-hash": "x-ms-policy-hash", "version": "x-ms-ver", "attestation-type": "x-ms-attestation-type"}


def verify_azure_maa(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of a token of Azure Attestation about an SEV-SNP or TDX machine or an enclave, in the part ``token``.

    Its key is one of the key set that was loaded for its issuer, each provider of attestations having its own.

    Raises:
        MalformedError: The token cannot be read.
        UnverifiedError: It is not genuine, not of the time ``at``, or about another environment.
    """
    evidence.require_parts(_PARTS)
    passport = verify_passport(evidence.part("token"), at, _RULES, key_finder(at, anchors, collateral))
    claims = passport.claims
    tee = claims.nested("x-ms-isolation-tee") or claims
    product = tee.text("x-ms-attestation-type")
    known = _TEES.get(product or "")
    if product is None or known is None:
        raise EvidenceVersionError("the token is about an environment of a kind that is not verified here")
    compliance = tee.text("x-ms-compliance-status")
    facts = text_facts(claims, _FACTS) | hexadecimal_facts(tee, known.facts) | audience_facts(claims)
    facts |= {} if compliance is None else {"compliance-status": compliance}
    return EvidenceClaims(
        platform=Platform.AZURE_MAA,
        product=product,
        signer="JWT",
        measurements=hexadecimal_values(tee, known.measurements),
        bound={**hexadecimal_values(tee, known.bound), **_chosen(claims, tee)},
        debug=is_any_set(tee, known.debug),
        migratable=product == "sevsnpvm" and tee.flag("x-ms-sevsnpvm-migration-allowed") is not False,
        tcb={name: svn for name, claim in _TCB.items() if (svn := tee.integer(claim)) is not None},
        tcb_status=tee.text("attester_tcb_status"),
        vmpl=tee.integer("x-ms-sevsnpvm-vmpl"),
        facts={**facts, "issuer": passport.issuer},
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=passport.checks,
    )


def _chosen(claims: TokenClaims, tee: TokenClaims) -> Mapping[str, bytes]:
    """What the environment or who asked for the token chose, beside the report data."""
    runtime = claims.nested("x-ms-runtime") or tee.nested("x-ms-runtime") or _NOTHING
    payload = runtime.nested("client-payload") or _NOTHING
    nonce, held = claims.text("nonce"), tee.base64("x-ms-sgx-ehd")
    found = {
        "nonce": None if nonce is None else nonce.encode(),
        "client-nonce": payload.base64("nonce"),
        "user-data": runtime.hexadecimal("user-data"),
        "held-data": held,
    }
    return {name: value for name, value in found.items() if value is not None}
