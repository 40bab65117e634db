"""A signed endorsement of a launch measurement, as Microsoft gives one for confidential containers."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.attestation.certificate_paths.remembered import Remembered, Verified, is_only_path
from counterfoil.attestation.claims import Endorsed
from counterfoil.cose import labels
from counterfoil.cose.certificates import certificate_digest
from counterfoil.cose.sign1 import Sign1, verify_sign1
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES, validate_path
from counterfoil.encoding.cbor import CborValue, Limits, Tagged, decode
from counterfoil.encoding.jcs import parse_json
from counterfoil.errors import (
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    MalformedEvidenceError,
    RootUnknownError,
    SignatureInvalidError,
)
from counterfoil.statement.did_x509 import DidX509, parse_did_x509

MAX_ENDORSEMENT_BYTES: Final = 32 * 1024
"""Those of this field take 11 KB, half of it a time stamp that is not looked at."""

_MAX_PAYLOAD_BYTES: Final = 4096
_MAX_FEED_CHARACTERS: Final = 255
_MAX_SVN: Final = 2**32 - 1
_ISSUER: Final = "iss"
_FEED: Final = "feed"
_MEASUREMENT: Final = "x-ms-sevsnpvm-launchmeasurement"
_SVN: Final = "x-ms-sevsnpvm-guestsvn"
_SVN_AS_NUMBER: Final = "x-ms-sevsnpvm-guestsvn-int"
_TAGS: Final = frozenset({labels.TAG_SIGN1, labels.TAG_EPOCH})


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A launch measurement, who endorses it, and when the certificates that say so hold, both ends included."""

    measurement: bytes
    endorsed: Endorsed
    holds_from: int
    holds_until: int


def verify_endorsement(data: bytes, measurement: bytes, at: int) -> Endorsement:
    """The endorsement of a launch measurement, once its signature and certificates hold at the time ``at``.

    Its issuer is a did:x509, which names the CA that its certificates have to lead to: whether that issuer is trusted,
    for which feed and from which version on, is for whoever reads the claims.

    Raises:
        MalformedError: It is no COSE_Sign1 of that form, or too large for one.
        EvidenceMismatchError: It is of another measurement.
        EvidenceCertificateError: Its certificates are not those of its issuer.
        EvidenceSignatureError: The signature does not hold.
        UnverifiedError: No path to the CA of its issuer holds.

    RFC 9052, section 4.2; RFC 9360, section 2; did:x509, version 0.
    """
    if len(data) > MAX_ENDORSEMENT_BYTES:
        raise EvidenceTooLargeError(f"an endorsement of {len(data)} bytes where {MAX_ENDORSEMENT_BYTES} are read")
    endorsement = REMEMBERED.find(sha256(data).digest(), at, lambda: _verify(data, at))
    if endorsement.measurement != measurement:
        raise EvidenceMismatchError("the endorsement is of another launch measurement")
    return endorsement


REMEMBERED: Final = Remembered[Endorsement]()
"""The endorsements that were judged lately: all containers of one version have the same."""


def _verify(data: bytes, at: int) -> Verified[Endorsement]:
    message = _message(data)
    issuer, feed = message.protected.get(_ISSUER), message.protected.get(_FEED)
    if not isinstance(issuer, str) or not isinstance(feed, str) or not 1 <= len(feed) <= _MAX_FEED_CHARACTERS:
        raise MalformedEvidenceError("an endorsement names its issuer and its feed")
    chain = _chain(message.protected)
    path = _path(chain, parse_did_x509(issuer), at)
    try:
        verify_sign1(message, path.leaf_key)
    except SignatureInvalidError as error:
        raise EvidenceSignatureError("the signature of the endorsement does not hold") from error
    measurement, svn = _said(message.payload or b"")
    found = Endorsement(measurement, Endorsed(issuer, feed, svn), path.holds_from, path.holds_until)
    return Verified(found, is_only=is_only_path(path.certificates, chain))


def _message(data: bytes) -> Sign1:
    # Its protected header has a date in a place where statements have none, so it is read here.
    envelope = decode(data, Limits(MAX_ENDORSEMENT_BYTES), allow_tags=_TAGS)
    match envelope.value if isinstance(envelope, Tagged) and envelope.number == labels.TAG_SIGN1 else None:
        case (bytes(protected), dict(unprotected), bytes(payload), bytes(signature)):
            header = decode(protected, Limits(MAX_ENDORSEMENT_BYTES), allow_tags=_TAGS)
        case _:
            raise MalformedEvidenceError("an endorsement is a COSE_Sign1 with its payload")
    if not isinstance(header, Mapping):
        raise MalformedEvidenceError("the protected header of an endorsement is no map")
    return Sign1(protected, header, unprotected, payload, signature)


def _path(chain: tuple[bytes, ...], did: DidX509, at: int) -> VerifiedPath:
    algorithm, digest = did.authority
    roots = [der for der in chain[1:] if certificate_digest(der, algorithm) == digest]
    if not roots:
        raise RootUnknownError("the certificates of the endorsement do not hold the CA that its issuer names")
    usages = sorted(did.extended_key_usages)
    wanted: list[str | None] = [*usages] or [None]
    purposes = [PathPurpose(extended_key_usage=usage, crl_may_be_missing=True) for usage in wanted]
    paths = [validate_path(chain, roots, at, purpose=purpose) for purpose in purposes]
    if not did.holds_of([parse_certificate(der) for der in paths[0].certificates]):
        raise EvidenceCertificateError("the certificate of the endorsement is not what its issuer, a did:x509, says")
    return paths[0]


def _chain(header: Mapping[int | str, CborValue]) -> tuple[bytes, ...]:
    found = header.get(labels.X5CHAIN)
    certificates = found if isinstance(found, tuple) else ()
    chain = tuple(item for item in certificates if isinstance(item, bytes))
    if len(chain) != len(certificates) or not 1 < len(chain) <= MAX_CERTIFICATES:
        raise MalformedEvidenceError(f"an endorsement has 2 to {MAX_CERTIFICATES} certificates in its protected header")
    match header.get(labels.X5T):
        case None:
            return chain
        case (int(algorithm), bytes(digest)) if certificate_digest(chain[0], algorithm) == digest:
            return chain
        case _:
            raise EvidenceCertificateError("x5t (34) names another certificate than the first of the endorsement's")


def _said(payload: bytes) -> tuple[bytes, int]:
    """The measurement that is endorsed, and its security version."""
    said = parse_json(payload, max_bytes=_MAX_PAYLOAD_BYTES)
    members = said if isinstance(said, Mapping) else {}
    measurement, svn = members.get(_MEASUREMENT), members.get(_SVN)
    if not isinstance(measurement, str) or not isinstance(svn, str):
        raise MalformedEvidenceError(f"the payload of an endorsement has {_MEASUREMENT} and {_SVN}")
    if not (svn.isascii() and svn.isdecimal() and int(svn) <= _MAX_SVN):
        raise MalformedEvidenceError("the security version of an endorsement is no number of four bytes")
    if members.get(_SVN_AS_NUMBER, int(svn)) != int(svn):
        raise MalformedEvidenceError("the payload of an endorsement names two security versions")
    return _digest(measurement), int(svn)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise MalformedEvidenceError("the measurement of an endorsement is not in hexadecimal") from error
