"""The certificate of the key that signs SNP reports: which chip and firmware it is for, and its path to AMD's root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.certificate_paths.remembered import Remembered, Verified, is_only_path
from counterfoil.attestation.collateral import collateral_digest
from counterfoil.attestation.snp.report import SigningKey
from counterfoil.attestation.snp.tcb import TURIN, places
from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.x509_path.certificate import Certificate, parse_certificate
from counterfoil.cose.x509_path.der import one_element
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import (
    EvidenceCertificateError,
    EvidenceTooLargeError,
    MalformedCertificateError,
    RootUnknownError,
)

MAX_CHAIN: Final = 4
"""VCEK or VLEK, ASK or ASVK, ARK, and one to spare: some bundles carry both intermediates."""

MAX_BUNDLE_BYTES: Final = 32 * 1024
"""Those of AMD take 6 KB."""

_ARC: Final = "1.3.6.1.4.1.3704.1"
_PRODUCT, _CHIP, _PROVIDER = f"{_ARC}.2", f"{_ARC}.4", f"{_ARC}.5"
_LEVELS: Final = {
    "bootloader": f"{_ARC}.3.1", "tee": f"{_ARC}.3.2", "snp": f"{_ARC}.3.3", "microcode": f"{_ARC}.3.8",
    "fmc": f"{_ARC}.3.9",
}  # fmt: skip
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_COMMON_NAME: Final = bytes.fromhex("0603550403")
_UTF8_STRING: Final = 0x0C
_PRINTABLE_STRING: Final = 0x13
_IA5_STRING: Final = 0x16
_CHIP_SIZES: Final = frozenset({8, 64})
_PURPOSE: Final = PathPurpose(crl_may_be_missing=True)
_MAX_LEVEL: Final = 255
_PRODUCTS: Final = ("Milan", "Genoa", TURIN)


@dataclass(frozen=True, slots=True)
class ChipCertificate:
    """What AMD says of a key in whose certificate's path every signature holds.

    ``chip_id`` is 64 bytes, on Turin 8, and None of a provider's key; ``provider`` is then who has it. The path holds
    from ``holds_from`` to ``holds_until``. ``without_crl`` counts from the leaf, which is 0, and names the certificates
    that no revocation list speaks of; ``crls`` are the digests of those that are of a CA in the path.
    """

    kind: SigningKey
    key: PublicKey
    product: str
    levels: Mapping[str, int]
    chip_id: bytes | None
    provider: str | None
    holds_from: int
    holds_until: int
    without_crl: tuple[int, ...]
    crls: frozenset[bytes]


def verify_chip_certificate(bundle: bytes, at: int, anchors: Anchors, crls: Sequence[bytes]) -> ChipCertificate:
    """The certificate that a bundle begins with, once its path to a pinned root holds at the time ``at``.

    ``bundle`` are certificates in PEM: that of the chip or provider first, the CAs in any order. AMD's root may be
    among them or among the anchors' certificates.

    Raises:
        EvidenceTooLargeError: There are more bytes of them than are read.
        MalformedCertificateError: A certificate, or what AMD says in one, cannot be read.
        EvidenceCertificateError: It is none of a VCEK or VLEK, or its CAs are not those that AMD has for one.
        RootUnknownError: No pinned root is there.
        UnverifiedError: No path to it holds, as ``validate_path`` says.

    AMD, Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification, section 3.
    """
    if len(bundle) > MAX_BUNDLE_BYTES:
        raise EvidenceTooLargeError(f"{len(bundle)} bytes of certificates where {MAX_BUNDLE_BYTES} are read")
    name = sha256(bundle).digest(), anchors.pins, anchors.certificates, tuple(crls)
    return REMEMBERED.find(name, at, lambda: _verify(bundle, at, anchors, crls))


REMEMBERED: Final = Remembered[ChipCertificate]()
"""The paths of chips that were judged lately."""


def _verify(bundle: bytes, at: int, anchors: Anchors, crls: Sequence[bytes]) -> Verified[ChipCertificate]:
    chain = parse_pem_chain(bundle, at_most=MAX_CHAIN)
    roots = anchors.roots_among(chain[1:])
    if not roots:
        raise RootUnknownError("no root that is pinned comes with the certificate of the chip")
    path = validate_path(chain, roots, at, purpose=_PURPOSE, crls=crls)
    certificates = [parse_certificate(der) for der in path.certificates]
    said = _Said(certificates[0].unrecognised)
    chip, provider = said.chip_id(), said.text(_PROVIDER)
    if (chip is None) is (provider is None):
        raise EvidenceCertificateError("the certificate is neither one of a chip nor one of a provider")
    kind, product = SigningKey.VLEK if chip is None else SigningKey.VCEK, said.product()
    _require_names(certificates, kind, product)
    authorities = {one.subject for one in certificates[1:]}
    asked = [crl for crl in crls if parse_crl(crl).issuer in authorities]
    found = ChipCertificate(
        kind=kind,
        key=path.leaf_key,
        product=product,
        levels={name: said.level(oid) for name, oid in _LEVELS.items() if name in places(product)},
        chip_id=chip,
        provider=provider,
        holds_from=path.holds_from,
        holds_until=path.holds_until,
        without_crl=path.without_crl,
        crls=frozenset(collateral_digest(crl) for crl in asked),
    )
    one_list_each = len(asked) == len({parse_crl(crl).issuer for crl in asked})
    return Verified(found, is_only=one_list_each and is_only_path(path.certificates, (*chain, *roots)))


def _require_names(path: Sequence[Certificate], kind: SigningKey, product: str) -> None:
    between = "SEV-" if kind is SigningKey.VCEK else "SEV-VLEK-"
    names = f"SEV-{kind.name}", f"{between}{product}", f"ARK-{product}"
    if len(path) != len(names) or not all(map(_is_called, path, names)):
        raise EvidenceCertificateError(f"the path is not one that AMD has for a {kind.name} of {product}")


def _is_called(certificate: Certificate, name: str) -> bool:
    """Whether that is its one common name, in DER as AMD writes it (RFC 5280, section 4.1.2.4)."""
    texts = (_COMMON_NAME + bytes((tag, len(name))) + name.encode() for tag in (_UTF8_STRING, _PRINTABLE_STRING))
    return certificate.subject.count(_COMMON_NAME) == 1 and any(text in certificate.subject for text in texts)


class _Said:
    """AMD's extensions of one certificate, by their object identifiers."""

    def __init__(self, extensions: Mapping[str, bytes]) -> None:
        self._held = extensions

    def text(self, oid: str) -> str | None:
        """An IA5String; None where there is none."""
        if oid not in self._held:
            return None
        element = one_element(self._held[oid])
        if element.tag != _IA5_STRING or not element.content.isascii():
            raise MalformedCertificateError("what AMD says in a certificate is no text")
        return element.content.decode()

    def product(self) -> str:
        """The product, without its stepping."""
        named = (self.text(_PRODUCT) or "").partition("-")[0]
        if named not in _PRODUCTS:
            raise EvidenceCertificateError("the certificate is of a product that is not known here")
        return named

    def level(self, oid: str) -> int:
        """The version of a part of the firmware."""
        if oid not in self._held:
            raise EvidenceCertificateError("the certificate lacks the version of a part of the firmware")
        element = one_element(self._held[oid])
        level = int.from_bytes(element.content, "big", signed=True)
        if element.tag != _INTEGER or not element.content or not 0 <= level <= _MAX_LEVEL:
            raise MalformedCertificateError("a version of the firmware is no number of one byte")
        return level

    def chip_id(self) -> bytes | None:
        """The identifier of the chip, which stands there as it is or as an OCTET STRING; None where there is none."""
        value = self._held.get(_CHIP)
        if value is None or len(value) in _CHIP_SIZES:
            return value
        element = one_element(value)
        if element.tag != _OCTETS or len(element.content) not in _CHIP_SIZES:
            raise MalformedCertificateError("the identifier of a chip is not of its size")
        return element.content
