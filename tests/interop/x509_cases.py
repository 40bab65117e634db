"""Chains, good ones and ones with a single thing wrong, for us and for others to judge."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import (
    AT,
    CA_USAGE,
    DAY,
    ECDSA_WITH_SHA256,
    Entity,
    PrivateKey,
    Says,
    authority,
    crl,
    edited,
    issued,
    new_key,
    root,
    rsa_key,
    signed_der,
)

PLACES = ("leaf", "second", "first", "root")
WANTED = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True)
class Case:
    """A chain, leaf first, with the roots to trust and the CRLs at hand."""

    name: str
    chain: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    crls: tuple[bytes, ...] = ()


def _names(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")
NETWORK = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
CHANGES: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "no longer valid": {"not_after": AT - DAY},
    "not yet valid": {"not_before": AT + DAY},
    "valid from now on": {"not_before": AT},
    "a CA": {"ca": True},
    "no CA": {"ca": False},
    "no basic constraints": {"ca": None},
    "key usage for certificates": {"usage": CA_USAGE},
    "key usage for signatures": {"usage": ("digital_signature",)},
    "key usage for key agreement": {"usage": ("key_agreement",)},
    "no key usage": {"usage": None},
    "path length 0": {"ca": True, "usage": (*CA_USAGE, "digital_signature"), "path_length": 0},
    "path length 1": {"ca": True, "usage": (*CA_USAGE, "digital_signature"), "path_length": 1},
    "path length 2": {"ca": True, "usage": (*CA_USAGE, "digital_signature"), "path_length": 2},
    "unknown extension": {"extensions": [(UNKNOWN, False)]},
    "critical unknown extension": {"extensions": [(UNKNOWN, True)]},
    "critical policy constraints": {"extensions": [(x509.PolicyConstraints(0, None), True)]},
    "the usage wanted": {"extensions": [(x509.ExtendedKeyUsage([WANTED]), False)]},
    "another usage": {"extensions": [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)]},
    "any usage": {"extensions": [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)]},
    "permits the name": {"extensions": [(x509.NameConstraints([x509.DNSName("example")], None), True)]},
    "permits another": {"extensions": [(x509.NameConstraints([x509.DNSName("other.example")], None), True)]},
    "excludes the name": {"extensions": [(x509.NameConstraints(None, [x509.DNSName("agent.example")]), True)]},
    "excludes another": {"extensions": [(x509.NameConstraints(None, [x509.DNSName("x.agent.example")]), True)]},
    "permits an address": {"extensions": [(x509.NameConstraints([NETWORK], None), True)]},
}


def _says(place: str, changes: dict[str, Any]) -> Says:
    said: dict[str, Any] = {"ca": place != "leaf", "usage": ("digital_signature",) if place == "leaf" else CA_USAGE}
    said |= changes
    if place == "leaf":
        said["extensions"] = [*said.get("extensions", []), (_names("agent.example"), False)]
    return Says(**said)


def _entities(place: str, changes: dict[str, Any]) -> list[Entity]:
    said = {each: _says(each, changes if each == place else {}) for each in PLACES}
    top = root("root", said["root"])
    first = authority(top, "first", said["first"])
    second = authority(first, "second", said["second"])
    return [issued(second, "leaf", said["leaf"]), second, first, top]


def changed() -> Iterator[Case]:
    """Four certificates, one of them with one thing changed."""
    for name, changes in CHANGES.items():
        for place in PLACES:
            leaf, second, first, top = _entities(place, changes)
            yield Case(f"{place}: {name}", (leaf.der, second.der, first.der), (top.der,))


def arranged() -> Iterator[Case]:
    """Good certificates in other places."""
    leaf, second, first, top = (entity.der for entity in _entities("leaf", {}))
    other, impostor = root("other").der, root("root").der
    yield Case("in another order", (leaf, first, second), (top,))
    yield Case("with the root", (leaf, second, first, top), (top,))
    yield Case("with strangers", (leaf, other, second, impostor, first), (top, other))
    yield Case("without the first", (leaf, second), (top,))
    yield Case("without the second", (leaf, first), (top,))
    yield Case("without anything between", (leaf,), (top,))
    yield Case("under another root", (leaf, second, first, top), (other,))
    yield Case("under another root of the name", (leaf, second, first, top), (impostor,))
    yield Case("under an intermediate", (leaf, second), (first,))
    for at in range(3):
        chain = [leaf, second, first]
        chain[at] = chain[at][:-1] + bytes((chain[at][-1] ^ 1,))
        yield Case(f"with a spoiled signature of certificate {at}", tuple(chain), (top,))


def signed_with() -> Iterator[Case]:
    """A root with each kind of key, and its leaf."""
    keys: dict[str, PrivateKey] = {
        "P-384": new_key(ec.SECP384R1()),
        "P-521": new_key(ec.SECP521R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)),
        "RSA": rsa_key(),
        "RSA of 1024 bits": rsa_key(1024),
        "secp256k1": new_key(ec.SECP256K1()),
    }
    for name, key in keys.items():
        top = root("root", key=key)
        yield Case(f"root with {name}", (issued(top, "leaf", _says("leaf", {})).der,), (top.der,))
        fine = root()
        yield Case(f"leaf with {name}", (issued(fine, "leaf", _says("leaf", {}), key).der,), (fine.der,))
    top, hashed = root("root", key=rsa_key()), hashes.SHA384()
    padded = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
    leaf = issued(top, "leaf", _says("leaf", {"padded": padded, "hashed": hashed}))
    yield Case("root with RSASSA-PSS", (leaf.der,), (top.der,))
    fine = root()
    certificate = issued(fine, "leaf", _says("leaf", {})).certificate
    sha1 = bytes.fromhex("300906072a8648ce3d0401")
    tbs = edited(certificate, ECDSA_WITH_SHA256, sha1)
    assert isinstance(fine.key, ec.EllipticCurvePrivateKey)
    signature = fine.key.sign(tbs, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - it is what is to be refused
    yield Case("leaf signed over SHA-1", (signed_der(tbs, sha1, signature),), (fine.der,))


@lru_cache
def plain_cases() -> tuple[Case, ...]:
    return (*changed(), *arranged(), *signed_with())


@lru_cache
def crl_cases() -> tuple[Case, ...]:
    """CRLs of the three CAs of a good chain, one of them with one thing changed."""
    leaf, second, first, top = _entities("leaf", {})
    chain, roots = (leaf.der, second.der, first.der), (top.der,)
    good = {"root": crl(top), "first": crl(first), "second": crl(second)}
    serial = leaf.certificate.serial_number
    changes = {
        "as they should be": good,
        "leaf revoked": good | {"second": crl(second, {serial: AT - DAY})},
        "second revoked": good | {"first": crl(first, {second.certificate.serial_number: AT - DAY})},
        "first revoked": good | {"root": crl(top, {first.certificate.serial_number: AT - DAY})},
        "leaf revoked by another": good | {"first": crl(first, {serial: AT - DAY})},
        "revoked from tomorrow on": good | {"second": crl(second, {serial: AT + DAY})},
        "out of date": good | {"second": crl(second, this_update=AT - 2 * DAY, next_update=AT - DAY)},
        "not yet in date": good | {"first": crl(first, this_update=AT + DAY, next_update=AT + 2 * DAY)},
        "by another key": good | {"second": crl(second, key=new_key())},
        "one missing": {name: der for name, der in good.items() if name != "first"},
        "none": {},
        "a part": good | {"second": crl(second, extensions=[(x509.DeltaCRLIndicator(1), True)])},
        "unknown critical": good | {"second": crl(second, extensions=[(UNKNOWN, True)])},
    }
    return tuple(Case(name, chain, roots, tuple(crls.values())) for name, crls in changes.items())
