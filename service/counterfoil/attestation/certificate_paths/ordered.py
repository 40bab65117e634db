"""Chains of certificates that a device hands out in order, from the leaf to the root, each judged while it holds."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from counterfoil.attestation.certificate_paths.remembered import Remembered, Verified
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.encoding.cbor import encode
from counterfoil.errors import EvidenceCertificateError

DEVICE_PURPOSE: Final = PathPurpose(crl_may_be_missing=True)
"""The key of a device signs reports: no extended key usage is asked for, and what revocation is left out is told."""


REMEMBERED: Final = Remembered[VerifiedPath]()
"""The paths that were judged lately."""


def validate_ordered(
    chain: Sequence[bytes], roots: Sequence[bytes], at: int, *, crls: Sequence[bytes] = ()
) -> VerifiedPath:
    """The path that ``chain`` is, as it stands, when it holds at the time ``at`` and ends at one of ``roots``.

    It is in order, leaf first, with every certificate in its place. Where it does not hold the root itself, the root
    follows its last certificate.

    Raises:
        TooLargeError, MalformedError: The chain is too long, or a certificate or CRL cannot be read.
        EvidenceCertificateError: The certificates are not in order, or one of them has no place in the path.
        UnverifiedError: The path does not hold.

    RFC 5280, section 6.1.
    """
    # Of several roots each has its time, and which one a path ends at would depend on what was asked before.
    if crls or len(roots) > 1:
        return _validated(chain, roots, at, crls)
    name = sha256(encode([list(chain), list(roots)])).digest()
    return REMEMBERED.find(name, at, lambda: Verified(_validated(chain, roots, at, ()), is_only=True))


def _validated(chain: Sequence[bytes], roots: Sequence[bytes], at: int, crls: Sequence[bytes]) -> VerifiedPath:
    below = tuple(chain[:-1]) if len(chain) > 1 and chain[-1] in roots else tuple(chain)
    path = validate_path(below, roots, at, purpose=DEVICE_PURPOSE, crls=crls)
    if path.certificates[:-1] != below:
        raise EvidenceCertificateError("the certificates are not in the order of their path, or one is none of it")
    return path
