"""Which names lie within which subtree (RFC 5280, section 4.2.1.10).

A name or subtree that cannot be read without a doubt is refused, rather than taken to lie outside.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from cryptography import x509

from counterfoil.cose.x509_path.certificate import EMPTY_NAME, Certificate
from counterfoil.errors import PathInvalidError

Form: TypeAlias = type[x509.GeneralName]
Named: TypeAlias = tuple[Form, object]
"""A name by its form, with the value that the library gives it."""

_EMAIL_ADDRESS: Final = x509.NameOID.EMAIL_ADDRESS
_MAX_HOST: Final = 253
_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
"""Labels of letters, digits, hyphens and underscores; the last begins with no digit, so no address passes for one."""

_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#@:\\\s\[\]%]+)(?::[0-9]*)?(?:[/?#].*)?", re.IGNORECASE)
"""A scheme, a host and a port. Who reads a user before the host may read that for the host, as OpenSSL does."""

_EMAIL: Final = re.compile(r"([a-z0-9.!#$%&'*+/=?^_`{|}~-]+)@([^@]+)", re.IGNORECASE)

_UNSEEN: Final = frozenset("\u034f\u180b\u180c\u180d\ufffc") | {chr(selector) for selector in range(0xFE00, 0xFE10)}
"""What RFC 4518, section 2.2, maps to nothing, beside controls and formats: joiners, selectors, the object's place."""

Relative: TypeAlias = tuple[frozenset[tuple[str, object]], ...]
"""The relative names of a directory name, from the root on, each in the form in which two are compared."""


def names_of(certificate: Certificate) -> tuple[Named, ...]:
    """Return every name that constraints above the certificate apply to: its subject's, and the alternative ones.

    RFC 5280, sections 4.2.1.10 and 6.1.3 (b), (c); an address in the subject counts as one everywhere.
    """
    found: list[Named] = [(type(name), name.value) for name in certificate.alternative_names or ()]
    if certificate.subject != EMPTY_NAME:
        found.append((x509.DirectoryName, certificate.subject_name))
    addresses = certificate.subject_name.get_attributes_for_oid(_EMAIL_ADDRESS)
    return (*found, *((x509.RFC822Name, address.value) for address in addresses))


def is_supported(form: Form) -> bool:
    """Whether constraints on names of that form can be applied."""
    return form in _WITHIN


def is_within(name: Named, base: object) -> bool:
    """Whether a name lies within the subtree ``base`` of the name's own form, which must be supported.

    Raises:
        PathInvalidError: either cannot be read.
    """
    form, value = name
    return _WITHIN[form](value, base)


def _dns_within(name: object, base: object) -> bool:
    host = _host(name)
    if base == "":
        return True
    above = _host(base)
    return host == above or host.endswith("." + above)


def _uri_within(name: object, base: object) -> bool:
    found = _URI.fullmatch(_ascii(name))
    if found is None:
        raise PathInvalidError("a URI without a host stands under name constraints")
    return _host_within(_host(found[1]), base)


def _email_within(name: object, base: object) -> bool:
    local, host = _mailbox(name)
    if isinstance(base, str) and "@" in base:
        return (local, host) == _mailbox(base)
    return _host_within(host, base)


def _ip_within(name: object, base: object) -> bool:
    if not isinstance(name, (IPv4Address, IPv6Address)) or not isinstance(base, (IPv4Network, IPv6Network)):
        raise PathInvalidError("an address that is none stands under name constraints, or in them")
    return name in base


def _directory_within(name: object, base: object) -> bool:
    if not isinstance(name, x509.Name) or not isinstance(base, x509.Name):
        raise PathInvalidError("a directory name that is none stands under name constraints, or in them")
    above = _relative(base)
    return _relative(name)[: len(above)] == above


def _host_within(host: str, base: object) -> bool:
    """A base that begins with a dot holds the hosts below it, any other one itself alone."""
    if isinstance(base, str) and base.startswith("."):
        return host.endswith("." + _host(base[1:]))
    return host == _host(base)


def _mailbox(name: object) -> tuple[str, str]:
    found = _EMAIL.fullmatch(_ascii(name))
    if found is None:
        raise PathInvalidError("an e-mail address that is no plain mailbox stands under name constraints, or in them")
    return found[1], _host(found[2])


def _host(value: object) -> str:
    lower = _ascii(value).lower()
    if len(lower) > _MAX_HOST or _HOST.fullmatch(lower) is None:
        raise PathInvalidError("a host name that is none stands under name constraints, or in them")
    return lower


def _ascii(value: object) -> str:
    # Beyond ASCII there are letters that become one of ours in lower case, such as the sign for Kelvin.
    if not isinstance(value, str) or not value.isascii():
        raise PathInvalidError("a name beyond ASCII stands under name constraints, or in them")
    return value


def _relative(name: x509.Name) -> Relative:
    return tuple(frozenset((item.oid.dotted_string, _folded(item.value)) for item in rdn) for rdn in name.rdns)


def _folded(value: str | bytes) -> object:
    """Neither case, nor spaces, nor the kind of string, nor what is not seen tells two values apart.

    RFC 5280, section 7.1; RFC 4518, section 2.
    """
    if isinstance(value, bytes):
        return value
    seen = value if value.isascii() and value.isprintable() else "".join(filter(_is_seen, value))
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def _is_seen(letter: str) -> bool:
    return letter.isspace() or (unicodedata.category(letter) not in {"Cc", "Cf"} and letter not in _UNSEEN)


_WITHIN: Final[Mapping[Form, Callable[[object, object], bool]]] = {
    x509.DNSName: _dns_within,
    x509.IPAddress: _ip_within,
    x509.UniformResourceIdentifier: _uri_within,
    x509.RFC822Name: _email_within,
    x509.DirectoryName: _directory_within,
}
