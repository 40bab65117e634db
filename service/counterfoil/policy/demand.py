"""What a policy asks of the statements of a content type, by the role they are registered in."""

from dataclasses import dataclass
from enum import StrEnum

from counterfoil.attestation.appraisal import Grade
from counterfoil.chain.findings import Finding
from counterfoil.encoding.jcs import JsonValue


class RequiredClaim(StrEnum):
    """A CWT claim, by its name, that a policy can ask for beside iss and sub (RFC 8392, section 3.1)."""

    AUDIENCE = "aud"
    EXPIRES = "exp"
    NOT_BEFORE = "nbf"
    ISSUED_AT = "iat"


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a statement whose issuer acts in one of the ``roles``; none named: in any.

    A trace event is written in the one role that its actor has, every other statement in all that its issuer holds. Of
    several demands that concern a statement all have to be met. A number that is None asks for no more than the policy.
    ``attestation`` is the least grade that will do, ``appraised_by`` the appraisal policies of which one must have been
    satisfied, None where any will do.
    """

    roles: frozenset[str] = frozenset()
    required_claims: frozenset[RequiredClaim] = frozenset()
    attestation: Grade = Grade.UNATTESTED
    appraised_by: frozenset[str] | None = None
    clock_skew_seconds: int | None = None
    max_statement_bytes: int | None = None
    refused_findings: frozenset[Finding] = frozenset()

    def as_json(self) -> JsonValue:
        """The demand as the policy document spells it; what asks for nothing is left out, but the roles."""
        members: dict[str, JsonValue] = {"roles": list[JsonValue](sorted(self.roles))}
        if self.required_claims:
            members["requiredClaims"] = list[JsonValue](sorted(self.required_claims))
        if self.attestation is not Grade.UNATTESTED:
            members["attestation"] = self.attestation.value
        if self.appraised_by is not None:
            members["appraisedBy"] = list[JsonValue](sorted(self.appraised_by))
        if self.clock_skew_seconds is not None:
            members["clockSkewSeconds"] = self.clock_skew_seconds
        if self.max_statement_bytes is not None:
            members["maxStatementBytes"] = self.max_statement_bytes
        if self.refused_findings:
            members["refusedFindings"] = list[JsonValue](sorted(self.refused_findings))
        return members
