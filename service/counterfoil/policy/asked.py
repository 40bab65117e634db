"""What is asked of one statement."""

from dataclasses import dataclass

from counterfoil.attestation.appraisal import Grade
from counterfoil.chain.findings import Finding
from counterfoil.errors import AttestationRequiredError
from counterfoil.policy.demand import RequiredClaim


@dataclass(frozen=True, slots=True)
class Asked:
    """All claims that are required and all findings that are refused, and of each number the smallest.

    ``attestation`` is the highest grade, ``appraised_by`` the appraisal policies that all name which name any.
    """

    required_claims: frozenset[RequiredClaim]
    clock_skew_seconds: int
    max_statement_bytes: int
    refused_findings: frozenset[Finding]
    attestation: Grade = Grade.UNATTESTED
    appraised_by: frozenset[str] | None = None

    def require_attested(self, grade: Grade, appraised_by: str | None) -> None:
        """Check how well the key that signed is bound to hardware, and by which appraisal policy.

        Raises:
            AttestationRequiredError: Not as is asked.
        """
        if not grade.is_at_least(self.attestation):
            raise AttestationRequiredError(f"the policy asks for a key that is {self.attestation}, and this is {grade}")
        if self.appraised_by is not None and appraised_by not in self.appraised_by:
            named = ", ".join(sorted(self.appraised_by)) or "none that all of them name"
            raise AttestationRequiredError(f"the policy asks for an appraisal by one of: {named}")
