"""Another verifier of quotes, agent-manifest, decides as this one does wherever both look."""

import base64
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.attestation.anchors import vendor_anchors
from counterfoil.attestation.azure.cmcp import parse_cmcp_azure
from counterfoil.attestation.azure.runtime_data import parse_runtime_data
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.signed_quote import verify_signed_quote
from counterfoil.cose.keys import PublicKey, public_key_pem
from counterfoil.errors import CounterfoilError
from tests.azure_cvms import AK, VERIFY, azure
from tests.certificates import AT
from tests.tpm_quotes import RSAPSS, RSASSA, SHA384, SHA512, Attest, SoftKey, ecc_key, quote, rsa_ak, with_parts
from tests.vectors_dir import require_shared

tpm: Any = pytest.importorskip("agent_manifest._tpm_verify", reason="agent-manifest is not installed")
other_azure: Any = pytest.importorskip("agent_manifest._azure_verify", reason="agent-manifest is not installed")

ANCHORS = vendor_anchors(Platform.AZURE_CVM)
KEYS = [
    ecc_key(),
    ecc_key(ec.SECP384R1(), SHA384),
    ecc_key(ec.SECP521R1(), SHA512),
    rsa_ak(RSASSA),
    rsa_ak(RSAPSS, SHA384),
]


def theirs(evidence: Evidence, key: PublicKey) -> bool:
    try:
        parsed = tpm.parse_tpm_quote(evidence.part("attest"))
        return bool(tpm.verify_ak_signature(key.material, parsed.raw, evidence.part("signature")))
    except tpm.TpmVerificationError:
        return False


def ours(evidence: Evidence, key: PublicKey) -> bool:
    try:
        verify_signed_quote(evidence, key)
    except CounterfoilError:
        return False
    return True


def changed(part: bytes, step: int) -> Iterator[bytes]:
    for at in {*range(0, len(part), step), *range(8), len(part) - 1}:
        yield part[:at] + bytes((part[at] ^ 1,)) + part[at + 1 :]
    yield part[:-1]
    yield part + b"\x00"


@pytest.mark.parametrize("key", KEYS)
def test_both_believe_the_same_quotes(key: SoftKey) -> None:
    genuine = quote(key, pcrs=None)
    assert ours(genuine, key.key)
    assert theirs(genuine, key.key)
    for name in ("attest", "signature"):
        for part in changed(genuine.part(name), 5):
            evidence = with_parts(genuine, {name: part})
            assert not ours(evidence, key.key)
            assert not theirs(evidence, key.key)


@pytest.mark.parametrize("key", KEYS[:2])
def test_both_read_the_same_out_of_a_quote(key: SoftKey) -> None:
    evidence = quote(key, Attest(extra_data=b"other"))
    found, parsed = verify_signed_quote(evidence, key.key).attest, tpm.parse_tpm_quote(evidence.part("attest"))
    assert found.extra_data == parsed.qualifying_data
    assert found.pcr_digest == parsed.pcr_digest
    assert [set(one.indices) for one in found.selections] == [set(one.indices()) for one in parsed.pcr_selections]


def azure_theirs(evidence: Evidence, extra: bytes, pem: str) -> bool:
    held = evidence.parts
    return bool(
        other_azure.verify_azure_runtime_quote(
            expected_qualifying_data=extra,
            quote_msg_b64=base64.b64encode(held["attest"]).decode(),
            quote_sig_b64=base64.b64encode(held["signature"]).decode(),
            ak_pub_pem=pem,
            runtime_data_hex=held["runtime-data"].hex(),
            snp_report_bytes=held["report"],
        )
    )


def azure_ours(evidence: Evidence, extra: bytes) -> bool:
    try:
        return VERIFY(evidence, AT, ANCHORS, NO_COLLATERAL).bound["extra-data"] == extra
    except CounterfoilError:
        return False


def real() -> Evidence:
    return parse_cmcp_azure(require_shared("attestation", "azure_cvm", "cmcp_evidence.bin").read_bytes())


@pytest.mark.parametrize("made", [real, lambda: azure(pcrs=None)])
def test_both_believe_the_same_confidential_vms(made: Callable[[], Evidence]) -> None:
    evidence = made()
    key = parse_runtime_data(evidence.part("runtime-data")).attestation_key
    pem, extra = public_key_pem(key), VERIFY(evidence, AT, ANCHORS, NO_COLLATERAL).bound["extra-data"]
    assert azure_theirs(evidence, extra, pem)
    assert not azure_theirs(evidence, sha256(extra).digest(), pem)
    for name, step in (("attest", 7), ("signature", 32), ("runtime-data", 50)):
        for part in changed(evidence.part(name), step):
            edited = with_parts(evidence, {name: part})
            assert not azure_ours(edited, extra)
            assert not azure_theirs(edited, extra, pem)


def test_both_ask_for_the_key_that_the_runtime_data_name() -> None:
    stranger = azure(rsa_ak(bits=3072), pcrs=None)
    material = rsa_ak(bits=3072).private.public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = material.public_bytes(serialization.Encoding.PEM, spki).decode()
    assert not azure_ours(stranger, b"challenge")
    for named in (pem, public_key_pem(AK.key)):
        assert not azure_theirs(stranger, b"challenge", named)
