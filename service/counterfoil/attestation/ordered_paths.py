"""Chains of certificates that a device hands out in order, from the leaf to the root, each judged while it holds."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.encoding.cbor import encode
from counterfoil.errors import EvidenceCertificateError

MAX_REMEMBERED: Final = 1024
"""A path takes some 4 KB. A log has fewer machines that attest within the three hours of a Nitro leaf."""

DEVICE_PURPOSE: Final = PathPurpose(crl_may_be_missing=True)
"""The key of a device signs reports: no extended key usage is asked for, and what revocation is left out is told."""


class OrderedPaths:
    """Judges chains that are in order, leaf first and root last, with every certificate in its place.

    What is remembered changes no answer. For any number of threads.
    """

    def __init__(self) -> None:
        self._remembered: dict[bytes, VerifiedPath] = {}

    def __len__(self) -> int:
        """How many paths are remembered."""
        return len(self._remembered)

    def validate(
        self, chain: Sequence[bytes], roots: Sequence[bytes], at: int, *, crls: Sequence[bytes] = ()
    ) -> VerifiedPath:
        """The path that ``chain`` is, as it stands, when it holds at the time ``at`` and ends at one of ``roots``.

        Where the chain does not hold the root itself, the root follows its last certificate.

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
        known = self._remembered.get(name)
        if known is None or not known.holds_from <= at <= known.holds_until:
            known = _validated(chain, roots, at, ())
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = known
        return known


def _validated(chain: Sequence[bytes], roots: Sequence[bytes], at: int, crls: Sequence[bytes]) -> VerifiedPath:
    below = tuple(chain[:-1]) if len(chain) > 1 and chain[-1] in roots else tuple(chain)
    path = validate_path(below, roots, at, purpose=DEVICE_PURPOSE, crls=crls)
    if path.certificates[:-1] != below:
        raise EvidenceCertificateError("the certificates are not in the order of their path, or one is none of it")
    return path
