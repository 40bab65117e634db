"""Whether a CA has revoked a certificate, by the CRLs at hand (RFC 5280, sections 5 and 6.3, without parts of CRLs)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from counterfoil.cose.x509_path.certificate import Certificate, Signed, parse_signed
from counterfoil.cose.x509_path.signatures import SignatureChecks, authority_key, verify_signed
from counterfoil.errors import (
    CertificateRevokedError,
    MalformedCertificateError,
    MalformedCrlError,
    PathInvalidError,
    RevocationUnknownError,
)

MAX_REMEMBERED: Final = 64
"""A log has no more lists at a time, and asks them for each chain of certificates that somebody sends."""

_INTEGER: Final = 0x02


@dataclass(frozen=True, slots=True)
class Crl:
    """A list of revoked certificates; ``issuer`` is the DER that stands in it.

    ``is_whole`` says that it speaks of all certificates of its issuer, and holds nothing critical that is not known.
    """

    loaded: x509.CertificateRevocationList
    signed: Signed
    issuer: bytes
    this_update: int
    next_update: int | None
    is_whole: bool

    def is_in_date(self, at: int) -> bool:
        """Whether it speaks of the time ``at``; one that names no next update never does."""
        return self.next_update is not None and self.this_update <= at <= self.next_update

    def revokes(self, serial: int, at: int) -> bool:
        """Whether it lists a certificate as revoked, or on hold, at ``at`` or before."""
        entry = self.loaded.get_revoked_certificate_by_serial_number(serial)
        if entry is None or entry.revocation_date_utc.timestamp() <= at:
            return entry is not None
        # The first one is of a time to come; a list may name a certificate again.
        return any(each.serial_number == serial and each.revocation_date_utc.timestamp() <= at for each in self.loaded)

    def first_revocation(self, serial: int) -> int | None:
        """The first time from which it lists a certificate as revoked, or on hold."""
        if self.loaded.get_revoked_certificate_by_serial_number(serial) is None:
            return None
        return min(int(each.revocation_date_utc.timestamp()) for each in self.loaded if each.serial_number == serial)


@dataclass(frozen=True, slots=True)
class Unrevoked:
    """The places of a path of which no CRL speaks, and until and from when the others say what they say now."""

    without_crl: tuple[int, ...]
    holds_from: int | None
    holds_until: int | None


@lru_cache(maxsize=MAX_REMEMBERED)
def parse_crl(der: bytes) -> Crl:
    """Read a CRL from its DER.

    Raises:
        MalformedCrlError: not a CRL.

    RFC 5280, section 5.1.
    """
    try:
        loaded = x509.load_der_x509_crl(der)
        signed = parse_signed(der, _INTEGER, 0)
        _, issuer, *_ = signed.members
        next_update = loaded.next_update_utc
        return Crl(
            loaded=loaded,
            signed=signed,
            issuer=issuer.encoded,
            this_update=int(loaded.last_update_utc.timestamp()),
            next_update=None if next_update is None else int(next_update.timestamp()),
            is_whole=_is_whole(loaded.extensions),
        )
    except (
        ValueError,
        TypeError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
        MalformedCertificateError,
    ) as exc:
        raise MalformedCrlError("not a CRL in DER") from exc


def require_unrevoked(
    path: Sequence[Certificate],
    crls: Sequence[Crl],
    at: int,
    checks: SignatureChecks,
) -> Unrevoked:
    """Return the places in ``path``, leaf first, of which no CRL speaks; the root is not looked for in any.

    A CRL speaks of what the CA issued that signed it, and of nothing when another key signed it under that CA's name.

    Raises:
        CertificateRevokedError: a CRL lists a certificate as revoked at ``at`` or before, even one out of date by then.
        RevocationUnknownError: the CRLs of a CA are all out of date at ``at``, or one is of a kind not supported.
        PathInvalidError: there are more signatures than are checked.
    """
    without, begins, ends = list[int](), list[int](), list[int]()
    for place, (certificate, authority) in enumerate(pairwise(path)):
        speaking = [crl for crl in crls if crl.issuer == certificate.issuer and _is_signed(crl, authority, checks)]
        if not speaking:
            without.append(place)
            continue
        if not all(crl.is_whole for crl in speaking):
            raise RevocationUnknownError(f"a CRL of the CA of certificate {place} is of a kind that is not supported")
        if any(crl.revokes(certificate.serial, at) for crl in speaking):
            raise CertificateRevokedError(f"certificate {place} of the path is revoked by its CA")
        current = max((crl for crl in speaking if crl.is_in_date(at)), key=_next_update, default=None)
        if current is None:
            raise RevocationUnknownError(f"no CRL of the CA of certificate {place} is in date at {at}")
        to_come = (crl.first_revocation(certificate.serial) for crl in speaking)
        begins.append(current.this_update)
        ends += [_next_update(current), *(time - 1 for time in to_come if time is not None)]
    return Unrevoked(tuple(without), max(begins, default=None), min(ends, default=None))


def _next_update(crl: Crl) -> int:
    return crl.this_update if crl.next_update is None else crl.next_update


def _is_signed(crl: Crl, authority: Certificate, checks: SignatureChecks) -> bool:
    if authority.key_usage is not None and not authority.key_usage.crl_sign:
        return False
    checks.spend()
    try:
        key = authority_key(authority.spki)
        verify_signed(crl.signed.algorithm, crl.signed.signature, crl.signed.tbs, key)
    except PathInvalidError:
        return False
    return True


def _is_whole(extensions: x509.Extensions) -> bool:
    """Neither critical extensions, nor a part of a CRL, nor one for several CAs (RFC 5280, sections 5.2.4, 5.2.5)."""
    partial = (x509.IssuingDistributionPoint, x509.DeltaCRLIndicator)
    return not any(extension.critical or isinstance(extension.value, partial) for extension in extensions)
