"""Collateral as vendors publish it, told by what a file holds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.attestation.collateral import Collateral
from counterfoil.errors import MalformedCollateralError, MalformedCrlError

_PEM: Final = b"-----BEGIN X509 CRL-----"


class FileKind(StrEnum):
    """What a file with collateral is: a document about Intel's platforms, a key set, or a revocation list."""

    DCAP = "dcap"
    KEYS = "keys"
    CRL = "crl"


@dataclass(frozen=True, slots=True)
class CollateralFile:
    """The content of a file with collateral, a revocation list in DER; of a key set whose it is."""

    kind: FileKind
    data: bytes
    issuer: str | None = None


def read_collateral(data: bytes, issuer: str | None = None, kind: FileKind | None = None) -> CollateralFile:
    """What a file holds. ``issuer`` is that of the tokens which a key set verifies, ``kind`` what it is said to be.

    Raises:
        MalformedCollateralError: It is a key set, and nobody says whose; or something else, and somebody does.
        MalformedCrlError: It is no revocation list in PEM, though it begins as one.
    """
    kind = kind or _kind(data, issuer)
    if (issuer is not None) != (kind is FileKind.KEYS):
        raise MalformedCollateralError("a key set, and nothing else, is of an issuer, whose name is given with it")
    return CollateralFile(kind, crl_in_der(data) if kind is FileKind.CRL else data, issuer)


def crl_in_der(data: bytes) -> bytes:
    """A revocation list in DER, which may be in PEM.

    Raises:
        MalformedCrlError: It begins as one in PEM, and is none.
    """
    if not data.lstrip().startswith(_PEM):
        return data
    try:
        return x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
    except ValueError as error:
        raise MalformedCrlError("the file is no revocation list in PEM") from error


def gathered(files: tuple[CollateralFile, ...]) -> Collateral:
    """The files as the collateral that evidence is judged by."""
    return Collateral(
        crls=tuple(one.data for one in files if one.kind is FileKind.CRL),
        dcap=tuple(one.data for one in files if one.kind is FileKind.DCAP),
        keys={one.issuer: one.data for one in files if one.issuer is not None},
    )


def _kind(data: bytes, issuer: str | None) -> FileKind:
    if not data.lstrip().startswith(b"{"):
        return FileKind.CRL
    return FileKind.KEYS if issuer is not None or b'"tcb_info"' not in data else FileKind.DCAP
