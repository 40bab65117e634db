"""did:x509: a CA by its fingerprint, and what has to hold of a certificate below it (did:x509, version 0)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from cryptography import x509

from counterfoil.cose import labels
from counterfoil.cose.certificates import certificate_digest
from counterfoil.cose.x509_path.certificate import FULCIO_ISSUER, Certificate
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.errors import CounterfoilError, MalformedDidError
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS

DID_X509: Final = "did:x509:"
MAX_PREDICATES: Final = 32
"""More than a certificate has names and usages that anybody pins."""

_FINGERPRINTS: Final = {"sha256": (labels.SHA256, 32), "sha384": (labels.SHA384, 48), "sha512": (labels.SHA512, 64)}
_LABELS: Final = {
    "CN": "2.5.4.3",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "C": "2.5.4.6",
    "STREET": "2.5.4.9",
}
_OID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_VALUE: Final = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_NAME_KINDS: Final[dict[str, type[x509.GeneralName]]] = {
    "email": x509.RFC822Name,
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
}

Fingerprint: TypeAlias = tuple[int, bytes]
"""A hash algorithm by its number in COSE, and the digest of a certificate, as in x5t (RFC 9360)."""


class Predicate(Protocol):
    """One thing that a did:x509 says of a leaf certificate."""

    def holds(self, leaf: Certificate) -> bool:
        """Whether it is so."""
        ...


@dataclass(frozen=True, slots=True)
class SubjectPredicate:
    """Attributes that the subject has, each once, by object identifier and value."""

    attributes: tuple[tuple[str, str], ...]

    def holds(self, leaf: Certificate) -> bool:
        """Whether it is so; values are compared as they are, and an attribute that is there twice is no match."""
        there: dict[str, list[str | bytes]] = {}
        for attribute in leaf.subject_name:
            there.setdefault(attribute.oid.dotted_string, []).append(attribute.value)
        return all(there.get(name) == [value] for name, value in self.attributes)


@dataclass(frozen=True, slots=True)
class SanPredicate:
    """A subject alternative name of a kind."""

    kind: str
    value: str

    def holds(self, leaf: Certificate) -> bool:
        """Whether it is so; the name is compared as it is."""
        kind = _NAME_KINDS[self.kind]
        return any(type(name) is kind and name.value == self.value for name in leaf.alternative_names or ())


@dataclass(frozen=True, slots=True)
class EkuPredicate:
    """An extended key usage by its object identifier."""

    usage: str

    def holds(self, leaf: Certificate) -> bool:
        """Whether it is so."""
        return any(usage.dotted_string == self.usage for usage in leaf.extended_key_usage or ())


@dataclass(frozen=True, slots=True)
class FulcioIssuerPredicate:
    """The identity provider that Fulcio names in a certificate of its own, an https URL."""

    url: str

    def holds(self, leaf: Certificate) -> bool:
        """Whether it is so; the extension must not be critical."""
        return leaf.fulcio_issuer == self.url.encode() and FULCIO_ISSUER not in leaf.critical


@dataclass(frozen=True, slots=True)
class DidX509:
    """A did:x509 taken apart. ``authority`` is the fingerprint of a CA above the leaf."""

    authority: Fingerprint
    predicates: tuple[Predicate, ...]

    @property
    def extended_key_usages(self) -> frozenset[str]:
        """The extended key usages that it asks for."""
        return frozenset(one.usage for one in self.predicates if isinstance(one, EkuPredicate))

    def holds_of(self, path: Sequence[Certificate]) -> bool:
        """Whether all that it says holds of a path, leaf first; that the path itself holds is not asked here.

        did:x509, sections "Predicate validation model" and what follows it.
        """
        leaf, *above = path
        algorithm, digest = self.authority
        if not all(predicate.holds(leaf) for predicate in self.predicates):
            return False
        return any(certificate_digest(authority.der, algorithm) == digest for authority in above)


def is_did_x509(text: str) -> bool:
    """Whether a text claims to be a did:x509."""
    return text.startswith(DID_X509)


def parse_did_x509(text: str) -> DidX509:
    """Read a did:x509 of version 0. It has no path, no query and no fragment.

    Raises:
        MalformedDidError: It is none.

    did:x509, section "DID Syntax" and what follows it.
    """
    if not is_did_x509(text) or len(text) > MAX_ISSUER_CHARACTERS:
        raise MalformedDidError("not a did:x509 identifier")
    begin, *stated = text.removeprefix(DID_X509).split("::")
    match begin.split(":"):
        case ["0", algorithm, fingerprint] if algorithm in _FINGERPRINTS:
            authority = _authority(algorithm, fingerprint)
        case _:
            raise MalformedDidError("a did:x509 begins with version 0, a hash and the fingerprint of a CA")
    if not 1 <= len(stated) <= MAX_PREDICATES:
        raise MalformedDidError(f"a did:x509 of 1 to {MAX_PREDICATES} predicates is expected")
    return DidX509(authority, tuple(map(_predicate, stated)))


def _authority(algorithm: str, fingerprint: str) -> Fingerprint:
    number, size = _FINGERPRINTS[algorithm]
    try:
        digest = decode_base64url(fingerprint)
    except CounterfoilError as exc:
        raise MalformedDidError("the fingerprint in a did:x509 is not in base64url") from exc
    if len(digest) != size:
        raise MalformedDidError(f"the fingerprint in a did:x509 is no {algorithm}")
    return number, digest


def _predicate(text: str) -> Predicate:
    name, *items = text.split(":")
    read = _PREDICATES.get(name)
    if read is None:
        raise MalformedDidError("a did:x509 has a predicate that is none of subject, san, eku and fulcio-issuer")
    return read(items)


def _subject(items: list[str]) -> Predicate:
    names, values = items[::2], items[1::2]
    attributes = tuple((_attribute(name), _decoded(value)) for name, value in zip(names, values, strict=False))
    if len(names) != len(values) or not attributes or len(dict(attributes)) != len(attributes):
        raise MalformedDidError("the subject in a did:x509 is not of pairs of key and value, no key twice")
    return SubjectPredicate(attributes)


def _attribute(key: str) -> str:
    if key in _LABELS:
        return _LABELS[key]
    if not _OID.fullmatch(key) or key in _LABELS.values():
        raise MalformedDidError(f"a key of the subject in a did:x509 is none of {', '.join(_LABELS)}, nor another OID")
    return key


def _san(items: list[str]) -> Predicate:
    match items:
        case [kind, value] if kind in _NAME_KINDS:
            return SanPredicate(kind, _decoded(value))
        case _:
            raise MalformedDidError("the san in a did:x509 is not one of email, dns or uri with its value")


def _eku(items: list[str]) -> Predicate:
    match items:
        case [usage] if _OID.fullmatch(usage):
            return EkuPredicate(usage)
        case _:
            raise MalformedDidError("the eku in a did:x509 is no object identifier")


def _fulcio_issuer(items: list[str]) -> Predicate:
    match items:
        case [issuer]:
            return FulcioIssuerPredicate(f"https://{_decoded(issuer)}")
        case _:
            raise MalformedDidError("the fulcio-issuer in a did:x509 is not one value")


_PREDICATES: Final[dict[str, Callable[[list[str]], Predicate]]] = {
    "subject": _subject,
    "san": _san,
    "eku": _eku,
    "fulcio-issuer": _fulcio_issuer,
}


def _decoded(value: str) -> str:
    """A value with its percent-encoding undone (RFC 3986, section 2.1)."""
    if not _VALUE.fullmatch(value):
        raise MalformedDidError("a value in a did:x509 holds what has to be percent-encoded")
    octets = _ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), value.encode())
    try:
        return octets.decode()
    except UnicodeDecodeError as exc:
        raise MalformedDidError("a value in a did:x509 is not in UTF-8") from exc
