"""A quote of Intel TDX or SGX taken apart to its last byte; whether it is genuine is decided elsewhere."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from counterfoil.attestation.intel.reports import ENCLAVE_REPORT_BYTES, TD15_REPORT_BYTES, TD_REPORT_BYTES
from counterfoil.errors import EvidenceTooLargeError, EvidenceVersionError, MalformedEvidenceError

MAX_QUOTE_BYTES: Final = 32 * 1024
"""A quote with its chain of three certificates takes 5 KB."""

_HEADER_BYTES: Final = 48
_BODY_HEADER_BYTES: Final = 6
_QE_VENDOR: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
_ECDSA_P256: Final = 2
_SIGNATURE_AND_KEY: Final = 64 + 64
_PCK_CHAIN, _QE_REPORT = 5, 6
_NESTED_SINCE, _BODY_TYPED = 4, 5


class Tee(Enum):
    """What a quote speaks of: the TEE type in its header."""

    SGX = 0x00
    TDX = 0x81


_BODIES: Final = {
    (Tee.SGX, 3, None): ENCLAVE_REPORT_BYTES,
    (Tee.TDX, 4, None): TD_REPORT_BYTES,
    (Tee.TDX, 5, 2): TD_REPORT_BYTES,
    (Tee.TDX, 5, 3): TD15_REPORT_BYTES,
}
"""How long the report is, by TEE, version of the quote and, since version 5, type of the body."""


@dataclass(frozen=True, slots=True)
class IntelQuote:
    """A quote's version, its report as bytes, and the chain of its PCK certificate in PEM.

    ``exact`` is the quote without the zero bytes that may follow it.
    """

    exact: bytes
    tee: Tee
    version: int
    body: bytes
    pck_chain: bytes


def parse_intel_quote(quote: bytes, tee: Tee) -> IntelQuote:
    """Read a quote about an environment of the kind ``tee``, in which every length is exact.

    Zero bytes may follow it: drivers hand quotes out in buffers of a fixed size.

    Raises:
        EvidenceTooLargeError: It is longer than any quote.
        EvidenceVersionError: It is of another TEE, or of a version, type, key or certification that is not read here:
            SGX in version 3, TDX in version 4 and, with a body of TD report 1.0 or 1.5, in version 5; the PCK
            certificate stands in it with its chain.
        MalformedEvidenceError: It is none, ends early, or bytes follow that belong to nothing.

    Intel SGX ECDSA Quote Library Reference, appendix A.4; Intel TDX DCAP Quote Generation Library and Quote
    Verification Library, appendix A.3.
    """
    if len(quote) > MAX_QUOTE_BYTES:
        raise EvidenceTooLargeError(f"a quote of {len(quote)} bytes where {MAX_QUOTE_BYTES} are read")
    read = _Reader(quote)
    version = _header(read.take(_HEADER_BYTES), tee)
    body = _body(read, tee, version)
    signed = _Reader(read.sized(4))
    exact = read.taken()
    if any(quote[len(exact) :]):
        raise MalformedEvidenceError("bytes follow the quote")
    signed.take(_SIGNATURE_AND_KEY)
    if version >= _NESTED_SINCE:
        certified = _Reader(_certification(signed, _QE_REPORT))
        signed.require_end()
        signed = certified
    signed.take(ENCLAVE_REPORT_BYTES + 64)
    signed.sized(2)
    pck_chain = _certification(signed, _PCK_CHAIN)
    signed.require_end()
    return IntelQuote(exact, tee, version, body, pck_chain)


def _header(header: bytes, tee: Tee) -> int:
    version, key_type = _number(header[0:2]), _number(header[2:4])
    if _number(header[4:8]) != tee.value:
        raise EvidenceVersionError(f"the quote is not one of {tee.name}")
    if version not in {known for known_tee, known, _ in _BODIES if known_tee is tee}:
        raise EvidenceVersionError(f"a quote of {tee.name} of version {version} is not verified here")
    if key_type != _ECDSA_P256:
        raise EvidenceVersionError(f"a quote under a key of type {key_type} is not verified here")
    if header[12:28] != _QE_VENDOR:
        raise EvidenceVersionError("the quote is not by a quoting enclave of Intel")
    return version


def _body(read: "_Reader", tee: Tee, version: int) -> bytes:
    if version < _BODY_TYPED:
        return read.take(_BODIES[tee, version, None])
    head = read.take(_BODY_HEADER_BYTES)
    kind, size = _number(head[:2]), _number(head[2:])
    expected = _BODIES.get((tee, version, kind))
    if expected is None:
        raise EvidenceVersionError(f"a quote with a body of type {kind} is not verified here")
    if size != expected:
        raise MalformedEvidenceError(f"a body of {size} bytes where its type has {expected}")
    return read.take(size)


def _certification(read: "_Reader", kind: int) -> bytes:
    found = _number(read.take(2))
    if found != kind:
        raise EvidenceVersionError(f"certification data of type {found} where {kind} is verified here")
    return read.sized(4)


class _Reader:
    """Takes bytes from the front, and never fewer than it was asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise MalformedEvidenceError("the quote ends early")
        self._at += size
        return taken

    def sized(self, width: int) -> bytes:
        return self.take(_number(self.take(width)))

    def taken(self) -> bytes:
        return self._data[: self._at]

    def require_end(self) -> None:
        if self._at != len(self._data):
            raise MalformedEvidenceError("bytes of the quote belong to nothing")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
