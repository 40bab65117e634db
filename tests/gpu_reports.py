"""Reports of NVIDIA GPUs under a root of the tests, any field of which can be another. The keys are worthless."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.evidence import Evidence, Platform
from tests.certificates import Entity, Says, authority, issued, new_key, root, tlv
from tests.nitro_documents import p384

FIRMWARE = b"\xf1" * 48
NONCE = bytes(range(32))
MEASUREMENTS: Mapping[int, bytes] = {1: bytes(48), 2: b"\x02" * 48, 3: b"\x03" * 48}
OPAQUE: Mapping[int, bytes] = {
    3: b"560.00\0",
    6: bytes.fromhex("005e009601000000"),
    15: b"885\0",
    17: b"G520\0",
    20: FIRMWARE,
    99: b"unheard of",
}
SHA384 = bytes.fromhex("0609608648016503040202")


def firmware_extension(*digests: bytes) -> x509.UnrecognizedExtension:
    """What says in a leaf which firmware it was issued to."""
    inner = tlv(0x02, b"\x01") + b"".join(tlv(0x30, SHA384 + tlv(0x04, digest)) for digest in digests)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.23.133.5.4.1"), tlv(0x30, inner))


def _p384() -> ec.EllipticCurvePrivateKey:
    return new_key(ec.SECP384R1())


@lru_cache
def _root() -> Entity:
    return root("Device Identity CA", key=_p384())


@lru_cache
def _chain(names: tuple[str, str, str], number: int, extensions: tuple[x509.ExtensionType, ...]) -> tuple[Entity, ...]:
    del number  # it tells apart GPUs that are alike
    identity = authority(_root(), names[0], key=_p384())
    device = authority(identity, names[1], key=_p384())
    says = Says(ca=None, extensions=[(extension, False) for extension in extensions])
    return issued(device, names[2], says, _p384()), device, identity, _root()


def measurement_block(index: int, value: bytes, *, specification: int = 1, kind: int = 1) -> bytes:
    """One measurement as SPDM puts it."""
    held = bytes((kind,)) + len(value).to_bytes(2, "little") + value
    return bytes((index, specification)) + len(held).to_bytes(2, "little") + held


def opaque_fields(fields: Sequence[tuple[int, bytes]]) -> bytes:
    """The vendor's own fields."""
    return b"".join(kind.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value for kind, value in fields)


@dataclass(frozen=True)
class Gpu:
    """A GPU; those of different numbers have different keys."""

    number: int = 0
    chip: str = "GH100"
    names: tuple[str, str, str] | None = None
    extensions: tuple[x509.ExtensionType, ...] = field(default_factory=lambda: (firmware_extension(FIRMWARE),))

    @property
    def chain(self) -> tuple[Entity, ...]:
        """Leaf first, root last."""
        chip = self.chip
        names = self.names or (f"NVIDIA {chip} Identity", f"{chip} A01 GSP BROM", f"{chip} A01 GSP FMC LF")
        return _chain(names, self.number, self.extensions)

    @property
    def anchors(self) -> Anchors:
        """The root of the tests, pinned."""
        return Anchors(frozenset({sha256(_root().der).digest()}))

    def report(
        self,
        *,
        nonce: bytes = NONCE,
        measurements: Mapping[int, bytes] = MEASUREMENTS,
        opaque: Mapping[int, bytes] = OPAQUE,
    ) -> bytes:
        """A request and its response."""
        record = b"".join(measurement_block(index, value) for index, value in measurements.items())
        return self.signed(request(nonce) + response(record, len(measurements), opaque_fields(list(opaque.items()))))

    def signed(self, messages: bytes) -> bytes:
        """Any request and response, signed."""
        return messages + p384(self.chain[0].key, messages)

    def certificates(self) -> bytes:
        """The chain in PEM."""
        return pem(self.chain)

    def evidence(self, *, nonce: bytes = NONCE, measurements: Mapping[int, bytes] = MEASUREMENTS) -> Evidence:
        """Evidence of one report."""
        return gpu_evidence(self.report(nonce=nonce, measurements=measurements), self.certificates())


def request(nonce: bytes = NONCE, head: bytes = b"\x11\xe0\x01\xff", slot: int = 0) -> bytes:
    """A request for measurements."""
    return head + nonce + bytes((slot,))


def response(record: bytes, count: int, opaque: bytes, head: bytes = b"\x11\x60\x00\x00") -> bytes:
    """A response, but for its signature."""
    sizes = bytes((count,)) + len(record).to_bytes(3, "little")
    return head + sizes + record + b"\xa5" * 32 + len(opaque).to_bytes(2, "little") + opaque


def pem(entities: Sequence[Entity]) -> bytes:
    """Certificates in PEM."""
    return b"".join(entity.certificate.public_bytes(serialization.Encoding.PEM) for entity in entities)


def gpu_evidence(report: bytes, certificates: bytes) -> Evidence:
    """A report and its certificates as evidence."""
    return Evidence(Platform.NVIDIA_GPU, {"report": report, "certificates": certificates})
