"""A synthetic AMD for tests: chips of each product with their certificates and reports, and who endorses measurements.

The layouts are AMD's (SEV-SNP Firmware ABI, table ATTESTATION_REPORT; VCEK Certificate and KDS Interface Specification,
section 3), but that its CAs sign with ECDSA on P-256, which is quicker. The keys are worthless.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, signature_input
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import CborValue, encode
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, edited, issued, new_key, resigned, root, tlv
from tests.intel_quotes import pem

MILAN, GENOA, TURIN = "Milan", "Genoa", "Turin"
VCEK, VLEK = "VCEK", "VLEK"
CHIP_ID = bytes(range(1, 65))
TURIN_CHIP_ID = bytes(range(1, 9))
PROVIDER = "CN=cc-test-1.cloud.example"
LEVELS = {"fmc": 1, "bootloader": 4, "tee": 2, "snp": 24, "microcode": 219}
"""The version of each part of the firmware; one of more than 127 takes two bytes in DER."""

FROM, UNTIL = AT - 365 * DAY, AT + 365 * DAY
_LONG_LIVED_CA = Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=UNTIL)
_LONG_LIVED_CA_WITHOUT_MORE = Says(ca=True, path_length=0, usage=("key_cert_sign",), not_before=FROM, not_after=UNTIL)

_PLACES = {"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7}
_TURIN_PLACES = {"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3, "microcode": 7}
_CPUS = {MILAN: (0x19, 0x01, 1), GENOA: (0x19, 0x11, 1), TURIN: (0x1A, 0x02, 1)}
ARC: Final = "1.3.6.1.4.1.3704.1"
_LEVEL_ARCS = {"bootloader": "3.1", "tee": "3.2", "snp": "3.3", "microcode": "3.8", "fmc": "3.9"}

FIELDS: Final = MappingProxyType(
    {
        "version": (0x000, 4),
        "guest_svn": (0x004, 4),
        "policy": (0x008, 8),
        "family_id": (0x010, 16),
        "image_id": (0x020, 16),
        "vmpl": (0x030, 4),
        "signature_algo": (0x034, 4),
        "current_tcb": (0x038, 8),
        "platform_info": (0x040, 8),
        "keys": (0x048, 4),
        "reserved_4c": (0x04C, 4),
        "report_data": (0x050, 64),
        "measurement": (0x090, 48),
        "host_data": (0x0C0, 32),
        "id_key_digest": (0x0E0, 48),
        "author_key_digest": (0x110, 48),
        "report_id": (0x140, 32),
        "report_id_ma": (0x160, 32),
        "reported_tcb": (0x180, 8),
        "cpu_family": (0x188, 1),
        "cpu_model": (0x189, 1),
        "cpu_stepping": (0x18A, 1),
        "reserved_18b": (0x18B, 21),
        "chip_id": (0x1A0, 64),
        "committed_tcb": (0x1E0, 8),
        "current_version": (0x1E8, 3),
        "reserved_1eb": (0x1EB, 1),
        "committed_version": (0x1EC, 3),
        "reserved_1ef": (0x1EF, 1),
        "launch_tcb": (0x1F0, 8),
        "launch_mitigations": (0x1F8, 8),
        "current_mitigations": (0x200, 8),
        "reserved_208": (0x208, 152),
    }
)
"""Where each field of a report of version 5 begins, and how long it is; the signature stands behind the last one."""

_MIGHT_BE_ANYTHING: Final[Mapping[str, bytes | int]] = MappingProxyType(
    {
        "guest_svn": 3,
        "policy": 0x3_001F,
        "family_id": b"\xfa" * 16,
        "image_id": b"\x1a" * 16,
        "signature_algo": 1,
        "platform_info": 0x25,
        "report_data": b"\xda" * 64,
        "measurement": b"\x3e" * 48,
        "host_data": b"\x40" * 32,
        "report_id": b"\x1d" * 32,
        "report_id_ma": b"\xff" * 32,
        "current_version": b"\x01\x37\x01",
        "committed_version": b"\x01\x37\x01",
    }
)


@dataclass(frozen=True, slots=True)
class Amd:
    """The CAs of a product: the root, that of chips (ASK) and that of providers (ASVK)."""

    product: str
    root: Entity
    chips: Entity
    providers: Entity


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip with the key that signs its reports, which may be its provider's, and the CA that certified it."""

    amd: Amd
    kind: str
    key: ec.EllipticCurvePrivateKey
    certificate: bytes
    above: Entity
    chip_id: bytes
    levels: Mapping[str, int]

    @property
    def product(self) -> str:
        return self.amd.product

    @property
    def anchors(self) -> Anchors:
        return Anchors(frozenset({sha256(self.amd.root.der).digest()}), (self.amd.root.der,))

    def certificates(self) -> bytes:
        """Its chain in PEM, as the host hands it to guests."""
        return pem(self.certificate, self.above.der, self.amd.root.der)

    def tcb(self, **levels: int) -> bytes:
        """The versions of its firmware as a number of eight bytes."""
        return packed_tcb(self.product, {**self.levels, **levels})

    def report(self, number: int = 3, /, **fields: bytes | int) -> bytes:
        """A signed report of a version; fields are those of ``FIELDS``, and the others are such as a chip has them."""
        signing_key = 0 if self.kind == VCEK else 1 << 2
        own: dict[str, bytes | int] = {
            "version": number,
            "keys": signing_key,
            "chip_id": self.chip_id.ljust(64, b"\x00"),
            **dict.fromkeys(("current_tcb", "reported_tcb", "committed_tcb", "launch_tcb"), self.tcb()),
        }
        if number >= 3:
            own |= zip(("cpu_family", "cpu_model", "cpu_stepping"), _CPUS[self.product], strict=True)
        if number >= 5:
            own |= {"launch_mitigations": 1, "current_mitigations": 3}
        return signed_report(self.key, {**_MIGHT_BE_ANYTHING, **own, **fields})

    def evidence(
        self, report: bytes | None = None, *, certificates: bytes | None = None, endorsement: bytes | None = None
    ) -> Evidence:
        """Evidence of a report with its chain, and perhaps an endorsement."""
        parts = {
            "report": self.report() if report is None else report,
            "certificates": self.certificates() if certificates is None else certificates,
        }
        return Evidence(Platform.AMD_SEV_SNP, parts if endorsement is None else {**parts, "endorsement": endorsement})


def make_amd(product: str = MILAN) -> Amd:
    """CAs of a product under the names that AMD gives them, each time other ones."""
    top = root(f"ARK-{product}", _LONG_LIVED_CA)
    chips = authority(top, f"SEV-{product}", _LONG_LIVED_CA_WITHOUT_MORE)
    return Amd(product, top, chips, authority(top, f"SEV-VLEK-{product}", _LONG_LIVED_CA_WITHOUT_MORE))


@lru_cache
def amd_of(product: str) -> Amd:
    """The CAs of a product that chips have unless a test says otherwise."""
    return make_amd(product)


def make_chip(
    product: str = MILAN,
    *,
    kind: str = VCEK,
    chip_id: bytes | None = None,
    levels: Mapping[str, int] = MappingProxyType(LEVELS),
    amd: Amd | None = None,
    says: Mapping[str, bytes | None] = MappingProxyType({}),
    key: ec.EllipticCurvePrivateKey | None = None,
    name: str | None = None,
    above: Entity | None = None,
) -> Chip:
    """A chip of a product. ``says`` are extensions of AMD's by their last arcs: other values, or None for none."""
    cas, own = amd or amd_of(product), key or new_key(ec.SECP384R1())
    chip = chip_id if chip_id is not None else TURIN_CHIP_ID if product == TURIN else CHIP_ID
    said = {**extensions_of(product, kind, chip, levels), **says}
    extensions = [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{ARC}.{arc}"), value), False)
        for arc, value in said.items()
        if value is not None
    ]
    issuer = above or (cas.chips if kind == VCEK else cas.providers)
    says_all = Says(ca=None, usage=None, not_before=FROM, not_after=UNTIL, extensions=extensions)
    leaf = issued(issuer, name or f"SEV-{kind}", says_all, own)
    return Chip(cas, kind, own, with_serial_zero(leaf, issuer), issuer, chip, levels)


def extensions_of(product: str, kind: str, chip_id: bytes, levels: Mapping[str, int]) -> dict[str, bytes]:
    """What AMD says in a certificate, by the last arcs of each object identifier."""
    name = f"{product}-B0" if (product, kind) == (MILAN, VCEK) else product
    parts = _TURIN_PLACES if product == TURIN else _PLACES
    said = {
        "1": integer(1 if product == TURIN else 0),
        "2": tlv(0x16, name.encode()),
        **{_LEVEL_ARCS[part]: integer(levels[part]) for part in parts},
        **{arc: integer(0) for arc in ("3.4", "3.5", "3.6", "3.7")},
    }
    return said | ({"4": chip_id} if kind == VCEK else {"5": tlv(0x16, PROVIDER.encode())})


def with_serial_zero(leaf: Entity, issuer: Entity) -> bytes:
    """The same certificate with the serial number that all of AMD's chips have."""
    serial = leaf.certificate.serial_number
    version_and_serial = bytes.fromhex("a003020102") + integer(serial)
    tbs = edited(leaf.certificate, version_and_serial, bytes.fromhex("a003020102") + integer(0))
    return resigned(tbs, issuer.key)


def integer(value: int) -> bytes:
    """An INTEGER of DER."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def packed_tcb(product: str, levels: Mapping[str, int]) -> bytes:
    """A version of the firmware in the order of a product."""
    packed = bytearray(8)
    for part, at in (_TURIN_PLACES if product == TURIN else _PLACES).items():
        packed[at] = levels[part]
    return bytes(packed)


def signed_report(key: ec.EllipticCurvePrivateKey, fields: Mapping[str, bytes | int]) -> bytes:
    """A report of any fields, those left out zero, under a signature that holds."""
    body = bytearray(0x2A0)
    for name, value in fields.items():
        at, size = FIELDS[name]
        found = value.to_bytes(size, "little") if isinstance(value, int) else value
        assert len(found) == size
        body[at : at + size] = found
    return bytes(body) + report_signature(key, bytes(body))


def report_signature(key: ec.EllipticCurvePrivateKey, body: bytes) -> bytes:
    """The 512 bytes at the end of a report."""
    r, s = decode_dss_signature(key.sign(body, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368)


UVM_FEED = "ContainerPlat-AMD-UVM"
UVM_USAGE = "1.3.6.1.4.1.311.76.59.1.2"


@dataclass(frozen=True, slots=True)
class UvmSigner:
    """Who endorses launch measurements of utility VMs, as Microsoft does."""

    root: Entity
    ca: Entity
    leaf: Entity
    usages: tuple[str, ...] = field(default=(UVM_USAGE,))

    @property
    def did(self) -> str:
        fingerprint = encode_base64url(sha256(self.root.der).digest())
        return f"did:x509:0:sha256:{fingerprint}" + "".join(f"::eku:{usage}" for usage in self.usages)

    def endorse(
        self,
        measurement: bytes,
        svn: int | str = 104,
        *,
        header: Mapping[int | str, CborValue] = MappingProxyType({}),
        unprotected: Mapping[int | str, CborValue] = MappingProxyType({}),
        payload: bytes | None = None,
    ) -> bytes:
        """An endorsement of a measurement; ``header`` replaces what stands in the protected one, None takes it out."""
        said = {"x-ms-sevsnpvm-launchmeasurement": measurement.hex(), "x-ms-sevsnpvm-guestsvn": str(svn)}
        protected: dict[int | str, CborValue] = {
            labels.ALG: -7,
            labels.CONTENT_TYPE: "application/json",
            labels.X5CHAIN: (self.leaf.der, self.ca.der, self.root.der),
            labels.X5T: (labels.SHA256, sha256(self.leaf.der).digest()),
            "iss": self.did,
            "feed": UVM_FEED,
            **header,
        }
        kept = encode({name: value for name, value in protected.items() if value is not None})
        content = json.dumps(said).encode() if payload is None else payload
        assert isinstance(self.leaf.key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(self.leaf.key.sign(signature_input(kept, content), ec.ECDSA(hashes.SHA256())))
        return encode_sign1(kept, unprotected, content, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def make_uvm_signer(*, usages: tuple[str, ...] = (UVM_USAGE,), certified: tuple[str, ...] = (UVM_USAGE,)) -> UvmSigner:
    """A signer whose did asks for ``usages``, and whose certificate has those that are ``certified``."""
    top = root("Test Supply Chain Root", _LONG_LIVED_CA)
    middle = authority(top, "Test Supply Chain CA", _LONG_LIVED_CA)
    named = [x509.ObjectIdentifier(usage) for usage in certified]
    extensions = [(x509.ExtendedKeyUsage(named), False)] if named else []
    leaf = issued(middle, "Test UVM Signer", Says(not_before=FROM, not_after=UNTIL, extensions=extensions))
    return UvmSigner(top, middle, leaf, usages)
