"""A certificate taken apart once: the bytes that are compared, and the extensions that a path is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from counterfoil.cose.certificates import load_certificate
from counterfoil.cose.x509_path.der import Element, one_element
from counterfoil.errors import MalformedCertificateError, PathInvalidError, TooLargeError

MAX_CERTIFICATE_BYTES: Final = 64 * 1024
"""The certificates of this field take 0.5 to 2 KB; an ML-DSA key and a signature of SLH-DSA would fit as well."""

MAX_REMEMBERED: Final = 64
"""The CAs of a log and its vendors are asked for with each chain; what was read of 64 certificates is little."""

EMPTY_NAME: Final = b"\x30\x00"
FULCIO_ISSUER: Final = "1.3.6.1.4.1.57264.1.1"
"""The extension in which Fulcio names who vouched for the subject, as text without any DER around it."""

_VERSION: Final = 0xA0
_BIT_STRING: Final = 0x03
_EXTENSIONS: Final = 0xA3
_NAME_CONSTRAINTS: Final = bytes.fromhex("0603551d1e")

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as a path needs it; names, keys and algorithms are the DER bytes that stand in it.

    ``critical`` holds the object identifiers of its critical extensions, ``unrecognised`` the values of those by object
    identifier that the library reads none of; times are whole seconds since 1970.
    """

    der: bytes
    tbs: bytes
    signature_algorithm: bytes
    signature: bytes
    version: x509.Version
    serial: int
    issuer: bytes
    subject: bytes
    spki: bytes
    not_before: int
    not_after: int
    critical: frozenset[str]
    basic_constraints: x509.BasicConstraints | None
    key_usage: x509.KeyUsage | None
    extended_key_usage: x509.ExtendedKeyUsage | None
    alternative_names: x509.SubjectAlternativeName | None
    name_constraints: x509.NameConstraints | None
    policies: x509.CertificatePolicies | None
    subject_key_identifier: bytes | None
    authority_key_identifier: bytes | None
    unrecognised: Mapping[str, bytes]

    @property
    def fulcio_issuer(self) -> bytes | None:
        """Who vouched for the subject, as Fulcio says it."""
        return self.unrecognised.get(FULCIO_ISSUER)

    @property
    def subject_name(self) -> x509.Name:
        """The subject, attribute by attribute; made each time, since few ask for it."""
        return load_certificate(self.der).subject

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same name (RFC 5280, section 3.2)."""
        return self.issuer == self.subject

    def is_same_entity(self, other: "Certificate") -> bool:
        """Whether both certify one key for one name."""
        return self.spki == other.spki and self.subject == other.subject

    def as_bare_key(self) -> "Certificate":
        """The same without the extensions that bind what is below it; its dates are for the caller to leave out."""
        return replace(self, key_usage=None, extended_key_usage=None, name_constraints=None)


@lru_cache(maxsize=MAX_REMEMBERED)
def parse_certificate(der: bytes) -> Certificate:
    """Read a certificate from its DER.

    Raises:
        TooLargeError: it is longer than ``MAX_CERTIFICATE_BYTES``.
        MalformedCertificateError: not a certificate, bytes after it, an extension twice or one that cannot be read,
            or two statements of its signature algorithm that differ.
        PathInvalidError: a name of a form that is not supported, or name constraints with a minimum or a maximum.

    RFC 5280, section 4.1.
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise TooLargeError(f"a certificate is longer than {MAX_CERTIFICATE_BYTES} bytes")
    try:
        loaded = load_certificate(der)
        return _taken_apart(der, loaded)
    except x509.DuplicateExtension as exc:
        raise MalformedCertificateError("a certificate holds an extension twice") from exc
    except x509.UnsupportedGeneralNameType as exc:
        raise PathInvalidError("a certificate holds a name of a form that is not supported") from exc
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm) as exc:
        raise MalformedCertificateError("not an X.509 certificate in DER") from exc


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed of a certificate or CRL, its members after the version, and the signature and its algorithm."""

    tbs: bytes
    members: tuple[Element, ...]
    algorithm: bytes
    signature: bytes


def parse_signed(der: bytes, version: int, place: int) -> Signed:
    """Read the frame that a certificate and a CRL have in common; ``version`` is the tag of what may stand first.

    ``place`` is that of the algorithm among the members.

    Raises:
        MalformedCertificateError: no such frame, a signature that is not of whole bytes, or two algorithms.

    RFC 5280, sections 4.1.1 and 5.1.1.
    """
    outer = one_element(der).elements()
    if len(outer) != len(("tbs", "algorithm", "signature")):
        raise MalformedCertificateError("not a signed structure of X.509")
    tbs, algorithm, signature = outer
    members = tbs.elements()
    members = members[1:] if members and members[0].tag == version else members
    if signature.tag != _BIT_STRING or signature.content[:1] != b"\x00":
        raise MalformedCertificateError("a signature is not of whole bytes")
    if members[place : place + 1] != (algorithm,):
        raise MalformedCertificateError("a certificate or CRL names two signature algorithms")
    return Signed(tbs.encoded, members, algorithm.encoded, signature.content[1:])


def _taken_apart(der: bytes, loaded: x509.Certificate) -> Certificate:
    signed = parse_signed(der, _VERSION, 1)
    serial, _, issuer, _, subject, spki, *rest = signed.members
    found = {type(extension.value): extension.value for extension in loaded.extensions}
    if x509.NameConstraints in found:
        _require_plain_subtrees(rest)
    subject_key, authority_key = _of(x509.SubjectKeyIdentifier, found), _of(x509.AuthorityKeyIdentifier, found)
    return Certificate(
        der=der,
        tbs=signed.tbs,
        signature_algorithm=signed.algorithm,
        signature=signed.signature,
        version=loaded.version,
        serial=int.from_bytes(serial.content, "big", signed=True),
        issuer=issuer.encoded,
        subject=subject.encoded,
        spki=spki.encoded,
        not_before=int(loaded.not_valid_before_utc.timestamp()),
        not_after=int(loaded.not_valid_after_utc.timestamp()),
        critical=frozenset(extension.oid.dotted_string for extension in loaded.extensions if extension.critical),
        basic_constraints=_of(x509.BasicConstraints, found),
        key_usage=_of(x509.KeyUsage, found),
        extended_key_usage=_of(x509.ExtendedKeyUsage, found),
        alternative_names=_of(x509.SubjectAlternativeName, found),
        name_constraints=_of(x509.NameConstraints, found),
        policies=_of(x509.CertificatePolicies, found),
        subject_key_identifier=None if subject_key is None else subject_key.digest,
        authority_key_identifier=None if authority_key is None else authority_key.key_identifier,
        unrecognised=_unrecognised(loaded.extensions),
    )


def _of(kind: type[_Extension], found: Mapping[type[x509.ExtensionType], x509.ExtensionType]) -> _Extension | None:
    value = found.get(kind)
    return value if value is not None and isinstance(value, kind) else None


def _unrecognised(extensions: x509.Extensions) -> Mapping[str, bytes]:
    held = ((one.oid, one.value) for one in extensions)
    unread = {oid.dotted_string: value.value for oid, value in held if type(value) is x509.UnrecognizedExtension}
    return MappingProxyType(unread)


def _require_plain_subtrees(rest: list[Element]) -> None:
    """Refuse name constraints with a minimum or a maximum, which the library reads over (RFC 5280, 4.2.1.10)."""
    for tagged in rest:
        if tagged.tag != _EXTENSIONS:
            continue
        for extension in one_element(tagged.content).elements():
            name, *_, value = extension.elements()
            if name.encoded != _NAME_CONSTRAINTS:
                continue
            for subtrees in one_element(value.content).elements():
                if any(len(subtree.elements()) != 1 for subtree in subtrees.elements()):
                    raise PathInvalidError("name constraints with a minimum or a maximum are not supported")
