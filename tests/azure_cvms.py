"""Evidence of Azure confidential VMs, with a stand-in for the verifier of the CPU that a test may ask anything of."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.azure.cvm import azure_cvm_verifier
from counterfoil.attestation.claims import EvidenceClaims, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.encoding.base64url import encode_base64url
from tests.tpm_quotes import SoftKey, quote, rsa_ak

AK = rsa_ak()
USER_DATA = 128 * "0"


def jwk(key: SoftKey = AK, **members: object) -> dict[str, object]:
    assert isinstance(key.private, rsa.RSAPrivateKey)
    numbers = key.private.public_key().public_numbers()
    n = encode_base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
    return {"kid": "HCLAkPub", "key_ops": ["sign"], "kty": "RSA", "e": "AQAB", "n": n} | members


def runtime_data(*keys: object, **members: object) -> bytes:
    configuration = {"console-enabled": True, "secure-boot": False, "tpm-enabled": True, "vmUniqueId": "AB-12"}
    said = {"keys": list(keys) or [jwk()], "vm-configuration": configuration, "user-data": USER_DATA}
    return json.dumps(said | members).encode()


def report(data: bytes, *, hash_name: str = "sha256", tail: bytes = b"") -> bytes:
    """An SNP report as far as its report data, which are those of the runtime data."""
    digest = hashlib.new(hash_name, data).digest() + tail
    return bytes(0x50) + digest.ljust(64, b"\x00") + bytes(1184 - 0x90)


def hcl_report(
    cpu_report: bytes, data: bytes, *, kind: int = 2, hashed: int = 1, size: int | None = None, tail: bytes = bytes(9)
) -> bytes:
    said = [20 + len(data), 2, kind, hashed, len(data) if size is None else size]
    header = b"HCLA" + bytes(28)
    return header + cpu_report.ljust(1184, b"\x00") + b"".join(one.to_bytes(4, "little") for one in said) + data + tail


def cpu_verifier(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """What the verifier of a CPU makes of a report, without looking whether it is genuine."""
    is_snp = evidence.platform is Platform.AMD_SEV_SNP
    found = evidence.part("report" if is_snp else "quote")
    return EvidenceClaims(
        platform=evidence.platform,
        product="Milan" if is_snp else "TDX",
        signer="VCEK" if is_snp else "PCK",
        measurements={"launch": found[0x90:0xC0]},
        bound={"report-data": found[0x50:0x90]},
        debug=True,
        tcb={"snp": 8},
        vmpl=int.from_bytes(found[0x30:0x34], "little"),
        facts={"host-data": "00"},
        holds_from=at - 1,
        holds_until=at + 1,
        checks=(passed("cpu"),),
    )


VERIFY = azure_cvm_verifier({Platform.AMD_SEV_SNP: cpu_verifier, Platform.INTEL_TDX: cpu_verifier})


def azure(key: SoftKey = AK, data: bytes | None = None, /, **parts: bytes | None) -> Evidence:
    """Evidence with an SNP report and runtime data; ``parts`` replace those that are made, and None leaves one out."""
    said = runtime_data() if data is None else data
    made: dict[str, bytes | None] = {**quote(key, public=None).parts, "report": report(said), "runtime-data": said}
    given = {name.replace("_", "-"): part for name, part in parts.items()}
    return Evidence(Platform.AZURE_CVM, {name: part for name, part in (made | given).items() if part is not None})


def cmcp(evidence: Evidence, **members: object) -> bytes:
    """The same evidence as cmcp writes it."""
    names = {"snp_report": "report", "runtime_data": "runtime-data", "quote_msg": "attest", "quote_sig": "signature"}
    held: Mapping[str, Any] = {name: base64.b64encode(evidence.part(part)).decode() for name, part in names.items()}
    others = {"v": 1, "ak_pub_pem": "passed over", "vcek_chain_pem": base64.b64encode(b"chain").decode()}
    return json.dumps({**held, **others, **members}).encode()
