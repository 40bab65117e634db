"""Real SNP reports at the times at which they are judged, and what other software makes of them."""

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from types import ModuleType

import pytest
from cryptography import x509

from counterfoil.attestation.anchors import ARK_GENOA, ARK_MILAN, VENDOR_PINS, Anchors, vendor_anchors
from counterfoil.attestation.azure.cmcp import parse_cmcp_azure
from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.snp.certificates import REMEMBERED
from counterfoil.attestation.snp.report import SigningKey, parse_snp_report
from counterfoil.attestation.snp.tcb import parse_tcb
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.attestation.verify_evidence import verify_evidence
from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.errors import (
    CertificateOutOfDateError,
    CounterfoilError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceVersionError,
    PathInvalidError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT as SYNTHETIC
from tests.intel_quotes import pem
from tests.snp_reports import FIELDS, VLEK, make_chip
from tests.vectors_dir import require_shared

AT = 1_795_305_600
"""2026-11-22."""

IN_JUNE = 1_748_736_000
"""2025-06-01, within the year of the provider's certificate."""

ANCHORS = vendor_anchors(Platform.AMD_SEV_SNP)
P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
REAL = {
    "milan": ("Milan", "milan_vcek.pem"),
    "milan_v2": ("Milan", "milan_v2_vcek.der"),
    "milan_debug": ("Milan", "milan_debug_vcek.der"),
    "genoa": ("Genoa", "genoa_vcek.pem"),
    "genoa_v5": ("Genoa", "genoa_v5_vcek.der"),
}


@lru_cache
def vector(name: str) -> bytes:
    return require_shared("attestation", "sev_snp", name).read_bytes()


def der(name: str) -> bytes:
    return vector(name) if name.endswith(".der") else parse_pem_chain(vector(name), at_most=1)[0]


def authorities(product: str) -> tuple[bytes, bytes]:
    return der(f"{product.lower()}_ask.pem"), der(f"{product.lower()}_ark.pem")


def verified(
    name: str,
    *,
    report: bytes | None = None,
    leaf: bytes | None = None,
    above: tuple[bytes, ...] | None = None,
    at: int = AT,
    anchors: Anchors = ANCHORS,
) -> EvidenceClaims:
    product, certificate = REAL[name]
    parts = {
        "report": vector(f"{name}_report.bin") if report is None else report,
        "certificates": pem(leaf or der(certificate), *(authorities(product) if above is None else above)),
    }
    return verify_snp(Evidence(Platform.AMD_SEV_SNP, parts), at, anchors, NO_COLLATERAL)


@pytest.mark.parametrize("name", REAL)
def test_a_real_report_is_genuine(name: str) -> None:
    report, claims = vector(f"{name}_report.bin"), verified(name)
    assert (claims.product, claims.signer) == (REAL[name][0], "VCEK")
    assert claims.measurements["launch"] == report[0x90:0xC0]
    assert claims.bound["report-data"] == report[0x50:0x90]
    assert claims.hardware_id == sha256(report[0x1A0:0x1E0]).digest()
    assert claims.debug is (name == "milan_debug")
    assert (claims.migratable, claims.vmpl) == (False, 0)
    assert [check.name for check in claims.checks if check.outcome is Outcome.NOT_CHECKED] == ["revocation"]


def test_what_real_reports_say() -> None:
    tcbs = {name: tuple(verified(name).tcb.values()) for name in REAL}
    assert tcbs == {
        "milan": (4, 0, 24, 219),
        "milan_v2": (3, 0, 8, 115),
        "milan_debug": (2, 0, 5, 68),
        "genoa": (10, 0, 23, 84),
        "genoa_v5": (10, 0, 27, 27),
    }
    versions = {name: verified(name).facts["report-version"] for name in REAL}
    assert versions == {"milan": "3", "milan_v2": "2", "milan_debug": "2", "genoa": "3", "genoa_v5": "5"}
    assert verified("milan_debug").facts["abi"] == "0.0"
    assert verified("milan").facts["abi"] == "0.31"


@pytest.mark.parametrize("name", REAL)
def test_it_holds_as_long_as_the_certificate_of_its_chip(name: str) -> None:
    claims, leaf = verified(name), parse_certificate(der(REAL[name][1]))
    assert (claims.holds_from, claims.holds_until) == (leaf.not_before, leaf.not_after)
    for at in (claims.holds_from, claims.holds_until):
        REMEMBERED.cache_clear()
        assert verified(name, at=at) == claims
    for at in (claims.holds_from - 1, claims.holds_until + 1, 1_577_836_800, 0):
        with pytest.raises(CertificateOutOfDateError):
            verified(name, at=at)


def test_a_certificate_of_another_real_chip_is_refused() -> None:
    for leaf in ("wrong_vcek.der", "milan_debug_vcek.der", "milan_vcek.pem"):
        with pytest.raises(UnverifiedError):
            verified("milan_v2", leaf=der(leaf))
    with pytest.raises(EvidenceMismatchError, match="version of the firmware"):
        verified("milan", leaf=der("milan_v2_vcek.der"))
    with pytest.raises(PathInvalidError):
        # It names the chip 00 01 02 ..., and AMD did not sign it.
        verified("milan_v2", leaf=der("wrong_vcek.der"))


def test_cas_of_another_product_are_refused() -> None:
    for name, product in (("milan", "Genoa"), ("genoa", "Milan")):
        with pytest.raises(RootUnknownError):
            verified(name, above=authorities(product))
    pinned = {"milan": ARK_GENOA, "genoa": ARK_MILAN}
    for name, pin in pinned.items():
        with pytest.raises(RootUnknownError):
            verified(name, anchors=Anchors(frozenset({pin})))


def test_cas_that_somebody_made_under_amd_s_names_are_refused() -> None:
    forged = make_chip()
    with pytest.raises(RootUnknownError):
        verified("milan", above=(forged.above.der, forged.amd.root.der))
    for above in ((forged.above.der, der("milan_ark.pem")), (der("milan_ask.pem"), forged.amd.root.der)):
        with pytest.raises(UnverifiedError):
            verified("milan", above=above)


def test_the_pins_are_those_of_the_real_roots() -> None:
    for name in ("milan_ark.pem", "genoa_ark.pem"):
        assert sha256(der(name)).digest() in VENDOR_PINS[Platform.AMD_SEV_SNP]


def test_a_real_provider_s_report_is_genuine_in_its_parts() -> None:
    """The CA of the provider's key (ASVK) is not among the vectors, so its path is not validated here.

    What is: the report, the signature of the key that the certificate is of, and that a synthetic provider with the
    same report data, firmware and level has the same claims. The certificate's extensions are read in the path alone.
    """
    data, leaf = vector("vlek_report.bin"), parse_certificate(vector("vlek.der"))
    report = parse_snp_report(data)
    assert (report.signing_key, report.vmpl, report.product) == (SigningKey.VLEK, 1, "Milan")
    assert (report.chip_id, report.masks_chip_key) == (bytes(64), False)
    assert leaf.not_before <= IN_JUNE <= leaf.not_after < AT
    levels = parse_tcb(report.reported_tcb, "Milan")
    said = {arc: leaf.unrecognised[f"1.3.6.1.4.1.3704.1.{arc}"][-1] for arc in ("3.1", "3.2", "3.3", "3.8")}
    assert tuple(levels.values()) == tuple(said.values())
    assert b"CN=cc-us-east-2.amazonaws.com" in leaf.unrecognised["1.3.6.1.4.1.3704.1.5"]
    chip = make_chip(kind=VLEK, levels=levels, says={"5": leaf.unrecognised["1.3.6.1.4.1.3704.1.5"]})
    fields = {name: data[at : at + size] for name, (at, size) in FIELDS.items()}
    claims = verify_snp(chip.evidence(chip.report(3, **fields)), SYNTHETIC, chip.anchors, NO_COLLATERAL)
    assert (claims.signer, claims.vmpl, claims.hardware_id) == ("VLEK", 1, None)
    assert claims.measurements["launch"] == report.measurement
    assert claims.facts["provider"] == "CN=cc-us-east-2.amazonaws.com"


def test_a_real_provider_s_report_is_refused_without_its_path() -> None:
    parts = {"report": vector("vlek_report.bin"), "certificates": pem(vector("vlek.der"), *authorities("Milan"))}
    for at in (IN_JUNE, AT):
        with pytest.raises(RootUnknownError):
            verify_snp(Evidence(Platform.AMD_SEV_SNP, parts), at, ANCHORS, NO_COLLATERAL)


def mutations(data: bytes, places: Iterator[int]) -> Iterator[bytes]:
    for at in places:
        yield data[:at] + bytes((data[at] ^ 0x01,)) + data[at + 1 :]


@pytest.mark.parametrize("name", REAL)
def test_no_field_of_a_real_report_may_be_another(name: str) -> None:
    data = vector(f"{name}_report.bin")
    edges = {place for at, size in FIELDS.values() for place in (at, at + size // 2, at + size - 1)}
    signature = {0x2A0, 0x2CF, 0x2D0, 0x2E7, 0x2E8, 0x317, 0x318, 0x32F, 0x330, 0x49F}
    for changed in mutations(data, iter(sorted(edges | signature))):
        with pytest.raises(CounterfoilError):
            verified(name, report=changed)


@pytest.mark.parametrize("name", ["policy", "report_data", "measurement", "host_data", "report_id", "platform_info"])
def test_another_field_of_a_real_report_is_another_signature(name: str) -> None:
    at, size = FIELDS[name]
    for changed in mutations(vector("milan_report.bin"), iter((at, at + size - 1))):
        with pytest.raises(EvidenceSignatureError if changed[0x0F] == 0 else EvidenceVersionError):
            verified("milan", report=changed)


@pytest.mark.parametrize("name", REAL)
def test_a_real_report_of_another_length_or_with_padding_is_refused(name: str) -> None:
    data = vector(f"{name}_report.bin")
    for changed in (data[:-1], data + b"\x00", data[:-1] + b"\x01", data[:0x2D0] + b"\x01" + data[0x2D1:]):
        with pytest.raises(CounterfoilError):
            verified(name, report=changed)


def test_the_twin_of_a_real_signature_gives_the_same_claims() -> None:
    data = vector("milan_report.bin")
    s = int.from_bytes(data[0x2E8:0x330], "little")
    twin = data[:0x2E8] + (P384_ORDER - s).to_bytes(72, "little") + data[0x330:]
    assert verified("milan", report=twin) == verified("milan")


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", REAL)
def test_no_byte_of_a_real_certificate_may_be_another(name: str) -> None:
    leaf, above = der(REAL[name][1]), authorities(REAL[name][0])
    for changed in mutations(leaf, iter(range(0, len(leaf), 16))):
        with pytest.raises(CounterfoilError):
            verified(name, leaf=changed)
    for changed in mutations(above[0], iter(range(0, len(above[0]), 16))):
        with pytest.raises(CounterfoilError):
            verified(name, above=(changed, above[1]))
    for changed in mutations(above[1], iter(range(0, len(above[1]), 16))):
        with pytest.raises(RootUnknownError):
            verified(name, above=(above[0], changed))


class TestSerialNumberZero:
    """AMD's chips have certificates with the serial number 0, which the library has announced to refuse.

    When one of these fails, a certificate is read past ``load_certificate``, or the library refuses something else
    that AMD writes: then no SNP evidence is verified any more, and this has to be mended before the library is updated.
    """

    @pytest.fixture(autouse=True)
    def unread(self) -> None:
        REMEMBERED.cache_clear()
        parse_certificate.cache_clear()

    @pytest.mark.parametrize("name", REAL)
    def test_no_warning_escapes(self, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            verified(name)
            assert certificate_key(der(REAL[name][1])).curve == "P-384"

    @pytest.mark.parametrize("name", REAL)
    def test_a_library_that_refuses_it_is_not_asked(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        library = x509.load_der_x509_certificate

        def strict(data: bytes) -> x509.Certificate:
            loaded = library(data)
            if loaded.serial_number <= 0:
                raise ValueError("the serial number is not positive")
            return loaded

        monkeypatch.setattr(x509, "load_der_x509_certificate", strict)
        assert verified(name).signer == "VCEK"

    @pytest.mark.parametrize("name", REAL)
    def test_it_is_still_the_number_that_stands_there(self, name: str) -> None:
        assert parse_certificate(der(REAL[name][1])).serial == 0


def test_a_real_azure_machine_is_genuine_end_to_end() -> None:
    """The SNP report, the key of the vTPM in its report data, and the quote that this key signed over a nonce."""
    evidence = parse_cmcp_azure(require_shared("attestation", "azure_cvm", "cmcp_evidence.bin").read_bytes())
    nonce = bytes.fromhex(require_shared("attestation", "azure_cvm", "cmcp_nonce.hex").read_text())
    claims = verify_evidence(evidence, AT, vendor_anchors, NO_COLLATERAL)
    report = evidence.part("report")
    assert (claims.platform, claims.product) == (Platform.AZURE_CVM, "Milan")
    assert claims.measurements["launch"] == report[0x90:0xC0]
    assert claims.bound == {"extra-data": sha256(nonce).digest()}
    assert claims.hardware_id == sha256(report[0x1A0:0x1E0]).digest()
    assert {"report-signature", "certificate-path", "firmware-version", "chip"} <= {
        check.name for check in claims.checks
    }
    chain = parse_pem_chain(evidence.part("certificates"), at_most=3)
    leaf = parse_certificate(chain[0])
    assert (claims.holds_from, claims.holds_until) == (leaf.not_before, leaf.not_after)
    for name in ("report", "runtime-data", "attest", "signature"):
        part = evidence.part(name)
        for at in range(0, len(part), 31):
            changed = {**evidence.parts, name: part[:at] + bytes((part[at] ^ 1,)) + part[at + 1 :]}
            with pytest.raises(CounterfoilError):
                verify_evidence(Evidence(Platform.AZURE_CVM, changed), AT, vendor_anchors, NO_COLLATERAL)


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    module: ModuleType = pytest.importorskip("agent_manifest._snp_verify")
    return module


def other_software(oracle: ModuleType) -> Callable[[str, bytes, bytes], bool]:
    def accepts(product: str, report: bytes, leaf: bytes) -> bool:
        time = datetime.fromtimestamp(AT, UTC)
        try:
            oracle.verify_vcek_chain(leaf, pem(*authorities(product)), verification_time=time)
            return bool(oracle.verify_snp_signature(oracle.parse_snp_report(report), leaf))
        except (oracle.SnpVerificationError, ValueError):
            return False

    return accepts


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", REAL)
def test_other_software_finds_the_same_reports_genuine_and_reads_the_same(oracle: ModuleType, name: str) -> None:
    product, certificate = REAL[name]
    data, claims = vector(f"{name}_report.bin"), verified(name)
    assert other_software(oracle)(product, data, der(certificate))
    read = oracle.parse_snp_report(data)
    assert (read.measurement, read.report_data) == (claims.measurements["launch"], claims.bound["report-data"])
    assert (read.debug, read.vmpl, read.host_data.hex()) == (claims.debug, claims.vmpl, claims.facts["host-data"])
    spellings = {"bl": "bootloader", "tee": "tee", "snp": "snp", "ucode": "microcode"}
    assert read.tcb_spls == {short: claims.tcb[name] for short, name in spellings.items()}
    assert f"{read.platform_info:016x}" == claims.facts["platform-info"]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", ["milan", "genoa_v5"])
def test_what_other_software_refuses_of_changed_evidence_is_refused_here(oracle: ModuleType, name: str) -> None:
    product, certificate = REAL[name]
    accepts, data, leaf = other_software(oracle), vector(f"{name}_report.bin"), der(certificate)
    both = 0
    for changed in mutations(data, iter(range(0, len(data), 61))):
        if not accepts(product, changed, leaf):
            both += 1
            with pytest.raises(CounterfoilError):
                verified(name, report=changed)
    for changed in mutations(leaf, iter(range(0, len(leaf), 67))):
        if not accepts(product, data, changed):
            both += 1
            with pytest.raises(CounterfoilError):
                verified(name, leaf=changed)
    assert both > 20


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_other_software_refuses_the_certificate_of_another_chip_too(oracle: ModuleType) -> None:
    assert not other_software(oracle)("Milan", vector("milan_v2_report.bin"), der("wrong_vcek.der"))


def test_the_pins_are_the_roots_that_other_software_pins(oracle: ModuleType) -> None:
    pins = {bytes.fromhex(digest) for digest in oracle.AMD_ARK_SHA256.values()}
    assert pins == VENDOR_PINS[Platform.AMD_SEV_SNP]
