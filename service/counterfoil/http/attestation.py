"""How well the key of an entry is bound to attested hardware, as it is answered."""

from typing import Literal, TypeAlias

from counterfoil.http.wire import Wire
from counterfoil.statement.attested_words import attested_json
from counterfoil.statement.decision_record import Attested


class UnattestedEntry(Wire):
    """Nothing binds the key of the entry to hardware."""

    grade: Literal["unattested"]


class AttestedEntry(Wire):
    """The evidence of the entry, or of the entry that enrolled its key, was appraised.

    ``grade``: the platform is attested, or the key is bound to it. ``status``: a warning where the policy admits what
    is not as it should be. ``enrolment`` is the number of the entry that enrolled the key, null where the entry carries
    the evidence itself.
    """

    grade: Literal["platform-attested", "key-bound"]
    status: Literal["affirming", "warning"]
    enrolment: int | None


Attestation: TypeAlias = UnattestedEntry | AttestedEntry


def attestation_of(attested: Attested | None) -> Attestation:
    """The answer for what a decision record says."""
    members = attested_json(attested)
    return UnattestedEntry.model_validate(members) if attested is None else AttestedEntry.model_validate(members)
