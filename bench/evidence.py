"""Evidence to measure with: real evidence where the shared vectors are, and synthetic of the same form elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.verify_evidence import VERIFIERS, verify_evidence
from counterfoil.cli.evidence_files import EvidenceFile, read_evidence
from counterfoil.cose.public_key import public_key_der, public_key_of
from tests.attestation_tokens import Issued, TokenIssuer
from tests.certificates import AT
from tests.gpu_reports import Gpu
from tests.intel_quotes import SGX, TDX, make_platform
from tests.nitro_documents import NitroEnclave
from tests.snp_reports import make_chip
from tests.tpm_quotes import ecc_key, quote
from tests.vectors_dir import SHARED_VECTORS

REAL: Final = "real"
SYNTHETIC: Final = "synthetic"


@dataclass(frozen=True, slots=True)
class Sample:
    """Evidence that is genuine at ``at``, with what it is judged by."""

    source: str
    evidence: Evidence
    at: int
    anchors: Callable[[Platform], Anchors] = vendor_anchors
    collateral: Collateral = NO_COLLATERAL

    def verify(self) -> EvidenceClaims:
        """Its claims; errors as for ``verify_evidence``."""
        return verify_evidence(self.evidence, self.at, self.anchors, self.collateral)


def samples(vectors: Path = SHARED_VECTORS / "attestation") -> dict[Platform, Sample]:
    """One of each platform for which there is a verifier and evidence."""
    found = dict(_synthetic())
    found |= {platform: sample for platform, sample in _real(vectors) if platform in VERIFIERS}
    return found


_REAL: Final = (
    (Platform.AMD_SEV_SNP, ("genoa_report.bin", "genoa_vcek.pem", "genoa_ask.pem", "genoa_ark.pem"), 1795305600),
    (Platform.INTEL_TDX, ("tdx_quote_v4.bin",), 1750377600),
    (Platform.INTEL_SGX, ("sgx_quote.bin",), 1750377600),
    (Platform.AWS_NITRO, ("valid_doc.cbor",), 1665655200),
    (Platform.AZURE_CVM, ("cmcp_evidence.bin",), 1784592000),
    (Platform.NVIDIA_GPU, ("hopperAttestationReport.txt", "hopperCertChain.txt"), 1795305600),
    (Platform.GCP_CONFIDENTIAL_SPACE, ("confidential_space.jwt",), 1757060200),
)
"""The shared vectors of each platform, and the time at which they are judged (its README)."""

_FOLDERS: Final = {
    Platform.AMD_SEV_SNP: "sev_snp",
    Platform.INTEL_TDX: "tdx",
    Platform.INTEL_SGX: "sgx",
    Platform.AWS_NITRO: "nitro",
    Platform.AZURE_CVM: "azure_cvm",
    Platform.NVIDIA_GPU: "nvidia",
    Platform.GCP_CONFIDENTIAL_SPACE: "gcp",
}
_COLLATERAL: Final = {
    Platform.INTEL_TDX: "tdx_quote_v4_collateral.json",
    Platform.INTEL_SGX: "sgx_quote_collateral.json",
}


def _real(vectors: Path) -> Iterator[tuple[Platform, Sample]]:
    for platform, names, at in _REAL:
        folder = vectors / _FOLDERS[platform]
        if not folder.is_dir():
            continue
        files = [EvidenceFile((folder / name).read_bytes()) for name in names]
        collateral = NO_COLLATERAL
        if platform in _COLLATERAL:
            collateral = Collateral(dcap=((folder / _COLLATERAL[platform]).read_bytes(),))
        yield platform, Sample(REAL, read_evidence(platform, files).carried.evidence, at, collateral=collateral)


def _synthetic() -> Iterator[tuple[Platform, Sample]]:
    intel = make_platform()
    for platform, kind, made in (
        (Platform.INTEL_TDX, TDX, intel.tdx_quote()),
        (Platform.INTEL_SGX, SGX, intel.sgx_quote()),
    ):
        collateral = Collateral(dcap=(intel.collateral(kind),))
        yield platform, Sample(SYNTHETIC, Evidence(platform, {"quote": made}), AT, lambda _: intel.anchors, collateral)
    chip, enclave, gpu, key = make_chip(), NitroEnclave(), Gpu(), ecc_key()
    yield Platform.AMD_SEV_SNP, Sample(SYNTHETIC, chip.evidence(), AT, lambda _: chip.anchors)
    yield Platform.AWS_NITRO, Sample(SYNTHETIC, enclave.evidence(), AT, lambda _: enclave.anchors)
    yield Platform.NVIDIA_GPU, Sample(SYNTHETIC, gpu.evidence(), AT, lambda _: gpu.anchors)
    pinned = Anchors(frozenset({sha256(public_key_der(public_key_of(key.private.public_key()))).digest()}))
    yield Platform.TPM2, Sample(SYNTHETIC, quote(key), AT, lambda _: pinned)
    service = TokenIssuer.rsa()
    for issued in (service.gcp(), service.maa(), service.ita(), TokenIssuer.p256().ear(), TokenIssuer.p384().nras(1)):
        yield issued.evidence.platform, _of_token(issued)


def _of_token(issued: Issued) -> Sample:
    return Sample(SYNTHETIC, issued.evidence, AT, lambda _: issued.anchors, issued.collateral)
