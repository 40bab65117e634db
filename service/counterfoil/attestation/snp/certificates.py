"""The certificate of the key that signs SNP reports: which chip and firmware it is for, and its path to AMD's root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography import x509

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.collateral import collateral_digest
from counterfoil.attestation.pem_chain import parse_pem_chain
from counterfoil.attestation.snp.report import SigningKey
from counterfoil.attestation.snp.tcb import TURIN, places
from counterfoil.cose.certificates import load_certificate
from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.x509_path.certificate import parse_authority
from counterfoil.cose.x509_path.der import one_element
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import EvidenceCertificateError, MalformedCertificateError, RootUnknownError

MAX_CHAIN: Final = 4
"""VCEK or VLEK, ASK or ASVK, ARK, and one to spare: some bundles carry both intermediates."""

MAX_REMEMBERED: Final = 1024
"""Paths of chips that were judged lately, some kilobytes each."""

_ARC: Final = "1.3.6.1.4.1.3704.1"
_PRODUCT, _CHIP, _PROVIDER = f"{_ARC}.2", f"{_ARC}.4", f"{_ARC}.5"
_LEVELS: Final = {
    "bootloader": f"{_ARC}.3.1", "tee": f"{_ARC}.3.2", "snp": f"{_ARC}.3.3", "microcode": f"{_ARC}.3.8",
    "fmc": f"{_ARC}.3.9",
}  # fmt: skip
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_IA5_STRING: Final = 0x16
_CHIP_SIZES: Final = frozenset({8, 64})
_PURPOSE: Final = PathPurpose(crl_may_be_missing=True)
_MAX_LEVEL: Final = 255
_PRODUCTS: Final = ("Milan", "Genoa", TURIN)


@dataclass(frozen=True, slots=True)
class ChipCertificate:
    """What AMD says of a key in whose certificate's path every signature holds.

    ``chip_id`` is 64 bytes, on Turin 8, and None of a provider's key; ``provider`` is then who has it. The path holds
    from ``holds_from`` to ``holds_until``. ``is_unrevoked``: revocation lists of every CA in it were asked; ``crls``
    are the digests of those that are about one.
    """

    kind: SigningKey
    key: PublicKey
    product: str
    levels: Mapping[str, int]
    chip_id: bytes | None
    provider: str | None
    holds_from: int
    holds_until: int
    is_unrevoked: bool
    crls: frozenset[bytes]


def verify_chip_certificate(bundle: bytes, at: int, anchors: Anchors, crls: Sequence[bytes]) -> ChipCertificate:
    """The certificate that a bundle begins with, once its path to a pinned root holds at the time ``at``.

    ``bundle`` are certificates in PEM: that of the chip or provider first, the CAs in any order. AMD's root may be
    among them or among the anchors' certificates.

    Raises:
        MalformedCertificateError: A certificate, or what AMD says in one, cannot be read.
        EvidenceCertificateError: It is none of a VCEK or VLEK.
        RootUnknownError: No pinned root is there.
        UnverifiedError: No path to it holds, as ``validate_path`` says.

    AMD, Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification, section 3.
    """
    return _REMEMBERED.find(bundle, at, anchors, tuple(crls))


class _Remembered:
    """What was verified lately, each once while it holds. What is remembered changes no answer; for any threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], ChipCertificate] = {}

    def find(self, bundle: bytes, at: int, anchors: Anchors, crls: tuple[bytes, ...]) -> ChipCertificate:
        name = sha256(bundle).digest(), anchors.pins, anchors.certificates, crls
        known = self._known.get(name)
        if known is None or not known.holds_from <= at <= known.holds_until:
            known = _verify(bundle, at, anchors, crls)
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[name] = known
        return known

    def cache_clear(self) -> None:
        """Forget all of it."""
        self._known.clear()


_REMEMBERED: Final = _Remembered()


def _verify(bundle: bytes, at: int, anchors: Anchors, crls: tuple[bytes, ...]) -> ChipCertificate:
    chain = parse_pem_chain(bundle, at_most=MAX_CHAIN)
    roots = anchors.roots_among(chain[1:])
    if not roots:
        raise RootUnknownError("no root that is pinned comes with the certificate of the chip")
    path = validate_path(chain, roots, at, purpose=_PURPOSE, crls=crls)
    said = _Extensions(load_certificate(chain[0]).extensions)
    chip, provider = said.chip_id(), said.text(_PROVIDER)
    if (chip is None) is (provider is None):
        raise EvidenceCertificateError("the certificate is neither one of a chip nor one of a provider")
    product = said.product()
    authorities = {parse_authority(der).subject for der in path.certificates[1:]}
    return ChipCertificate(
        kind=SigningKey.VLEK if chip is None else SigningKey.VCEK,
        key=path.leaf_key,
        product=product,
        levels={name: said.level(oid) for name, oid in _LEVELS.items() if name in places(product)},
        chip_id=chip,
        provider=provider,
        holds_from=path.holds_from,
        holds_until=path.holds_until,
        is_unrevoked=not path.without_crl,
        crls=frozenset(collateral_digest(crl) for crl in crls if parse_crl(crl).issuer in authorities),
    )


class _Extensions:
    """AMD's extensions of one certificate, by their object identifiers."""

    def __init__(self, extensions: x509.Extensions) -> None:
        held = ((one.oid.dotted_string, one.value) for one in extensions)
        self._held = {oid: value.value for oid, value in held if isinstance(value, x509.UnrecognizedExtension)}

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
