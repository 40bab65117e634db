"""Documents of Nitro Enclaves under a root of the tests, any member of which can be another. The keys are worthless."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cose.sign1 import signature_input
from counterfoil.encoding.cbor import CborValue, encode
from tests.certificates import AT, CA_USAGE, Entity, Says, authority, issued, new_key, root

ES384 = -35
HOUR = 3_600
MODULE_ID = "i-0123456789abcdef0-enc0123456789abcdef"
PCRS: Mapping[int, bytes] = {
    index: bytes((index + 1,)) * 48 if index in {0, 1, 2, 3, 4} else bytes(48) for index in range(16)
}


def pcr_map(pcrs: Mapping[int, bytes]) -> dict[int | str, CborValue]:
    """Registers as the payload holds them."""
    return {index: pcrs[index] for index in pcrs}


def p384(entity_key: object, data: bytes) -> bytes:
    """A signature under ES384 in the raw form."""
    assert isinstance(entity_key, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(entity_key.sign(data, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def _ca(above: Entity, name: str, length: int) -> Entity:
    return authority(above, name, Says(ca=True, path_length=length, usage=CA_USAGE), new_key(ec.SECP384R1()))


@lru_cache
def _authorities() -> tuple[Entity, ...]:
    top = root("aws.nitro-enclaves", key=new_key(ec.SECP384R1()))
    region = _ca(top, "region", 2)
    zone = _ca(region, "zone", 1)
    return top, region, zone, _ca(zone, "instance", 0)


@lru_cache
def _leaf(not_before: int, not_after: int) -> Entity:
    says = Says(not_before=not_before, not_after=not_after)
    return issued(_authorities()[-1], "module", says, new_key(ec.SECP384R1()))


@dataclass(frozen=True)
class NitroEnclave:
    """An enclave whose module signs at ``at``, under a leaf that lives three hours."""

    at: int = AT
    authorities: tuple[Entity, ...] = field(default_factory=_authorities)

    @property
    def leaf(self) -> Entity:
        return _leaf(self.at - HOUR, self.at + 2 * HOUR)

    @property
    def anchors(self) -> Anchors:
        """The root of the tests, pinned."""
        return Anchors(frozenset({sha256(self.authorities[0].der).digest()}))

    def members(
        self,
        *,
        user_data: bytes | None = None,
        nonce: bytes | None = None,
        public_key: bytes | None = None,
        pcrs: Mapping[int, bytes] = PCRS,
    ) -> dict[int | str, CborValue]:
        """The members of the payload."""
        return {
            "module_id": MODULE_ID,
            "digest": "SHA384",
            "timestamp": self.at * 1000 + 7,
            "pcrs": pcr_map(pcrs),
            "certificate": self.leaf.der,
            "cabundle": [entity.der for entity in self.authorities],
            "public_key": public_key,
            "user_data": user_data,
            "nonce": nonce,
        }

    def document(
        self,
        *,
        user_data: bytes | None = None,
        nonce: bytes | None = None,
        public_key: bytes | None = None,
        pcrs: Mapping[int, bytes] = PCRS,
    ) -> bytes:
        """A document as the security module gives it."""
        return self.signed(encode(self.members(user_data=user_data, nonce=nonce, public_key=public_key, pcrs=pcrs)))

    def signed(
        self,
        payload: bytes,
        *,
        protected: bytes | None = None,
        unprotected: Mapping[int | str, CborValue] | None = None,
    ) -> bytes:
        """Any payload under the key of the leaf, with whatever headers."""
        header = encode({1: ES384}) if protected is None else protected
        signature = p384(self.leaf.key, signature_input(header, payload))
        return encode([header, unprotected or {}, payload, signature])

    def evidence(
        self,
        *,
        user_data: bytes | None = None,
        nonce: bytes | None = None,
        public_key: bytes | None = None,
        pcrs: Mapping[int, bytes] = PCRS,
    ) -> Evidence:
        """Evidence of one document."""
        return nitro_evidence(self.document(user_data=user_data, nonce=nonce, public_key=public_key, pcrs=pcrs))

    def later(self, seconds: int) -> "NitroEnclave":
        """The same enclave, with another leaf, some time later."""
        return replace(self, at=self.at + seconds)


def nitro_evidence(document: bytes) -> Evidence:
    """A document as evidence."""
    return Evidence(Platform.AWS_NITRO, {"document": document})


def debug_pcrs() -> dict[int, bytes]:
    """What the registers of an enclave in debug mode hold."""
    return {index: bytes(48) if index <= 2 else pcr for index, pcr in PCRS.items()}
