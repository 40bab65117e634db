"""What DCAP collateral is about, by the name under which a log holds the latest of it."""

from hashlib import sha256
from typing import Final

from counterfoil.attestation.intel.dcap_collateral import DcapCollateral

_AUTHORITIES: Final = {b"SGX PCK Platform CA": "platform", b"SGX PCK Processor CA": "processor"}
_SHORT: Final = 16


def dcap_about(collateral: DcapCollateral) -> str:
    """The kind of environment, the FMSPC, and the CA of the platforms' certificates: ``tdx/00906ed50000/platform``.

    A CA that has not the name of one of Intel's is named by the first half of the SHA-256 digest of its name.

    Intel SGX and TDX Provisioning Certification Service API, version 4: Get TCB Info, Get Revocation List.
    """
    issuer = collateral.pck_issuer
    known = (name for text, name in _AUTHORITIES.items() if text in issuer)
    authority = next(known, sha256(issuer).hexdigest()[:_SHORT])
    return f"{collateral.tee.name.lower()}/{collateral.fmspc.hex()}/{authority}"
