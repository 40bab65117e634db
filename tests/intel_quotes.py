"""Synthetic Intel platforms for tests: quotes of TDX and SGX with their collateral, under roots of their own.

The layouts are Intel's (TDX DCAP Quote Generation Library, appendix A; SGX ECDSA Quote Library Reference, appendix A;
Provisioning Certification Service API v4). The keys are worthless.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.attestation.anchors import Anchors
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, crl, issued, new_key, root, tlv, when

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | None"

FMSPC = bytes.fromhex("00906ed50000")
PPID = bytes(range(16))
INTEL_QE = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
QE_SIGNER = b"\x51" * 32
SEPT_VE_DISABLE = bytes.fromhex("0000001000000000")
TEE_TCB_SVN = bytes((5, 1, 2)) + bytes(13)
CPU_SVN = bytes((3, 3, 2, 2, 4, 1)) + bytes(10)
PCE_SVN = 11
LONG_LIVED = Says(not_before=AT - 365 * DAY, not_after=AT + 365 * DAY)
LONG_LIVED_CA = Says(ca=True, usage=CA_USAGE, not_before=AT - 365 * DAY, not_after=AT + 365 * DAY)

TD_FIELDS = {
    "tee_tcb_svn": TEE_TCB_SVN,
    "mrseam": b"\x01" * 48,
    "mrsignerseam": bytes(48),
    "seam_attributes": bytes(8),
    "td_attributes": SEPT_VE_DISABLE,
    "xfam": bytes.fromhex("e702060000000000"),
    "mrtd": b"\x02" * 48,
    "mrconfigid": bytes(48),
    "mrowner": bytes(48),
    "mrownerconfig": bytes(48),
    "rtmr0": b"\x10" * 48,
    "rtmr1": b"\x11" * 48,
    "rtmr2": b"\x12" * 48,
    "rtmr3": b"\x13" * 48,
    "report_data": b"\xda" * 64,
}
TD15_FIELDS = {**TD_FIELDS, "tee_tcb_svn2": TEE_TCB_SVN, "mrservicetd": bytes(48)}
ENCLAVE_FIELDS = {
    "cpu_svn": CPU_SVN,
    "misc_select": bytes(4),
    "reserved1": bytes(28),
    "attributes": bytes.fromhex("0500000000000000e700000000000000"),
    "mrenclave": b"\x21" * 32,
    "reserved2": bytes(32),
    "mrsigner": b"\x22" * 32,
    "reserved3": bytes(96),
    "isv_prod_id": (7).to_bytes(2, "little"),
    "isv_svn": (4).to_bytes(2, "little"),
    "reserved4": bytes(60),
    "report_data": b"\xda" * 64,
}
QE_FIELDS = {
    **ENCLAVE_FIELDS,
    "attributes": bytes.fromhex("1100000000000000e700000000000000"),
    "mrsigner": QE_SIGNER,
    "isv_svn": (6).to_bytes(2, "little"),
}
TDX, SGX = 0x81, 0x00


@dataclass(frozen=True, slots=True)
class CollateralSays:
    """What collateral says. ``levels`` are pairs of TCB status and PCE SVN that it asks for, the best first."""

    issued: int = AT - DAY
    next_update: int = AT + 29 * DAY
    crl_from: int = AT - 2 * DAY
    crl_until: int = AT + 28 * DAY
    levels: Sequence[tuple[str, int]] = (("UpToDate", PCE_SVN),)
    advisories: Sequence[str] = ()
    revoked_by_root: Mapping[int, int] = field(default_factory=dict)
    revoked_by_ca: Mapping[int, int] = field(default_factory=dict)
    members: Mapping[str, Json] = field(default_factory=dict)
    tcb_members: Mapping[str, Json] = field(default_factory=dict)
    qe_members: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IntelPlatform:
    """A machine with its provisioning certificates, and who signs the collateral that it is judged by."""

    root: Entity
    pck_ca: Entity
    pck: Entity
    tcb_signer: Entity
    attestation_key: ec.EllipticCurvePrivateKey
    fmspc: bytes

    @property
    def anchors(self) -> Anchors:
        return Anchors(frozenset({sha256(self.root.der).digest()}), (self.root.der,))

    @property
    def pck_chain(self) -> bytes:
        return pem(self.pck.der, self.pck_ca.der, self.root.der)

    def tdx_quote(self, version: int = 4, body_type: int = 2, **fields: bytes) -> bytes:
        """A quote of a trust domain; the fields of its report are those of ``TD_FIELDS`` and ``TD15_FIELDS``."""
        defaults = TD15_FIELDS if version == 5 and body_type == 3 else TD_FIELDS
        body = filled(defaults, fields)
        before = body_type.to_bytes(2, "little") + len(body).to_bytes(4, "little") if version == 5 else b""
        return self.quoted(header(version, TDX) + before + body, nested=True)

    def sgx_quote(self, version: int = 3, **fields: bytes) -> bytes:
        """A quote of an enclave; the fields of its report are those of ``ENCLAVE_FIELDS``."""
        body = filled(ENCLAVE_FIELDS, fields)
        return self.quoted(header(version, SGX) + body, nested=version != 3)

    def quoted(self, signed: bytes, *, nested: bool, chain: bytes | None = None, kind: int = 5) -> bytes:
        """A quote of any header and body; ``nested`` is the form of the signature data since version 4."""
        key = raw_key(self.attestation_key)
        auth = bytes(32)
        prod_id = (2 if nested else 1).to_bytes(2, "little")
        bound = sha256(key + auth).digest() + bytes(32)
        qe_report = b"".join((QE_FIELDS | {"isv_prod_id": prod_id, "report_data": bound}).values())
        chain = self.pck_chain + b"\x00" if chain is None else chain
        assert isinstance(self.pck.key, ec.EllipticCurvePrivateKey)
        certified = qe_report + raw_signature(self.pck.key, qe_report) + sized(auth, 2) + certification(kind, chain)
        tail = (
            raw_signature(self.attestation_key, signed) + key + (certification(6, certified) if nested else certified)
        )
        return signed + sized(tail, 4)

    def collateral(self, kind: int = TDX, says: CollateralSays | None = None) -> bytes:
        """Collateral as dcap-qvl reads it: TCB info and QE identity with signatures, chains and CRLs."""
        said = says or CollateralSays()
        tcb, identity = self._tcb_info(kind, said), self._qe_identity(kind, said)
        root_crl, pck_crl = (
            crl(
                issuer,
                revoked,
                this_update=said.crl_from,
                next_update=said.crl_until,
                extensions=[(x509.CRLNumber(1), False), _authority(issuer)],
            )
            for issuer, revoked in ((self.root, said.revoked_by_root), (self.pck_ca, said.revoked_by_ca))
        )
        signer = self.tcb_signer.key
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        signers = pem(self.tcb_signer.der, self.root.der).decode()
        members: dict[str, Json] = {
            "pck_crl_issuer_chain": pem(self.pck_ca.der, self.root.der).decode(),
            "root_ca_crl": root_crl.hex(),
            "pck_crl": pck_crl.hex(),
            "tcb_info_issuer_chain": signers,
            "tcb_info": tcb,
            "tcb_info_signature": raw_signature(signer, tcb.encode()).hex(),
            "qe_identity_issuer_chain": signers,
            "qe_identity": identity,
            "qe_identity_signature": raw_signature(signer, identity.encode()).hex(),
        }
        return json.dumps(members | dict(said.members)).encode()

    def _tcb_info(self, kind: int, said: CollateralSays) -> str:
        module: dict[str, Json] = {"mrsigner": "0" * 96, "attributes": "0" * 16, "attributesMask": "F" * 16}
        levels: list[Json] = [
            {
                "tcb": {
                    "sgxtcbcomponents": [{"svn": svn} for svn in CPU_SVN],
                    "pcesvn": pce_svn,
                    **({"tdxtcbcomponents": [{"svn": svn} for svn in (5, 0, 2, *bytes(13))]} if kind == TDX else {}),
                },
                "tcbDate": iso(AT - 300 * DAY),
                "tcbStatus": status,
                "advisoryIDs": list(said.advisories),
            }
            for status, pce_svn in said.levels
        ]
        identity_level: Json = {"tcb": {"isvsvn": 2}, "tcbDate": iso(AT - 300 * DAY), "tcbStatus": "UpToDate"}
        tdx: dict[str, Json] = {
            "tdxModule": module,
            "tdxModuleIdentities": [{"id": "TDX_01", **module, "tcbLevels": [identity_level]}],
        }
        info: dict[str, Json] = {
            "id": "TDX" if kind == TDX else "SGX",
            "version": 3,
            "issueDate": iso(said.issued),
            "nextUpdate": iso(said.next_update),
            "fmspc": self.fmspc.hex().upper(),
            "pceId": "0000",
            "tcbType": 0,
            "tcbEvaluationDataNumber": 17,
            **(tdx if kind == TDX else {}),
            "tcbLevels": levels,
        }
        return json.dumps(info | dict(said.tcb_members), separators=(",", ":"))

    def _qe_identity(self, kind: int, said: CollateralSays) -> str:
        level: Json = {"tcb": {"isvsvn": 4}, "tcbDate": iso(AT - 300 * DAY), "tcbStatus": "UpToDate"}
        identity: dict[str, Json] = {
            "id": "TD_QE" if kind == TDX else "QE",
            "version": 2,
            "issueDate": iso(said.issued),
            "nextUpdate": iso(said.next_update),
            "tcbEvaluationDataNumber": 17,
            "miscselect": "0" * 8,
            "miscselectMask": "F" * 8,
            "attributes": "11" + "0" * 30,
            "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
            "mrsigner": QE_SIGNER.hex().upper(),
            "isvprodid": 2 if kind == TDX else 1,
            "tcbLevels": [level],
        }
        return json.dumps(identity | dict(said.qe_members), separators=(",", ":"))


def make_platform(
    *,
    fmspc: bytes = FMSPC,
    ppid: bytes = PPID,
    pck: Says = LONG_LIVED,
    pck_ca: Says = LONG_LIVED_CA,
    tcb_signer: Says = LONG_LIVED,
    above: Entity | None = None,
) -> IntelPlatform:
    """A platform under a root of its own, or under the root ``above``."""
    top = above or root("Test SGX Root CA", LONG_LIVED_CA)
    middle = authority(top, "Test SGX PCK Platform CA", pck_ca)
    extension = (x509.UnrecognizedExtension(x509.ObjectIdentifier(SGX_EXTENSION), sgx_extension(fmspc, ppid)), False)
    said = Says(not_before=pck.not_before, not_after=pck.not_after, extensions=[*pck.extensions, extension])
    leaf = issued(middle, "Test SGX PCK Certificate", said)
    signer = issued(top, "Test SGX TCB Signing", tcb_signer)
    return IntelPlatform(top, middle, leaf, signer, new_key(), fmspc)


SGX_EXTENSION = "1.2.840.113741.1.13.1"
_SGX_ARC = bytes.fromhex("2a864886f84d010d01")


def sgx_extension(fmspc: bytes = FMSPC, ppid: bytes = PPID, cpu_svn: bytes = CPU_SVN, pce_svn: int = PCE_SVN) -> bytes:
    """What a PCK certificate says of its platform (Intel SGX PCK Certificate and CRL Profile, section 1.3.5)."""
    components = b"".join(_named(bytes((2, place)), tlv(0x02, bytes((svn,)))) for place, svn in enumerate(cpu_svn, 1))
    tcb = components + _named(b"\x02\x11", tlv(0x02, bytes((pce_svn,)))) + _named(b"\x02\x12", tlv(0x04, cpu_svn))
    return tlv(
        0x30,
        _named(b"\x01", tlv(0x04, ppid))
        + _named(b"\x02", tlv(0x30, tcb))
        + _named(b"\x03", tlv(0x04, bytes(2)))
        + _named(b"\x04", tlv(0x04, fmspc))
        + _named(b"\x05", tlv(0x0A, b"\x01")),
    )


def filled(defaults: Mapping[str, bytes], fields: Mapping[str, bytes]) -> bytes:
    """A report with some of its fields set; each keeps its place and its length."""
    assert all(len(value) == len(defaults[name]) for name, value in fields.items())
    return b"".join(fields.get(name, value) for name, value in defaults.items())


def header(version: int, tee_type: int, *, key_type: int = 2, vendor: bytes = INTEL_QE) -> bytes:
    """The 48 bytes before a report."""
    fixed = version.to_bytes(2, "little") + key_type.to_bytes(2, "little") + tee_type.to_bytes(4, "little")
    return fixed + bytes(4) + vendor + bytes(20)


def certification(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "little") + sized(data, 4)


def sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "little") + data


def pem(*certificates: bytes) -> bytes:
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + _lines(b64encode(der)) + b"-----END CERTIFICATE-----\n"
        for der in certificates
    )


def raw_signature(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def raw_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)[1:]


def iso(seconds: int) -> str:
    return when(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(text: bytes) -> bytes:
    return b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))


def _named(arc: bytes, value: bytes) -> bytes:
    return tlv(0x30, tlv(0x06, _SGX_ARC + arc) + value)


def _authority(issuer: Entity) -> tuple[x509.ExtensionType, bool]:
    public = issuer.key.public_key()
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False
