"""The claims by which services that verify quotes and reports tell what stands in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.errors import MalformedEvidenceError


@dataclass(frozen=True, slots=True)
class TeeClaims:
    """Names of claims: of registers and of what is bound, each with its size in bytes, of debug modes, and of facts.

    The first of the measurements and the first of what is bound have to be there.
    """

    measurements: Mapping[str, tuple[str, int]]
    bound: Mapping[str, tuple[str, int]]
    debug: tuple[str, ...]
    facts: Mapping[str, str]


_SHA384_BYTES: Final = 48

TDX_CLAIMS: Final = TeeClaims(
    measurements={
        name: (f"tdx_{name}", _SHA384_BYTES) for name in ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrseam")
    },
    bound={"report-data": ("tdx_report_data", 64)},
    debug=("tdx_is_debuggable", "tdx_td_attributes_debug"),
    facts={
        "mr-config-id": "tdx_mrconfigid",
        "mr-owner": "tdx_mrowner",
        "mr-owner-config": "tdx_mrownerconfig",
        "mr-signer-seam": "tdx_mrsignerseam",
        "td-attributes": "tdx_td_attributes",
        "tee-tcb-svn": "tdx_tee_tcb_svn",
        "xfam": "tdx_xfam",
    },
)
"""Azure Attestation and Intel Trust Authority give the fields of a TD quote the same names."""


def hexadecimal_values(claims: TokenClaims, names: Mapping[str, tuple[str, int]]) -> dict[str, bytes]:
    """The values of the claims that are there, by their names here.

    Raises:
        MalformedEvidenceError: One is not in hexadecimal digits or has another size, or the first is not there.
    """
    found = {here: claims.hexadecimal(name, size) for here, (name, size) in names.items()}
    if next(iter(found.values()), None) is None:
        raise MalformedEvidenceError(f"the token has no claim {next(iter(names.values()))[0]}")
    return {here: value for here, value in found.items() if value is not None}


def hexadecimal_facts(claims: TokenClaims, names: Mapping[str, str]) -> dict[str, str]:
    """The claims that are there as hexadecimal digits in lower case, by their names here.

    Raises:
        MalformedEvidenceError: One is not in hexadecimal digits.
    """
    found = {here: claims.hexadecimal(name) for here, name in names.items()}
    return {here: value.hex() for here, value in found.items() if value is not None}


def text_facts(claims: TokenClaims, names: Mapping[str, str]) -> dict[str, str]:
    """The claims that are there as text, by their names here.

    Raises:
        MalformedEvidenceError: One is not text.
    """
    found = {here: claims.text(name) for here, name in names.items()}
    return {here: value for here, value in found.items() if value is not None}


def is_any_set(claims: TokenClaims, names: tuple[str, ...]) -> bool:
    """Whether one of the flags is set, or none of them is there: what does not say that debugging is off may be on.

    Raises:
        MalformedEvidenceError: One is neither true nor false.
    """
    flags = {claims.flag(name) for name in names}
    return True in flags or flags == {None}
