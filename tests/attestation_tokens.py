"""Tokens of attestation services under keys and certificates of tests: what each service says, and ways to bend it."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cose.public_key import public_key_der, public_key_of
from counterfoil.encoding.base64url import encode_base64url
from tests.certificates import AT, Entity, authority, issued, new_key, root, rsa_key

Json: TypeAlias = Any
Claims: TypeAlias = dict[str, Any]

GCP_ISSUER: Final = "https://confidentialcomputing.googleapis.com"
NRAS_ISSUER: Final = "https://nras.attestation.nvidia.com"
MAA_ISSUER: Final = "https://sharedeus.eus.attest.azure.net"
ITA_ISSUER: Final = "https://portal.trustauthority.intel.com"
EAR_ISSUER: Final = "https://verifier.example"
NONCE: Final = bytes(range(32))
LIFETIME: Final = 3600
KEY_ID: Final = "key-1"

_CURVE_HASHES: Final = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def signed(payload: bytes | Claims, header: Claims, key: Any) -> bytes:
    """A compact JWS under the algorithm that the header names, or that the key has where the header lies."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    return signed_bytes(body, json.dumps(header, separators=(",", ":")).encode(), header.get("alg", ""), key)


def signed_bytes(payload: bytes, header: bytes, algorithm: str, key: Any) -> bytes:
    signing = f"{encode_base64url(header)}.{encode_base64url(payload)}".encode()
    return signing + b"." + encode_base64url(signature(signing, algorithm, key)).encode()


def signature(data: bytes, algorithm: str, key: Any) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_CURVE_HASHES[key.curve.key_size])))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert isinstance(key, rsa.RSAPrivateKey)
    hashed = {"384": hashes.SHA384(), "512": hashes.SHA512()}.get(algorithm[2:], hashes.SHA256())
    if algorithm.startswith("PS"):
        return key.sign(data, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    return key.sign(data, padding.PKCS1v15(), hashed)


def jwk(key: Any, **more: Json) -> Claims:
    public = key.public_key() if hasattr(key, "public_key") else key
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        n, e = ((value.bit_length() + 7) // 8 for value in (numbers.n, numbers.e))
        members = {"n": numbers.n.to_bytes(n, "big"), "e": numbers.e.to_bytes(e, "big")}
        return {"kty": "RSA", **{name: encode_base64url(value) for name, value in members.items()}, **more}
    size = (public.curve.key_size + 7) // 8
    point = public.public_numbers()
    x, y = (encode_base64url(value.to_bytes(size, "big")) for value in (point.x, point.y))
    return {"kty": "EC", "crv": f"P-{public.curve.key_size}", "x": x, "y": y, **more}


def key_set(*keys: Claims) -> bytes:
    return json.dumps({"keys": keys}).encode()


def x5c(*entities: Entity) -> list[str]:
    return [b64encode(entity.der).decode() for entity in entities]


def spki_digest(key: Any) -> bytes:
    return sha256(public_key_der(public_key_of(key.public_key()))).digest()


@dataclass(frozen=True, slots=True)
class Issued:
    """Evidence, and the anchors and the collateral under which it is genuine at ``AT``."""

    evidence: Evidence
    anchors: Anchors = field(default_factory=lambda: Anchors(frozenset()))
    collateral: Collateral = field(default_factory=Collateral)

    def with_part(self, name: str, data: bytes) -> "Issued":
        parts = {**self.evidence.parts, name: data}
        return replace(self, evidence=Evidence(self.evidence.platform, parts))

    def with_anchors(self, anchors: Anchors) -> "Issued":
        return replace(self, anchors=anchors)


@dataclass(frozen=True)
class TokenIssuer:
    """A service that issues tokens, with a key, a certificate of it, a CA and a root, all issued at ``at``.

    Each kind takes claims that replace its own, where None leaves one out, and members of the header likewise.
    """

    key: Any
    leaf: Entity
    ca: Entity
    top: Entity
    at: int = AT

    @classmethod
    def new(cls, key: Any, at: int = AT) -> "TokenIssuer":
        top = root("attestation root")
        ca = authority(top, "attestation ca")
        return cls(key, issued(ca, "attestation leaf", key=key), ca, top, at)

    @classmethod
    def rsa(cls, which: int = 0, at: int = AT) -> "TokenIssuer":
        return cls.new(rsa_key(2048, which), at)

    @classmethod
    def p256(cls, at: int = AT) -> "TokenIssuer":
        return cls.new(new_key(), at)

    @classmethod
    def p384(cls, at: int = AT) -> "TokenIssuer":
        return cls.new(new_key(ec.SECP384R1()), at)

    @property
    def chain(self) -> list[str]:
        return x5c(self.leaf, self.ca, self.top)

    @property
    def root_pinned(self) -> Anchors:
        return Anchors(frozenset({sha256(self.top.der).digest()}))

    @property
    def ca_key_pinned(self) -> Anchors:
        return Anchors(frozenset({spki_digest(self.ca.key)}))

    def times(self) -> Claims:
        return {"iat": self.at, "nbf": self.at, "exp": self.at + LIFETIME}

    def token(self, claims: Claims, header: Claims, changes: Claims | None = None) -> bytes:
        said = {name: value for name, value in {**claims, **(changes or {})}.items() if value is not None}
        head = {name: value for name, value in header.items() if value is not None}
        return signed(said, head, self.key)

    def loaded(self, issuer: str, **more: Json) -> Collateral:
        return Collateral(keys={issuer: key_set(jwk(self.key, kid=KEY_ID, **more))})

    def gcp(self, claims: Claims | None = None, header: Claims | None = None) -> Issued:
        head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT", "x5c": self.chain, **(header or {})}
        raw = self.token(self.times() | GCP_CLAIMS, head, claims)
        return Issued(Evidence(Platform.GCP_CONFIDENTIAL_SPACE, {"token": raw}), self.root_pinned)

    def maa(self, claims: Claims | None = None, header: Claims | None = None, kind: str = "sevsnpvm") -> Issued:
        head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT", "jku": f"{MAA_ISSUER}/certs", **(header or {})}
        raw = self.token(self.times() | MAA_CLAIMS[kind], head, claims)
        return Issued(Evidence(Platform.AZURE_MAA, {"token": raw}), collateral=self.loaded(MAA_ISSUER))

    def ita(self, claims: Claims | None = None, header: Claims | None = None, kind: str = "tdx") -> Issued:
        head = {"alg": "PS384", "kid": KEY_ID, "typ": "JWT", "jku": f"{ITA_ISSUER}/certs", **(header or {})}
        raw = self.token(self.times() | ITA_CLAIMS[kind], head, claims)
        return Issued(Evidence(Platform.INTEL_ITA, {"token": raw}), collateral=self.loaded(ITA_ISSUER))

    def ear(self, claims: Claims | None = None, header: Claims | None = None, profile: str = "ietf") -> Issued:
        raw = self.token(self.times() | EAR_CLAIMS[profile], {"alg": "ES256", "typ": "JWT", **(header or {})}, claims)
        anchors = Anchors(frozenset({spki_digest(self.key)}))
        return Issued(Evidence(Platform.EAR, {"token": raw, "keys": key_set(jwk(self.key))}), anchors)

    def nras(
        self,
        gpus: int = 2,
        nonce: bytes = NONCE,
        claims: Claims | None = None,
        device: Mapping[str, Claims] | None = None,
        header: Claims | None = None,
    ) -> Issued:
        """A bundle of so many GPUs; ``device`` replaces claims of one by its name, GPU-0 and so on."""
        head = {"alg": "ES384", "kid": KEY_ID, **(header or {})}
        devices = {
            (name := f"GPU-{place}"): self.token(self._gpu(place, nonce), head, (device or {}).get(name))
            for place in range(gpus)
        }
        said = self.times() | NRAS_CLAIMS | {"eat_nonce": nonce.hex(), "submods": digests(devices)}
        eat = bundle(self.token(said, head, claims), devices)
        keys = key_set(jwk(self.key, kid=KEY_ID, x5c=x5c(self.leaf, self.ca)))
        evidence = Evidence(Platform.NVIDIA_NRAS, {"eat": eat})
        return Issued(evidence, self.ca_key_pinned, Collateral(keys={NRAS_ISSUER: keys}))

    def _gpu(self, place: int, nonce: bytes) -> Claims:
        return self.times() | GPU_CLAIMS | {"ueid": str(1000 + place), "eat_nonce": nonce.hex()}


def bundle(platform: bytes, devices: Mapping[str, bytes]) -> bytes:
    """A detached bundle, as the service answers with one."""
    return json.dumps([["JWT", platform.decode()], {name: raw.decode() for name, raw in devices.items()}]).encode()


def opened(eat: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The platform's token of a bundle, and those of its GPUs."""
    (_, platform), devices = json.loads(eat)
    return platform.encode(), {name: raw.encode() for name, raw in devices.items()}


def digests(devices: Mapping[str, bytes]) -> Claims:
    return {name: ["DIGEST", ["SHA-256", sha256(raw).hexdigest()]] for name, raw in devices.items()}


def _digits(octet: int, size: int) -> str:
    return bytes((octet,) * size).hex()


GCP_CLAIMS: Final[Claims] = {
    "iss": GCP_ISSUER,
    "aud": "counterfoil",
    "sub": "https://compute.example/instances/agent",
    "eat_nonce": NONCE.hex(),
    "secboot": True,
    "hwmodel": "GCP_AMD_SEV",
    "swname": "CONFIDENTIAL_SPACE",
    "swversion": ["250800"],
    "dbgstat": "disabled-since-boot",
    "submods": {
        "confidential_space": {"support_attributes": ["LATEST", "STABLE"]},
        "container": {
            "image_reference": "registry.example/agent:1",
            "image_digest": f"sha256:{_digits(7, 32)}",
            "restart_policy": "Never",
            "args": ["/agent"],
        },
        "gce": {"zone": "us-west1-b", "project_id": "example", "instance_id": "17"},
    },
    "google_service_accounts": ["agent@example"],
}
NRAS_CLAIMS: Final[Claims] = {
    "iss": NRAS_ISSUER,
    "sub": "NVIDIA-PLATFORM-ATTESTATION",
    "x-nvidia-ver": "2.0",
    "x-nvidia-overall-att-result": True,
}
GPU_CLAIMS: Final[Claims] = {
    "iss": NRAS_ISSUER,
    "hwmodel": "GH100",
    "oemid": "5703",
    "secboot": True,
    "dbgstat": "disabled",
    "measres": "success",
    "x-nvidia-gpu-driver-version": "570.1",
    "x-nvidia-gpu-vbios-version": "96.0",
    "x-nvidia-attestation-warning": None,
    "x-nvidia-gpu-arch-check": True,
    "x-nvidia-gpu-attestation-report-parsed": True,
    "x-nvidia-gpu-attestation-report-nonce-match": True,
    "x-nvidia-gpu-attestation-report-signature-verified": True,
}
_TDX: Final[Claims] = {
    "tdx_mrtd": _digits(1, 48),
    **{f"tdx_rtmr{register}": _digits(2 + register, 48) for register in range(4)},
    "tdx_report_data": _digits(6, 64),
    "tdx_seamsvn": 3,
    "tdx_mrconfigid": _digits(8, 48),
    "attester_tcb_status": "UpToDate",
}
_SNP: Final[Claims] = {
    "x-ms-attestation-type": "sevsnpvm",
    "x-ms-compliance-status": "azure-compliant-cvm",
    "x-ms-sevsnpvm-launchmeasurement": _digits(1, 48),
    "x-ms-sevsnpvm-reportdata": _digits(6, 64),
    "x-ms-sevsnpvm-hostdata": _digits(9, 32),
    "x-ms-sevsnpvm-is-debuggable": False,
    "x-ms-sevsnpvm-migration-allowed": False,
    "x-ms-sevsnpvm-bootloader-svn": 2,
    "x-ms-sevsnpvm-tee-svn": 0,
    "x-ms-sevsnpvm-snpfw-svn": 6,
    "x-ms-sevsnpvm-microcode-svn": 93,
    "x-ms-sevsnpvm-guestsvn": 2,
    "x-ms-sevsnpvm-vmpl": 0,
}
_MAA: Final[Claims] = {"iss": MAA_ISSUER, "x-ms-ver": "1.0", "x-ms-policy-hash": "wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99"}
MAA_CLAIMS: Final[dict[str, Claims]] = {
    "sevsnpvm": _MAA | _SNP,
    "azurevm": _MAA
    | {
        "x-ms-attestation-type": "azurevm",
        "x-ms-isolation-tee": _SNP,
        "x-ms-runtime": {"client-payload": {"nonce": "MTIzNA=="}, "user-data": _digits(5, 64)},
    },
    "sgx": _MAA
    | {
        "x-ms-attestation-type": "sgx",
        "x-ms-sgx-mrenclave": _digits(1, 32),
        "x-ms-sgx-mrsigner": _digits(2, 32),
        "x-ms-sgx-report-data": _digits(6, 64),
        "x-ms-sgx-is-debuggable": False,
        "x-ms-sgx-svn": 4,
        "x-ms-sgx-ehd": "aGVsZA",
        "nonce": "asked for",
    },
    "tdxvm": _MAA | _TDX | {"x-ms-attestation-type": "tdxvm", "tdx_td_attributes_debug": False},
}
_ITA: Final[Claims] = {"iss": ITA_ISSUER, "ver": "2.0.0", "intuse": "generic"}
_ITA_TDX: Final[Claims] = _TDX | {
    "attester_type": "TDX",
    "attester_advisory_ids": ["INTEL-SA-00001"],
    "attester_held_data": b64encode(b"held by the attester").decode(),
    "tdx_is_debuggable": False,
}
ITA_CLAIMS: Final[dict[str, Claims]] = {
    "tdx": _ITA | {"tdx": _ITA_TDX, "policy_ids_matched": [{"id": "policy-1", "version": "v1"}]},
    "tdx-1": _ITA | _ITA_TDX | {"ver": "1.0.0"},
    "tdx-gpus": _ITA | {"tdx": _ITA_TDX, "nvgpu": {"x-nvidia-overall-att-result": True}},
    "sgx": _ITA
    | {
        "sgx": {
            "attester_type": "SGX",
            "attester_tcb_status": "OutOfDate",
            "sgx_mrenclave": _digits(1, 32),
            "sgx_mrsigner": _digits(2, 32),
            "sgx_report_data": _digits(6, 64),
            "sgx_is_debuggable": False,
            "sgx_isvsvn": 5,
        }
    },
}
_VECTOR: Final = {"instance-identity": 2, "configuration": 3, "executables": 2, "file-system": 0, "hardware": 2}
_VERIFIER: Final = {"developer": "https://verifier.example", "build": "1.0"}
_AKPUB: Final = encode_base64url(b"key in DER")
EAR_CLAIMS: Final[dict[str, Claims]] = {
    "ietf": {
        "iss": EAR_ISSUER,
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        "eat_nonce": encode_base64url(NONCE),
        "ear_status": "affirming",
        "ear_verifier_id": _VERIFIER,
        "submods": {
            "cpu": {
                "ear_status": "affirming",
                "ear_trustworthiness_vector": _VECTOR,
                "ear_appraisal_policy_ids": ["policy-1"],
                "ear_veraison_key_attestation": {"akpub": _AKPUB},
                "eat_nonce": encode_base64url(NONCE),
            }
        },
    },
    "veraison": {
        "eat_profile": "tag:github.com,2023:veraison/ear",
        "ear.verifier-id": _VERIFIER,
        "submods": {
            "cpu": {
                "ear.status": "affirming",
                "ear.trustworthiness-vector": _VECTOR,
                "ear.appraisal-policy-id": "policy-1",
                "ear.veraison.key-attestation": {"akpub": _AKPUB},
            }
        },
    },
}
