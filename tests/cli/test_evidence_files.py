"""Evidence out of files: each platform's parts, in the spellings that tools leave behind."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.conveyance.carried import Carried
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.pcrs import encode_pcr_values
from counterfoil.cli.evidence_files import PARTS, EvidenceFile, binary, pem_certificates, read_evidence
from counterfoil.cose import labels
from counterfoil.errors import (
    EvidenceMismatchError,
    EvidencePartError,
    MalformedError,
    MalformedEvidenceError,
)
from counterfoil.signing.generate import generate_private_key
from tests.builders import sign_statement
from tests.certificates import root
from tests.tpm_quotes import Attest, registers

DERS = [root(name).der for name in ("one", "two", "three")]
BLOB = bytes(range(256)) * 4


def pem(*ders: bytes) -> bytes:
    return b"".join(pem_certificates(der) for der in ders)


def files(*datas: bytes, **named: bytes) -> list[EvidenceFile]:
    return [*map(EvidenceFile, datas), *(EvidenceFile(data, name.replace("_", "-")) for name, data in named.items())]


def parts(platform: Platform, *datas: bytes, **named: bytes) -> dict[str, bytes]:
    return dict(read_evidence(platform, files(*datas, **named)).carried.evidence.parts)


@pytest.mark.parametrize(
    "spelled",
    [
        BLOB,
        BLOB.hex().encode(),
        BLOB.hex().upper().encode() + b"\n",
        b64encode(BLOB),
        b64encode(BLOB[:-1]).replace(b"A", b"A\r\n") + b"\n",
        urlsafe_b64encode(BLOB).rstrip(b"="),
    ],
)
def test_what_is_binary_may_be_in_text(spelled: bytes) -> None:
    assert binary(spelled) in {BLOB, BLOB[:-1]}
    assert parts(Platform.AWS_NITRO, spelled)["document"] in {BLOB, BLOB[:-1]}


@pytest.mark.parametrize("data", [b"", b"abcd", BLOB, b"a" * 64 + b"\xff", b"a-b{" * 32])
def test_what_is_no_text_stays_as_it_is(data: bytes) -> None:
    assert binary(data) == data


def test_certificates_come_in_any_number_of_files_and_in_both_forms() -> None:
    for given in (
        [pem(*DERS)],
        [DERS[0], pem(*DERS[1:])],
        [b"subject=/CN=one\n" + pem(DERS[0]) + b"\n\n", *DERS[1:]],
        [pem(*DERS).replace(b"\n", b"\r\n")],
    ):
        found = parts(Platform.AMD_SEV_SNP, BLOB, *given)
        assert found["report"] == BLOB
        assert list(parse_pem_chain(found["certificates"], at_most=3)) == DERS


def test_parts_are_taken_in_order_or_by_their_names() -> None:
    by_place = parts(Platform.INTEL_TDX, BLOB, b"{}")
    assert by_place == parts(Platform.INTEL_TDX, collateral=b"{}", quote=BLOB) == {"quote": BLOB, "collateral": b"{}"}
    assert parts(Platform.INTEL_TDX, BLOB, collateral=b"{}") == by_place
    endorsed = parts(Platform.AMD_SEV_SNP, BLOB, DERS[0], endorsement=BLOB)
    assert endorsed == {"report": BLOB, "certificates": pem(DERS[0]), "endorsement": BLOB}
    cvm = parts(Platform.AZURE_CVM, report=BLOB, runtime_data=b" {} ", attest=BLOB, signature=BLOB)
    assert cvm == {"report": BLOB, "runtime-data": b" {} ", "attest": BLOB, "signature": BLOB}
    assert parts(Platform.GCP_CONFIDENTIAL_SPACE, b" a.b.c\n") == {"token": b"a.b.c"}


@pytest.mark.parametrize(
    ("platform", "given"),
    [
        (Platform.INTEL_TDX, files(BLOB, b"{}", b"{}")),
        (Platform.INTEL_TDX, files(BLOB, quote=BLOB)),
        (Platform.INTEL_TDX, files(BLOB, report=BLOB)),
        (Platform.AWS_NITRO, files(BLOB, BLOB)),
        (Platform.AMD_SEV_SNP, files(BLOB, runtime_data=b"{}")),
        (Platform.COMPOSITE, files(BLOB, BLOB)),
        (Platform.COMPOSITE, files(BLOB)),
    ],
)
def test_files_that_are_no_parts_of_the_platform_are_refused(platform: Platform, given: list[EvidenceFile]) -> None:
    with pytest.raises(EvidencePartError):
        read_evidence(platform, given)


@pytest.mark.parametrize("platform", sorted(set(Platform) - {Platform.COMPOSITE}))
def test_every_platform_has_parts_in_an_order(platform: Platform) -> None:
    first = next(iter(PARTS[platform]))
    assert list(parts(platform, BLOB)) == [first]


def test_bare_registers_are_those_that_the_quote_names() -> None:
    values = {**registers(0, 7), **registers(1, bank="sha384")}
    attest = Attest(values=values).encode()
    bare = b"".join(held[index] for held in values.values() for index in sorted(held))
    encoded = encode_pcr_values(values)
    for given in (bare, encoded):
        assert parts(Platform.TPM2, attest, b"", given)["pcrs"] == encoded
    assert parts(Platform.TPM2, attest, b"", bare[:-1])["pcrs"] == bare[:-1]
    with pytest.raises(MalformedError):
        parts(Platform.TPM2, b"\xffTCG", b"", bare)


WHOLE = Evidence(Platform.AMD_SEV_SNP, {"report": BLOB})


def test_evidence_in_its_own_encoding_is_a_whole() -> None:
    assert read_evidence(Platform.AMD_SEV_SNP, files(WHOLE.encode())).carried == Carried(WHOLE)
    composite = Evidence(Platform.COMPOSITE, submodules={"cpu": WHOLE})
    assert read_evidence(Platform.COMPOSITE, files(composite.encode())).carried.evidence == composite
    assert parts(Platform.AMD_SEV_SNP, report=WHOLE.encode()) == {"report": WHOLE.encode()}
    with pytest.raises(EvidenceMismatchError):
        read_evidence(Platform.INTEL_TDX, files(WHOLE.encode()))
    with pytest.raises(MalformedError):
        read_evidence(Platform.AMD_SEV_SNP, files(WHOLE.encode()[:-1]))


def test_a_statement_may_carry_evidence() -> None:
    agent = generate_private_key("ES256")
    carried = Carried(WHOLE, agent.public_key)
    read = read_evidence(
        Platform.AMD_SEV_SNP, files(sign_statement(agent, headers={labels.ATTESTATION: carried.encode()}))
    )
    assert read.carried == carried
    assert read.statement is not None
    with pytest.raises(MalformedEvidenceError):
        read_evidence(Platform.AMD_SEV_SNP, files(sign_statement(agent)))
    with pytest.raises(MalformedError):
        read_evidence(Platform.AMD_SEV_SNP, files(b"\xd2\x84"))
    assert parts(Platform.AWS_NITRO, b"\xd2\x84" + BLOB) == {"document": b"\xd2\x84" + BLOB}


def test_what_cmcp_writes_on_azure_is_a_whole() -> None:
    names = ("snp_report", "runtime_data", "quote_msg", "quote_sig", "vcek_chain_pem")
    written = json.dumps({"v": 1, **dict.fromkeys(names, b64encode(BLOB).decode())}).encode()
    read = read_evidence(Platform.AZURE_CVM, files(written))
    assert set(read.carried.evidence.parts.values()) == {BLOB}
    with pytest.raises(MalformedError):
        read_evidence(Platform.AZURE_CVM, files(b"{}"))


def test_a_certificate_that_is_not_in_base64_is_refused() -> None:
    broken = pem(DERS[0]).replace(b"MII", b"M=I", 1)
    with pytest.raises(MalformedEvidenceError):
        parts(Platform.AMD_SEV_SNP, BLOB, broken)
