"""What every verifier of evidence is: a pure function, dated, that gives claims or a named error."""

from typing import Protocol

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence


class Verifier(Protocol):
    """Verifies the evidence of one platform, offline. One file a vendor."""

    def __call__(self, evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
        """The claims, once every signature in the evidence holds up to a pinned root at the time ``at``.

        ``at`` is in whole seconds since 1970. What nothing at hand allows to be checked is among the claims' checks as
        not checked. Debug modes, versions of the firmware and measurements are claims: whether they will do is for the
        appraisal policy.

        Raises:
            MalformedError: The evidence cannot be read.
            UnverifiedError: It is not genuine, not of that time, or leads to no pinned root.
        """
        ...
