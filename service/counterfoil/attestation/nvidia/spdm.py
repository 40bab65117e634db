"""The report of an NVIDIA GPU: an SPDM request for measurements and its response (DMTF DSP0274, version 1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.errors import (
    EvidenceMismatchError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
)

MAX_REPORT_BYTES: Final = 16 * 1024
"""A Hopper GPU answers with 4 KB: 64 measurements, and a few hundred bytes of its own."""

SIGNATURE_BYTES: Final = 96
"""ECDSA on P-384, r before s."""

_NONCE_BYTES: Final = 32
_REQUEST_BYTES: Final = 37
_VERSION: Final = 0x11
_GET_MEASUREMENTS: Final = 0xE0
_MEASUREMENTS: Final = 0x60
_SIGNED: Final = 0x01
_ALL_MEASUREMENTS: Final = 0xFF
_SLOT_BITS: Final = 0x0F
_DMTF: Final = 0x01
_RAW_VALUE: Final = 0x80
_DIGEST_BYTES: Final = frozenset({32, 48, 64})


@dataclass(frozen=True, slots=True)
class GpuReport:
    """A request and its response as they were read; nothing of them is verified.

    ``measurements`` are digests by their index, and ``opaque`` the vendor's own fields by their type. ``signed`` are
    the bytes that ``signature`` is over.
    """

    nonce: bytes
    response_nonce: bytes
    measurements: Mapping[int, bytes]
    opaque: Mapping[int, bytes]
    signed: bytes
    signature: bytes


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise MalformedEvidenceError("the report ends where more of it is due")
        self._at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")


def parse_gpu_report(data: bytes) -> GpuReport:
    """Read a request for all measurements, signed, and the response that follows it.

    Raises:
        EvidenceTooLargeError: The report is larger than any GPU's.
        EvidenceVersionError: It is of another version of SPDM, or a measurement is not one of the DMTF's digests.
        EvidenceMismatchError: The response is of another slot of certificates than the request.
        MalformedEvidenceError: It is no such report.

    DMTF DSP0274 1.1, sections on GET_MEASUREMENTS and MEASUREMENTS.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise EvidenceTooLargeError(f"a report of {len(data)} bytes where {MAX_REPORT_BYTES} are read")
    reader = _Reader(data)
    request = reader.take(_REQUEST_BYTES)
    version, code, attributes, operation = request[:4]
    _require_message(version, code, _GET_MEASUREMENTS)
    if (attributes, operation) != (_SIGNED, _ALL_MEASUREMENTS):
        raise MalformedEvidenceError("the request is not one for all measurements with a signature")
    version, code, _, answered = reader.take(4)
    _require_message(version, code, _MEASUREMENTS)
    slot = request[_REQUEST_BYTES - 1]
    if slot != answered & _SLOT_BITS:
        raise EvidenceMismatchError("the response is of another slot of certificates than the request")
    count, size = reader.number(1), reader.number(3)
    measurements = _measurements(reader.take(size), count)
    response_nonce = reader.take(_NONCE_BYTES)
    opaque = _opaque(reader.take(reader.number(2)))
    signature = reader.take(SIGNATURE_BYTES)
    if not reader.is_at_end:
        raise MalformedEvidenceError("bytes follow the report")
    nonce = request[4 : 4 + _NONCE_BYTES]
    return GpuReport(nonce, response_nonce, measurements, opaque, data[:-SIGNATURE_BYTES], signature)


def _require_message(version: int, code: int, expected: int) -> None:
    if version != _VERSION:
        raise EvidenceVersionError("the report is not of SPDM 1.1")
    if code != expected:
        raise MalformedEvidenceError("the report is not a request for measurements and its response")


def _measurements(record: bytes, count: int) -> dict[int, bytes]:
    reader, found = _Reader(record), dict[int, bytes]()
    for _ in range(count):
        index, specification = reader.number(1), reader.number(1)
        block = _Reader(reader.take(reader.number(2)))
        if specification != _DMTF:
            raise EvidenceVersionError("a measurement is not in the form of the DMTF")
        kind, value = block.number(1), block.take(block.number(2))
        if kind & _RAW_VALUE or len(value) not in _DIGEST_BYTES:
            raise EvidenceVersionError("a measurement is not a digest")
        if not block.is_at_end or index in found or index == 0:
            raise MalformedEvidenceError("a measurement has a length or an index that is none")
        found[index] = value
    if not reader.is_at_end or not found:
        raise MalformedEvidenceError("the measurements are not as many as the response says")
    return found


def _opaque(data: bytes) -> dict[int, bytes]:
    reader, found = _Reader(data), dict[int, bytes]()
    while not reader.is_at_end:
        kind = reader.number(2)
        if kind in found:
            raise MalformedEvidenceError("an opaque field stands twice")
        found[kind] = reader.take(reader.number(2))
    return found
