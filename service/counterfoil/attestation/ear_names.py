"""What the claims of an attestation result are called, by its profile (draft-ietf-rats-ear, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

EAR_PROFILE: Final = "tag:ietf.org,2026:rats/ear#04"
"""draft-ietf-rats-ear-04, section 3: what this log writes."""

_PROFILE_BEFORE: Final = "tag:ietf.org,2026:rats/ear#03"
_VERAISON_PROFILE: Final = "tag:github.com,2023:veraison/ear"


@dataclass(frozen=True, slots=True)
class EarNames:
    """The names of the claims that a profile spells in its own way."""

    status: str
    vector: str
    verifier: str
    policies: str
    key: str


IETF_NAMES: Final = EarNames(
    status="ear_status",
    vector="ear_trustworthiness_vector",
    verifier="ear_verifier_id",
    policies="ear_appraisal_policy_ids",
    key="ear_veraison_key_attestation",
)
_VERAISON_NAMES: Final = EarNames(
    status="ear.status",
    vector="ear.trustworthiness-vector",
    verifier="ear.verifier-id",
    policies="ear.appraisal-policy-id",
    key="ear.veraison.key-attestation",
)
EAR_NAMES: Final[Mapping[str, EarNames]] = MappingProxyType(
    {EAR_PROFILE: IETF_NAMES, _PROFILE_BEFORE: IETF_NAMES, _VERAISON_PROFILE: _VERAISON_NAMES}
)
"""The profiles that are read."""
