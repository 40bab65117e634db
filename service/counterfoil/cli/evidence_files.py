"""Evidence as tools leave it in files, brought into the parts that verifiers read. Nothing of it is verified here."""

import re
import ssl
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.azure.cmcp import parse_cmcp_azure
from counterfoil.attestation.conveyance.carried import Carried, carried_attestation
from counterfoil.attestation.evidence import Evidence, Platform, parse_evidence_bundle
from counterfoil.attestation.tpm.attest import parse_quote_attest
from counterfoil.attestation.tpm.pcrs import encode_pcr_values, parse_pcr_values
from counterfoil.errors import EvidenceMismatchError, EvidencePartError, MalformedError, MalformedEvidenceError
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement

MAX_STATEMENT_BYTES: Final = 16 * 1024 * 1024
"""As much as a policy can admit of a statement."""

_STATEMENT: Final = b"\xd2"
_BUNDLE: Final = b"\x82"
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,}")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{32,}={0,2}")
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The content of a file, and the name of the part that it is said to be; None where its place says it."""

    data: bytes
    part: str | None = None


@dataclass(frozen=True, slots=True)
class ReadEvidence:
    """Evidence out of files. ``statement`` is the Signed Statement that carries it, where it came in one."""

    carried: Carried
    statement: SignedStatement | None = None


def read_evidence(platform: Platform, files: Sequence[EvidenceFile]) -> ReadEvidence:
    """Evidence of a platform out of the files that its tools write.

    Files without a name are the parts in the order of ``PARTS``; of certificates there may be several files, in PEM or
    DER. A single file may also be a whole: evidence in the encoding of ``Evidence``, a Signed Statement that carries
    some, or what cmcp writes on Azure. What is binary may be in hexadecimal or base64.

    Raises:
        EvidencePartError: There are more files than parts, or one names a part that the platform does not have.
        EvidenceMismatchError: The evidence is of another platform.
        MalformedError: A file is not what it should be.
    """
    if len(files) == 1 and files[0].part is None:
        whole = _whole(platform, files[0].data)
        if whole is not None:
            if whole.carried.evidence.platform is not platform:
                raise EvidenceMismatchError(f"the evidence is of {whole.carried.evidence.platform}, not of {platform}")
            return whole
    return ReadEvidence(Carried(Evidence(platform, _parts(platform, files))))


def _whole(platform: Platform, data: bytes) -> ReadEvidence | None:
    if data.startswith(_BUNDLE):
        return ReadEvidence(Carried(parse_evidence_bundle(data)))
    if platform is Platform.AZURE_CVM and data.lstrip().startswith(b"{"):
        return ReadEvidence(Carried(parse_cmcp_azure(data)))
    # A Nitro document is a COSE_Sign1 as well, and some write the tag before it.
    if data.startswith(_STATEMENT) and platform is not Platform.AWS_NITRO:
        statement = parse_signed_statement(data, max_bytes=MAX_STATEMENT_BYTES)
        carried = carried_attestation(statement)
        if carried is None:
            raise MalformedEvidenceError("the statement carries no evidence")
        return ReadEvidence(carried, statement)
    return None


def _parts(platform: Platform, files: Sequence[EvidenceFile]) -> dict[str, bytes]:
    known, last = PARTS.get(platform, {}), len(PARTS.get(platform, {})) - 1
    if not known:
        raise EvidencePartError(f"evidence of {platform} is given in one file, in the encoding of evidence")
    unnamed, found = [file.data for file in files if file.part is None], dict[str, list[bytes]]()
    for place, data in enumerate(unnamed):
        found.setdefault(list(known)[min(place, last)], []).append(data)
    for file in files:
        if file.part is None:
            continue
        if file.part not in known | _NAMED_ONLY.get(platform, {}):
            raise EvidencePartError(f"evidence of {platform} has the parts {', '.join(known)}")
        found.setdefault(file.part, []).append(file.data)
    return _joined(platform, found)


def _joined(platform: Platform, found: Mapping[str, Sequence[bytes]]) -> dict[str, bytes]:
    readers = PARTS[platform] | _NAMED_ONLY.get(platform, {})
    parts = dict[str, bytes]()
    for name, several in found.items():
        if len(several) > 1 and readers[name] is not pem_certificates:
            raise EvidencePartError(f"the part {name} is given more than once")
        parts[name] = b"".join(map(readers[name], several))
    if _PCRS in parts and _ATTEST in parts:
        parts[_PCRS] = pcr_values(parts[_PCRS], parts[_ATTEST])
    return parts


def binary(data: bytes) -> bytes:
    """What a file holds that may be in hexadecimal or base64."""
    text = b"".join(data.split())
    if _HEX.fullmatch(text):
        return bytes.fromhex(text.decode())
    if _BASE64.fullmatch(text):
        standard = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        return b64decode(standard + b"=" * (-len(standard) % 4))
    return data


def pem_certificates(data: bytes) -> bytes:
    """The certificates of a file in the one PEM that verifiers read, whatever stands around them; one may be in DER.

    Raises:
        MalformedEvidenceError: A block in PEM is not in base64.
    """
    blocks = _PEM.findall(data)
    try:
        ders = [ssl.PEM_cert_to_DER_cert(block.decode()) for block in blocks] or [data]
    except ValueError as error:
        raise MalformedEvidenceError("a certificate in PEM is not in base64") from error
    return b"".join(ssl.DER_cert_to_PEM_cert(der).encode() for der in ders)


def pcr_values(data: bytes, attest: bytes) -> bytes:
    """The values of registers as verifiers read them, out of the bare values in the order in which they were quoted."""
    try:
        parse_pcr_values(data)
    except MalformedError:
        pass
    else:
        return data
    quoted = [(one.bank, index) for one in parse_quote_attest(attest).selections for index in one.indices]
    if sum(bank.size for bank, _ in quoted) != len(data):
        return data
    values, place = dict[str, dict[int, bytes]](), 0
    for bank, index in quoted:
        values.setdefault(bank.name, {})[index] = data[place : place + bank.size]
        place += bank.size
    return encode_pcr_values(values)


def _text(data: bytes) -> bytes:
    return data.strip()


def _as_it_is(data: bytes) -> bytes:
    return data


_Reader = Callable[[bytes], bytes]
_ATTEST, _PCRS, _CERTIFICATES = "attest", "pcrs", "certificates"
_QUOTED: Final[Mapping[str, _Reader]] = MappingProxyType({_ATTEST: binary, "signature": binary, _PCRS: _as_it_is})

PARTS: Final[Mapping[Platform, dict[str, _Reader]]] = MappingProxyType(
    {
        Platform.AMD_SEV_SNP: {"report": binary, _CERTIFICATES: pem_certificates},
        Platform.INTEL_TDX: {"quote": binary, "collateral": _as_it_is},
        Platform.INTEL_SGX: {"quote": binary, "collateral": _as_it_is},
        Platform.AWS_NITRO: {"document": binary},
        Platform.TPM2: {**_QUOTED, "public": binary, _CERTIFICATES: pem_certificates},
        Platform.AZURE_CVM: {"hcl-report": binary, **_QUOTED, _CERTIFICATES: pem_certificates},
        Platform.NVIDIA_GPU: {"report": binary, _CERTIFICATES: pem_certificates},
        Platform.NVIDIA_NRAS: {"eat": _text, "keys": _as_it_is},
        Platform.GCP_CONFIDENTIAL_SPACE: {"token": _text},
        Platform.AZURE_MAA: {"token": _text},
        Platform.INTEL_ITA: {"token": _text},
        Platform.EAR: {"token": _text, "keys": _as_it_is},
    }
)
"""The parts of each platform in the order in which files without a name are taken, and how a file becomes one."""

_NAMED_ONLY: Final[Mapping[Platform, dict[str, _Reader]]] = MappingProxyType(
    {
        Platform.AMD_SEV_SNP: {"endorsement": binary},
        Platform.AZURE_CVM: {"quote": binary, "report": binary, "runtime-data": _as_it_is, "collateral": _as_it_is},
    }
)
"""Parts that no place stands for."""
