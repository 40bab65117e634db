"""Tokens of Intel Trust Authority.

Intel, "Trust Authority", "Attestation tokens": the claims of TDX, SGX and NVIDIA GPUs.
"""

import re
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.passport import (
    Passport,
    PassportRules,
    audience_facts,
    key_finder,
    numbered,
    verify_passport,
)
from counterfoil.attestation.passport.tee_claims import (
    TDX_CLAIMS,
    TeeClaims,
    hexadecimal_facts,
    hexadecimal_values,
    is_any_set,
    text_facts,
)
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.errors import EvidenceVersionError, MalformedEvidenceError, TokenNotAffirmingError

_PARTS: Final = frozenset({"token"})
_RULES: Final = PassportRules(
    frozenset({"PS384", "RS256"}), re.compile(r"https://portal\.(?:eu\.)?trustauthority\.intel\.com")
)
_SGX: Final = TeeClaims(
    measurements={"mrenclave": ("sgx_mrenclave", 32), "mrsigner": ("sgx_mrsigner", 32)},
    bound={"report-data": ("sgx_report_data", 64)},
    debug=("sgx_is_debuggable",),
    facts={"config-id": "sgx_config_id"},
)
_TEES: Final = {"tdx": TDX_CLAIMS, "sgx": _SGX}
_SVNS: Final = {"seam": "tdx_seamsvn", "enclave": "sgx_isvsvn"}
_TOP_FACTS: Final = {"version": "ver", "profile": "eat_profile", "intended-use": "intuse"}
_TEE_FACTS: Final = {"tcb-date": "attester_tcb_date", "attester-type": "attester_type", "dbgstat": "dbgstat"}


def verify_intel_ita(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of a token of Intel Trust Authority about a trust domain or an enclave, in the part ``token``.

    Its key is one of the key set that was loaded for its issuer. A token that also speaks of GPUs has to affirm them.

    Raises:
        MalformedError: The token cannot be read.
        TokenNotAffirmingError: It says that the GPUs did not pass.
        UnverifiedError: It is not genuine, not of the time ``at``, or about another environment.
    """
    evidence.require_parts(_PARTS)
    passport = verify_passport(evidence.part("token"), at, _RULES, key_finder(at, anchors, collateral))
    product, tee = _tee(passport.claims)
    known = _TEES.get(product)
    if known is None:
        raise EvidenceVersionError("the token is about an environment of a kind that is not verified here")
    held = tee.base64("attester_held_data")
    bound = hexadecimal_values(tee, known.bound)
    return EvidenceClaims(
        platform=Platform.INTEL_ITA,
        product=product,
        signer="JWT",
        measurements=hexadecimal_values(tee, known.measurements),
        bound=bound if held is None else {**bound, "held-data": held},
        debug=is_any_set(tee, known.debug),
        tcb={name: svn for name, claim in _SVNS.items() if (svn := tee.integer(claim)) is not None},
        tcb_status=tee.text("attester_tcb_status"),
        advisories=frozenset(tee.texts("attester_advisory_ids")),
        facts=_facts(passport, tee, known),
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=passport.checks,
    )


def _tee(claims: TokenClaims) -> tuple[str, TokenClaims]:
    """The claims about the environment: an object of their own since version 2, at the top of a token before."""
    nested = [(name, found) for name in _TEES if (found := claims.nested(name)) is not None]
    if len(nested) > 1:
        raise MalformedEvidenceError("the token is about several environments")
    name, tee = nested[0] if nested else ("", claims)
    said = (tee.text("attester_type") or name).lower()
    if name not in {"", said}:
        raise MalformedEvidenceError("the token says two things of which kind the environment is")
    return said, tee


def _facts(passport: Passport, tee: TokenClaims, known: TeeClaims) -> dict[str, str]:
    claims = passport.claims
    facts = text_facts(claims, _TOP_FACTS) | text_facts(tee, _TEE_FACTS) | hexadecimal_facts(tee, known.facts)
    facts |= audience_facts(claims) | numbered("policy-matched", _policies(claims))
    gpus = claims.nested("nvgpu")
    if gpus is not None:
        if gpus.flag("x-nvidia-overall-att-result") is not True:
            raise TokenNotAffirmingError("the token says that the GPUs did not pass")
        facts["gpus"] = "affirmed"
    return {**facts, "issuer": passport.issuer}


def _policies(claims: TokenClaims) -> tuple[str, ...]:
    matched = claims.members.get("policy_ids_matched")
    found = (
        [TokenClaims(one).text("id") for one in matched if isinstance(one, dict)] if isinstance(matched, list) else []
    )
    return tuple(identifier for identifier in found if identifier is not None)
