"""Which firmware the leaf of a GPU was issued to (TCG DICE Attestation Architecture, section on TcbInfo)."""

from typing import Final

from cryptography import x509

from counterfoil.cose.x509_path.der import elements
from counterfoil.errors import EvidenceCertificateError, MalformedCertificateError

_TCB_INFO: Final = x509.ObjectIdentifier("2.23.133.5.4.1")
_SHA384: Final = bytes.fromhex("0609608648016503040202")
_OCTETS: Final = 0x04
_CONSTRUCTED: Final = 0x20
_DIGEST_BYTES: Final = 48
_MAX_DEPTH: Final = 6
_PAIR: Final = 2


def certified_firmware(leaf: bytes) -> bytes:
    """Return the one SHA-384 digest of firmware in a certificate.

    Raises:
        EvidenceCertificateError: It names none, or several.
    """
    try:
        extension = x509.load_der_x509_certificate(leaf).extensions.get_extension_for_oid(_TCB_INFO).value
        found = _digests(extension.public_bytes(), _MAX_DEPTH)
    except (x509.ExtensionNotFound, MalformedCertificateError, NotImplementedError) as error:
        raise EvidenceCertificateError("the leaf does not say which firmware it was issued to") from error
    if len(found) != 1:
        raise EvidenceCertificateError("the leaf does not name one firmware")
    return found[0]


def _digests(data: bytes, depth: int) -> list[bytes]:
    held, found = elements(data), list[bytes]()
    if len(held) == _PAIR and held[0].encoded == _SHA384 and held[1].tag == _OCTETS:
        return [held[1].content] if len(held[1].content) == _DIGEST_BYTES else []
    for each in held:
        if each.tag & _CONSTRUCTED and depth > 0:
            found += _digests(each.content, depth - 1)
    return found
