"""The attestation document of a Nitro Enclave, read strictly (AWS Nitro Enclaves NSM API, attestation process)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.sign1 import Sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, Limits, decode
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError

MAX_DOCUMENT_BYTES: Final = 16 * 1024
"""The security module answers with 12 KB at most; documents of today take 4 to 5 KB."""

MAX_CERTIFICATE_BYTES: Final = 1024
MAX_BUNDLE: Final = 9
"""CAs above the leaf, the root among them. AWS uses four; a path has ten certificates at most."""

MAX_CHOSEN_BYTES: Final = 1024
"""Of user data, nonce and public key: what the grammar admits. The text names 512 for two of them."""

MAX_PCRS: Final = 32
PCR_BYTES: Final = frozenset({32, 48, 64})
_MAX_MODULE_ID: Final = 256
_ES384: Final = -35
_ARRAY_OF_FOUR: Final = 0x84
_TAG_18: Final = b"\xd2"
_DIGEST: Final = "SHA384"
_IMAGE_PCRS: Final = frozenset({0, 1, 2})
_REQUIRED: Final = frozenset({"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"})
_CHOSEN: Final = {"public_key": "public-key", "user_data": "user-data", "nonce": "nonce"}


@dataclass(frozen=True, slots=True)
class NitroDocument:
    """A document as it was read; nothing of it is verified.

    ``timestamp`` is in milliseconds since 1970. ``bundle`` begins with the root. ``chosen`` are the values that the
    enclave gave, by their names among the claims, without those that it left out.
    """

    message: Sign1
    module_id: str
    timestamp: int
    pcrs: Mapping[int, bytes]
    certificate: bytes
    bundle: tuple[bytes, ...]
    chosen: Mapping[str, bytes]


def parse_nitro_document(data: bytes) -> NitroDocument:
    """Read a document, bare as the security module gives it or tagged 18.

    Raises:
        EvidenceTooLargeError: It is larger than the security module's answers.
        EvidenceVersionError: It is signed with another algorithm than ES384, or digested with another than SHA-384.
        MalformedError: It is none.

    AWS Nitro Enclaves NSM API, attestation process, sections 3.1 and 3.2.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise EvidenceTooLargeError(f"a document of {len(data)} bytes where {MAX_DOCUMENT_BYTES} are read")
    tagged = _TAG_18 + data if data[:1] == bytes((_ARRAY_OF_FOUR,)) else data
    message = parse_sign1(tagged, max_bytes=MAX_DOCUMENT_BYTES + len(_TAG_18))
    if message.unprotected:
        raise MalformedEvidenceError("a document has an empty unprotected header")
    if message.protected != {labels.ALG: _ES384}:
        raise EvidenceVersionError("a document is signed with ES384, and its protected header names nothing else")
    if message.payload is None:
        raise MalformedEvidenceError("a document holds its payload")
    held = decode(message.payload, Limits(max_bytes=MAX_DOCUMENT_BYTES))
    if not isinstance(held, dict) or not _REQUIRED <= set(held) <= _REQUIRED | set(_CHOSEN):
        raise MalformedEvidenceError("a document has other members than AWS specifies")
    return _document(message, held)


def _document(message: Sign1, held: Mapping[int | str, CborValue]) -> NitroDocument:
    module_id, timestamp = held["module_id"], held["timestamp"]
    if not isinstance(module_id, str) or not 1 <= len(module_id) <= _MAX_MODULE_ID:
        raise MalformedEvidenceError(f"a module has a name of 1 to {_MAX_MODULE_ID} characters")
    if held["digest"] != _DIGEST:
        raise EvidenceVersionError("a document is digested with SHA-384")
    if not isinstance(timestamp, int) or isinstance(timestamp, bool) or timestamp <= 0:
        raise MalformedEvidenceError("a timestamp is a positive number of milliseconds")
    return NitroDocument(
        message=message,
        module_id=module_id,
        timestamp=timestamp,
        pcrs=_pcrs(held["pcrs"]),
        certificate=_certificate(held["certificate"]),
        bundle=_bundle(held["cabundle"]),
        chosen={name: _chosen(held[member]) for member, name in _CHOSEN.items() if held.get(member) is not None},
    )


def _pcrs(value: CborValue) -> dict[int, bytes]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_PCRS:
        raise MalformedEvidenceError(f"a document has 1 to {MAX_PCRS} PCRs")
    pcrs = {
        index: digest
        for index, digest in value.items()
        if isinstance(index, int) and 0 <= index < MAX_PCRS and isinstance(digest, bytes) and len(digest) in PCR_BYTES
    }
    if len(pcrs) != len(value):
        raise MalformedEvidenceError("a PCR has a number below 32 and 32, 48 or 64 bytes")
    if not set(pcrs) >= _IMAGE_PCRS:
        raise MalformedEvidenceError("a document has the PCRs of the enclave's image")
    return dict(sorted(pcrs.items()))


def _certificate(value: CborValue) -> bytes:
    if not isinstance(value, bytes) or not 1 <= len(value) <= MAX_CERTIFICATE_BYTES:
        raise MalformedEvidenceError(f"a certificate of a document has 1 to {MAX_CERTIFICATE_BYTES} bytes")
    return value


def _bundle(value: CborValue) -> tuple[bytes, ...]:
    if not isinstance(value, tuple) or not 1 <= len(value) <= MAX_BUNDLE:
        raise MalformedEvidenceError(f"a document has 1 to {MAX_BUNDLE} certificates of CAs")
    return tuple(_certificate(item) for item in value)


def _chosen(value: CborValue) -> bytes:
    if not isinstance(value, bytes) or len(value) > MAX_CHOSEN_BYTES:
        raise MalformedEvidenceError(f"what an enclave adds to a document has at most {MAX_CHOSEN_BYTES} bytes")
    return value
