"""What RFC 5280 asks of the certificates of a path whose signatures hold (section 6.1.3 to 6.1.5)."""

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from counterfoil.cose.x509_path.certificate import EMPTY_NAME, Certificate
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.errors import CertificateOutOfDateError, PathInvalidError

_POLICIES: Final = ExtensionOID.CERTIFICATE_POLICIES.dotted_string
_EXTENDED_KEY_USAGE: Final = ExtensionOID.EXTENDED_KEY_USAGE.dotted_string
_ANY_USAGE: Final = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string

_UNDERSTOOD: Final = frozenset(
    extension.dotted_string
    for extension in (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    )
)
"""The extensions that may be critical, since a path is judged by them."""


def require_certificates(path: Sequence[Certificate], at: int, purpose: PathPurpose) -> None:
    """Return when each certificate of ``path``, leaf first, is good for its place in it at the time ``at``.

    Raises:
        CertificateOutOfDateError: one is not valid yet, or no longer.
        PathInvalidError: one is not good for its place.

    RFC 5280, sections 6.1.3 (a)(2), 6.1.4 (k) to (o) and 6.1.5.
    """
    for place, certificate in enumerate(dated_certificates(path, purpose)):
        _require_readable(certificate, purpose)
        _require_in_date(certificate, place, at)
        if place > 0:
            _require_authority(certificate)
            _require_path_length(path, place)
            _require_nested_usage(certificate, purpose)
    if any(certificate.issuer == EMPTY_NAME for certificate in path[:-1]):
        raise PathInvalidError("a certificate names no issuer")
    _require_leaf(path[0], purpose)


def dated_certificates(path: Sequence[Certificate], purpose: PathPurpose) -> Sequence[Certificate]:
    """The certificates of a path whose dates and extensions count: all, but for a root that is taken as a bare key."""
    return path[:-1] if purpose.anchors_are_bare_keys and len(path) > 1 else path


def _require_readable(certificate: Certificate, purpose: PathPurpose) -> None:
    if certificate.version is not x509.Version.v3:
        raise PathInvalidError("a certificate is not of version 3")
    if not certificate.critical <= _UNDERSTOOD:
        unknown = min(certificate.critical - _UNDERSTOOD)
        raise PathInvalidError(f"a critical extension is not supported: {unknown[:64]}")
    if _POLICIES in certificate.critical and any(item.policy_qualifiers for item in certificate.policies or ()):
        raise PathInvalidError("critical certificate policies with qualifiers are not supported")
    if _EXTENDED_KEY_USAGE in certificate.critical and purpose.extended_key_usage is None:
        raise PathInvalidError("a critical extended key usage, and the purpose asks for none")


def _require_in_date(certificate: Certificate, place: int, at: int) -> None:
    if at < certificate.not_before:
        raise CertificateOutOfDateError(f"certificate {place} of the path is not valid before {certificate.not_before}")
    if at > certificate.not_after:
        raise CertificateOutOfDateError(f"certificate {place} of the path is not valid after {certificate.not_after}")


def _require_authority(certificate: Certificate) -> None:
    if certificate.basic_constraints is None or not certificate.basic_constraints.ca:
        raise PathInvalidError("a certificate was issued by one that is not a CA's")
    if certificate.key_usage is not None and not certificate.key_usage.key_cert_sign:
        raise PathInvalidError("a certificate was issued with a key that may not sign certificates")


def _require_path_length(path: Sequence[Certificate], place: int) -> None:
    constraints = path[place].basic_constraints
    length = constraints.path_length if constraints is not None else None
    if length is not None and sum(not between.is_self_issued for between in path[1:place]) > length:
        raise PathInvalidError(f"more CAs than the {length} that a CA admits below itself")


def _require_nested_usage(certificate: Certificate, purpose: PathPurpose) -> None:
    named = _usages(certificate)
    wanted = purpose.extended_key_usage
    if wanted is not None and named is not None and not named & {wanted, _ANY_USAGE}:
        raise PathInvalidError("a CA's extended key usages leave out the one that is asked for")


def _require_leaf(leaf: Certificate, purpose: PathPurpose) -> None:
    if leaf.basic_constraints is not None and leaf.basic_constraints.ca and not purpose.leaf_may_be_ca:
        raise PathInvalidError("the first certificate is a CA's, and the purpose asks for a leaf")
    _require_leaf_usage(leaf.key_usage, purpose)
    if leaf.subject == EMPTY_NAME and not leaf.alternative_names:
        raise PathInvalidError("the leaf names no subject")
    if purpose.extended_key_usage is None:
        return
    named = _usages(leaf)
    if named is None and not purpose.extended_key_usage_may_be_absent:
        raise PathInvalidError("the leaf names no extended key usage")
    if named is not None and purpose.extended_key_usage not in named:
        raise PathInvalidError("the leaf's extended key usages leave out the one that is asked for")


def _require_leaf_usage(usage: x509.KeyUsage | None, purpose: PathPurpose) -> None:
    if usage is None:
        return
    if purpose.leaf_signs_crls and not usage.crl_sign:
        raise PathInvalidError("the leaf's key may not sign CRLs")
    if not purpose.leaf_signs_crls and not (usage.digital_signature or usage.content_commitment):
        raise PathInvalidError("the leaf's key may not sign")


def _usages(certificate: Certificate) -> frozenset[str] | None:
    extension = certificate.extended_key_usage
    return None if extension is None else frozenset(usage.dotted_string for usage in extension)
