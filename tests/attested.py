"""A log whose agents show what hardware they run on: a platform of Intel's, its policy, and enrolments.

The platform is synthetic and its root is pinned in the policy. Quotes are of TDX and hold 64 bytes of report data.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.binding import Binding, enrolment_binding
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, Carried
from counterfoil.attestation.conveyance.challenge import issue_challenge
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cose import labels
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from tests.builders import START, World, policy_for, sign_statement
from tests.intel_quotes import TD_FIELDS, IntelPlatform, make_platform

ATTESTED = "https://attested.example"
MACHINES = "machines"
_random = iter(range(1 << 30))


def appraisal_for(platform: IntelPlatform, name: str = MACHINES, **changes: Any) -> AppraisalPolicy:
    """An appraisal policy that admits the domains of a platform."""
    policy = AppraisalPolicy(
        name=name,
        platforms=frozenset({Platform.INTEL_TDX}),
        bindings=frozenset({Binding.ENROLMENT}),
        measurements={"mrtd": frozenset({TD_FIELDS["mrtd"]})},
        pins=platform.anchors.pins,
        certificates=platform.anchors.certificates,
    )
    return replace(policy, **changes)


def attested_policy(
    platform: IntelPlatform, *issuers: Issuer, appraisals: tuple[AppraisalPolicy, ...] = (), version: int = 1
) -> PolicyDocument:
    """A policy with an issuer of attested keys alone, beside others, that admits enrolments."""
    known = appraisals or (appraisal_for(platform),)
    names = frozenset(one.name for one in known)
    policy = policy_for(Issuer(ATTESTED, (), frozenset({"agent"}), attested_by=names), *issuers, version=version)
    rule = ContentTypeRule(ENROLMENT_CONTENT_TYPE, Visibility.PUBLIC, frozenset())
    return replace(policy, content_types=(*policy.content_types, rule), appraisals=known)


@dataclass
class Machine:
    """An agent on attested hardware: the platform, the key that it makes, and the log whose challenges it answers."""

    platform: IntelPlatform
    service: LocalSigner
    origin: str
    signer: LocalSigner = field(default_factory=lambda: generate_private_key("ES256"))

    @property
    def kid(self) -> bytes:
        """The name of its key."""
        return self.signer.public_key.thumbprint

    def challenge(self, at: int = START) -> bytes:
        """A challenge of the log, given at that time."""
        return issue_challenge(self.service, self.origin, at, next(_random).to_bytes(16, "big")).encoded

    def evidence(self, report_data: bytes, mrtd: bytes = TD_FIELDS["mrtd"]) -> Evidence:
        """A quote that holds these 64 bytes, with the collateral that it is judged by."""
        quote = self.platform.tdx_quote(report_data=report_data, mrtd=mrtd)
        return Evidence(Platform.INTEL_TDX, {"quote": quote, "collateral": self.platform.collateral()})

    def enrolment(
        self, challenge: bytes, *, evidence: Evidence | None = None, issuer: str = ATTESTED, carry_key: bool = True
    ) -> bytes:
        """An enrolment of its key in answer to a challenge."""
        nonce = sha256(challenge).digest()
        shown = self.evidence(enrolment_binding(nonce, self.kid)) if evidence is None else evidence
        carried = Carried(shown, self.signer.public_key if carry_key else None, challenge)
        return sign_statement(
            self.signer,
            carried.encode(),
            issuer=issuer,
            subject=f"https://{self.origin}#enrolments",
            content_type=ENROLMENT_CONTENT_TYPE,
        )

    def statement(self, payload: bytes | None = None, *, issuer: str = ATTESTED) -> bytes:
        """A statement that carries nothing of it."""
        return sign_statement(self.signer, payload, issuer=issuer)

    def carrying(self, evidence: Evidence, *, carry_key: bool = True, critical: bool = False) -> bytes:
        """A statement that carries evidence itself."""
        carried = Carried(evidence, self.signer.public_key if carry_key else None)
        headers = {labels.ATTESTATION: carried.encode()} | ({labels.CRIT: (labels.ATTESTATION,)} if critical else {})
        return sign_statement(self.signer, issuer=ATTESTED, headers=headers)


def machine_of(world: World, platform: IntelPlatform | None = None) -> Machine:
    """A machine that answers the challenges of a log."""
    return Machine(platform or make_platform(), world.signers[KeyPurpose.SERVICE], world.identity.origin)
