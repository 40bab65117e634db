"""Microsoft's attested signing service: a key that was made in a confidential container, with the evidence of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.snp.verify import CERTIFICATES, ENDORSEMENT, REPORT
from counterfoil.cose.cose_key import public_key_from_map
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import EvidenceVersionError, MalformedEvidenceError

_TYPE: Final = "SEV-SNP:ContainerPlat-AMD-UVM"
_VERSION: Final = 0
_DID: Final = "did:attestedsvc:"


@dataclass(frozen=True, slots=True)
class AttestedService:
    """The service by its name, the key that it signs with, and the evidence that binds it.

    ``service`` is None in the form of 2025, which did not name it.
    """

    service: str | None
    key: PublicKey
    evidence: Evidence

    def speaks_for(self, issuer: str) -> bool:
        """Whether an issuer is one of this service's: the name that its did:attestedsvc begins with."""
        return self.service is not None and issuer.startswith(f"{_DID}{self.service}:")


def parse_attested_service(value: CborValue) -> AttestedService:
    """Read the header of such a statement; nothing of it is verified.

    Raises:
        MalformedError: It is none.
        EvidenceVersionError: It is of another type or version than is verified here.
    """
    if not isinstance(value, Mapping):
        raise MalformedEvidenceError("the header of an attested service is a map")
    version = value.get("ver")
    if value.get("attestation_type") != _TYPE or version != _VERSION or isinstance(version, bool):
        raise EvidenceVersionError("the attested service has evidence of another type or version than is verified here")
    match value:
        case {
            "attestation": bytes(report),
            "snp_endorsements": bytes(certificates),
            "uvm_endorsements": bytes(endorsement),
            "cose_key": dict(key),
        }:
            parts = {REPORT: report, CERTIFICATES: certificates, ENDORSEMENT: endorsement}
        case _:
            raise MalformedEvidenceError("the header of an attested service lacks a member")
    service = value.get("svc_id")
    if service is not None and (not isinstance(service, str) or not service or ":" in service):
        raise MalformedEvidenceError("the name of an attested service is no text without a colon")
    return AttestedService(service, public_key_from_map(key), Evidence(Platform.AMD_SEV_SNP, parts))
