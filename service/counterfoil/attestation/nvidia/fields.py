"""What an NVIDIA GPU says of itself beside its measurements: the fields in the opaque data of its report.

The types are those of NVIDIA's attestation SDK, which is where they are published.
"""

from collections.abc import Mapping
from typing import Final

from counterfoil.errors import MalformedEvidenceError

FIRMWARE_ID: Final = 20
_VBIOS_VERSION: Final = 6
_VBIOS_BYTES: Final = 8

_TEXTS: Final = {
    3: "driver-version",
    15: "chip-sku",
    16: "chip-sku-mod",
    17: "project",
    18: "project-sku",
    19: "project-sku-mod",
}
_BYTES: Final = {
    4: "gpu-info",
    11: "nvdec0-status",
    13: "cpr-info",
    14: "board-id",
    FIRMWARE_ID: "firmware-id",
    21: "protected-pcie-status",
}


def field_facts(opaque: Mapping[int, bytes]) -> dict[str, str]:
    """Return the fields that a policy can compare, as text by name; what is no text in NVIDIA's form is in hex.

    Raises:
        MalformedEvidenceError: A field that is text in NVIDIA's form is none, or the VBIOS has no version.
    """
    facts = {name: _text(opaque[kind]) for kind, name in _TEXTS.items() if kind in opaque}
    facts |= {name: opaque[kind].hex() for kind, name in _BYTES.items() if kind in opaque}
    if _VBIOS_VERSION in opaque:
        facts["vbios-version"] = _vbios(opaque[_VBIOS_VERSION])
    return facts


def _text(value: bytes) -> str:
    text = value.rstrip(b"\0")
    if not text.isascii() or not text.decode("ascii").isprintable():
        raise MalformedEvidenceError("a field of the report is not text")
    return text.decode("ascii")


def _vbios(value: bytes) -> str:
    """The version as NVIDIA writes it, of five numbers: 96.00.5E.00.01."""
    if len(value) != _VBIOS_BYTES:
        raise MalformedEvidenceError("a version of the VBIOS has another length")
    return ".".join(f"{number:02X}" for number in (*reversed(value[:4]), value[4]))
