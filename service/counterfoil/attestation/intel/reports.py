"""The reports inside Intel's quotes, field by field; who signed them is decided elsewhere."""

from dataclasses import dataclass
from typing import Final

from counterfoil.errors import MalformedEvidenceError

_TD_FIELDS: Final = (
    ("tee_tcb_svn", 16),
    ("mrseam", 48),
    ("mrsignerseam", 48),
    ("seam_attributes", 8),
    ("attributes", 8),
    ("xfam", 8),
    ("mrtd", 48),
    ("mrconfigid", 48),
    ("mrowner", 48),
    ("mrownerconfig", 48),
    ("rtmr0", 48),
    ("rtmr1", 48),
    ("rtmr2", 48),
    ("rtmr3", 48),
    ("report_data", 64),
)
_TD15_FIELDS: Final = (*_TD_FIELDS, ("tee_tcb_svn2", 16), ("mrservicetd", 48))
_ENCLAVE_FIELDS: Final = (
    ("cpu_svn", 16),
    ("misc_select", 4),
    ("reserved_1", 28),
    ("attributes", 16),
    ("mrenclave", 32),
    ("reserved_2", 32),
    ("mrsigner", 32),
    ("reserved_3", 96),
    ("isv_prod_id", 2),
    ("isv_svn", 2),
    ("reserved_4", 60),
    ("report_data", 64),
)
TD_REPORT_BYTES: Final = sum(size for _, size in _TD_FIELDS)
TD15_REPORT_BYTES: Final = sum(size for _, size in _TD15_FIELDS)
ENCLAVE_REPORT_BYTES: Final = sum(size for _, size in _ENCLAVE_FIELDS)

_TD_MEASUREMENTS: Final = frozenset(name for name, size in _TD15_FIELDS if size == 48)  # noqa: PLR2004 - SHA-384
_TD_DEBUG, _TD_MIGRATABLE, _ENCLAVE_DEBUG = 1 << 0, 1 << 29, 1 << 1


@dataclass(frozen=True, slots=True)
class TdReport:
    """What a TDX module says of a trust domain.

    ``measurements`` holds every register by its name, those that are all zero as well: zero is what was measured.
    ``current_tcb_svn`` is of the module that runs now, where it was updated under the domain (version 1.5).
    """

    measurements: dict[str, bytes]
    attributes: int
    xfam: bytes
    tee_tcb_svn: bytes
    current_tcb_svn: bytes | None
    report_data: bytes

    @property
    def is_debuggable(self) -> bool:
        """Whether the host may read the domain's memory (ATTRIBUTES.TUD.DEBUG, bit 0)."""
        return bool(self.attributes & _TD_DEBUG)

    @property
    def is_migratable(self) -> bool:
        """Whether the domain may be moved to another machine (ATTRIBUTES.SEC.MIGRATABLE, bit 29)."""
        return bool(self.attributes & _TD_MIGRATABLE)


@dataclass(frozen=True, slots=True)
class EnclaveReport:
    """What a processor says of an enclave."""

    mrenclave: bytes
    mrsigner: bytes
    attributes: bytes
    isv_prod_id: int
    isv_svn: int
    report_data: bytes

    @property
    def is_debuggable(self) -> bool:
        """Whether the host may read the enclave's memory (ATTRIBUTES.DEBUG, bit 1)."""
        return bool(self.attributes[0] & _ENCLAVE_DEBUG)


def parse_td_report(body: bytes) -> TdReport:
    """Read a TD report of version 1.0 or 1.5.

    Raises:
        MalformedEvidenceError: It has the length of neither.

    Intel TDX DCAP Quote Generation Library and Quote Verification Library, appendix A.3.2 and A.3.3.
    """
    held = _fields(body, _TD_FIELDS if len(body) == TD_REPORT_BYTES else _TD15_FIELDS)
    return TdReport(
        measurements={name: value for name, value in held.items() if name in _TD_MEASUREMENTS},
        attributes=int.from_bytes(held["attributes"], "little"),
        xfam=held["xfam"],
        tee_tcb_svn=held["tee_tcb_svn"],
        current_tcb_svn=held.get("tee_tcb_svn2"),
        report_data=held["report_data"],
    )


def parse_enclave_report(body: bytes) -> EnclaveReport:
    """Read the report of an enclave.

    Raises:
        MalformedEvidenceError: It has another length.

    Intel SGX ECDSA Quote Library Reference, appendix A.4, table 5.
    """
    held = _fields(body, _ENCLAVE_FIELDS)
    return EnclaveReport(
        mrenclave=held["mrenclave"],
        mrsigner=held["mrsigner"],
        attributes=held["attributes"],
        isv_prod_id=int.from_bytes(held["isv_prod_id"], "little"),
        isv_svn=int.from_bytes(held["isv_svn"], "little"),
        report_data=held["report_data"],
    )


def _fields(body: bytes, layout: tuple[tuple[str, int], ...]) -> dict[str, bytes]:
    held, at = dict[str, bytes](), 0
    for name, size in layout:
        held[name] = body[at : at + size]
        at += size
    if at != len(body):
        raise MalformedEvidenceError(f"a report of {len(body)} bytes where one has {at}")
    return held
