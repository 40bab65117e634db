"""An enrolment as the statement that the enrolling key signs: its evidence, and the challenge that this answers."""

from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, Carried
from counterfoil.attestation.conveyance.challenge import Challenge
from counterfoil.attestation.evidence import Evidence
from counterfoil.cose import labels
from counterfoil.cose.headers import Header
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.cose.signer import Signer
from counterfoil.encoding.cbor import CborValue
from counterfoil.statement.identity import LogIdentity


def sign_enrolment(
    signer: Signer, issuer: str, challenge: Challenge, evidence: Evidence, *, issued_at: int | None = None
) -> bytes:
    """The enrolment of the signer's key for an issuer, in answer to a challenge, by evidence that binds the key.

    The signature shows that whoever enrols the key holds it. ``issued_at`` is in whole seconds since 1970.
    """
    claims: dict[int | str, CborValue] = {
        labels.CWT_ISS: issuer,
        labels.CWT_SUB: LogIdentity(challenge.origin).enrolment_subject,
    }
    claims |= {} if issued_at is None else {labels.CWT_IAT: issued_at}
    protected: Header = {
        labels.CONTENT_TYPE: ENROLMENT_CONTENT_TYPE,
        labels.KID: signer.public_key.thumbprint,
        labels.CWT_CLAIMS: claims,
    }
    return sign_sign1(signer, protected, Carried(evidence, signer.public_key, challenge.encoded).encode())
