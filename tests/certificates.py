"""Certificates and CRLs for tests, by the library's builder, and ones that no builder makes. The keys are worthless."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from counterfoil.cose.x509_path.der import one_element
from tests.builders import START

DAY = 86_400
AT = START
"""When paths are judged unless a test says otherwise."""

NOT_BEFORE, NOT_AFTER = AT - 10 * DAY, AT + 10 * DAY

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
LeafKey: TypeAlias = PrivateKey | mldsa.MLDSA44PrivateKey
Hash: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
Padding: TypeAlias = padding.PSS | padding.PKCS1v15
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
CA_USAGE, LEAF_USAGE = ("key_cert_sign", "crl_sign"), ("digital_signature",)

_counter: Iterator[int] = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Entity:
    """A certificate with the private key it is about, so that it can issue others."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True)
class Says:
    """What a certificate says. ``usage`` and ``ca`` are left out of it where they are None."""

    ca: bool | None = False
    path_length: int | None = None
    usage: tuple[str, ...] | None = LEAF_USAGE
    not_before: int = NOT_BEFORE
    not_after: int = NOT_AFTER
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()
    hashed: Hash = field(default_factory=hashes.SHA256)
    padded: Padding | None = None
    issuer: x509.Name | None = None


def new_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(next(_counter), curve or ec.SECP256R1())


@lru_cache
def rsa_key(bits: int = 2048, which: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def when(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)]) if common else x509.Name([])


def key_usage(names: Sequence[str]) -> x509.KeyUsage:
    flags = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    ca_flags = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{flag: flag in names for flag in (*flags, *ca_flags)})


def built(subject: x509.Name, key: LeafKey, signer: PrivateKey, issuer: x509.Name, says: Says) -> x509.Certificate:
    material = key.public_key()
    builder = x509.CertificateBuilder(
        issuer, subject, material, next(_counter), when(says.not_before), when(says.not_after)
    )
    extensions = list(says.extensions)
    if says.ca is not None:
        extensions.append((x509.BasicConstraints(ca=says.ca, path_length=says.path_length), True))
    if says.usage is not None:
        extensions.append((key_usage(says.usage), True))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    hashed = None if isinstance(signer, ed25519.Ed25519PrivateKey) else says.hashed
    return builder.sign(signer, hashed, rsa_padding=says.padded)


def root(name: str = "root", says: Says | None = None, key: PrivateKey | None = None) -> Entity:
    """A self-signed CA."""
    own, said = key or new_key(), says or Says(ca=True, usage=CA_USAGE)
    return Entity(own, built(named(name), own, own, said.issuer or named(name), said))


def issued(issuer: Entity, name: str, says: Says | None = None, key: PrivateKey | None = None) -> Entity:
    """A certificate of ``issuer``."""
    own, said = key or new_key(), says or Says()
    signed_by = said.issuer or issuer.certificate.subject
    return Entity(own, built(named(name), own, issuer.key, signed_by, said))


def authority(issuer: Entity, name: str, says: Says | None = None, key: PrivateKey | None = None) -> Entity:
    """A CA below ``issuer``."""
    return issued(issuer, name, says or Says(ca=True, usage=CA_USAGE), key)


@dataclass(frozen=True, slots=True)
class Pki:
    """A root, a CA below it, and a leaf."""

    root: Entity
    ca: Entity
    leaf: Entity

    @property
    def chain(self) -> list[bytes]:
        return [self.leaf.der, self.ca.der]

    @property
    def roots(self) -> list[bytes]:
        return [self.root.der]


def pki(leaf: Says | None = None, ca: Says | None = None, above: Says | None = None) -> Pki:
    top = root("root", above)
    middle = authority(top, "ca", ca)
    return Pki(top, middle, issued(middle, "leaf", leaf))


def tlv(tag: int, content: bytes) -> bytes:
    """An element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def signed_der(tbs: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return tlv(0x30, tbs + algorithm + tlv(0x03, b"\x00" + signature))


def resigned(tbs: bytes, key: PrivateKey) -> bytes:
    """A certificate of what no builder makes: ``tbs`` under a signature that holds."""
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return signed_der(tbs, ECDSA_WITH_SHA256, key.sign(tbs, ec.ECDSA(hashes.SHA256())))


def edited(certificate: x509.Certificate, old: bytes, new: bytes) -> bytes:
    """What is signed of a certificate with one of its members, or a stretch within one, replaced.

    Only the outermost length is written anew, so a stretch within a member is replaced by one of the same length.
    """
    tbs = certificate.tbs_certificate_bytes
    assert tbs.count(old) == 1
    return tlv(0x30, one_element(tbs).content.replace(old, new))


def crl(
    issuer: Entity,
    revoked: Mapping[int, int] | None = None,
    *,
    this_update: int = AT - DAY,
    next_update: int = AT + DAY,
    key: PrivateKey | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A CRL of ``issuer``; ``revoked`` says which serial numbers since when."""
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, when(this_update), when(next_update))
    for serial, since in (revoked or {}).items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when(since)).build()
        builder = builder.add_revoked_certificate(entry)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = key or issuer.key
    hashed = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, hashed).public_bytes(serialization.Encoding.DER)
