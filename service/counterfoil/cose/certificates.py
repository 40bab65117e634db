"""What a certificate in x5chain says about the key; its path is judged elsewhere (RFC 9360)."""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from counterfoil.cose import labels
from counterfoil.cose.public_key import PublicKey, public_key_of
from counterfoil.cose.spki import require_admitted_kind
from counterfoil.errors import AlgorithmUnsupportedError, MalformedCertificateError

_HASHES: Final = {labels.SHA256: hashlib.sha256, labels.SHA384: hashlib.sha384, labels.SHA512: hashlib.sha512}


_LONG_FORM: Final = 0x80
_VERSION: Final = b"\xa0\x03\x02\x01"
_SIGN: Final = b"\x80"


def load_certificate(der: bytes) -> x509.Certificate:
    """Return a certificate as the library has it, for what it says of names, dates, keys and extensions.

    Its bytes may be others: the certificates of AMD's processors have the serial number 0, which RFC 5280 forbids and
    the library is going to refuse, and have another one here. A negative one is refused.

    Raises:
        ValueError, TypeError, x509.InvalidVersion: As the library.
    """
    at = _serial_at(der)
    serial = der[at + 2 : at + 2 + (der[at + 1] if at + 1 < len(der) else 0)]
    if serial[:1] >= _SIGN:
        raise ValueError("the serial number of the certificate is negative")
    if serial == b"\x00":
        der = der[: at + 2] + b"\x01" + der[at + 3 :]
    return x509.load_der_x509_certificate(der)


def _serial_at(der: bytes) -> int:
    """Where the serial number begins, in whatever is a certificate: behind two headers, and the version if any."""
    at = 0
    for _ in ("certificate", "what is signed of it"):
        length = der[at + 1] if at + 1 < len(der) else 0
        at += 2 + (length - _LONG_FORM if length & _LONG_FORM else 0)
    return at + len(_VERSION) + 1 if der[at : at + len(_VERSION)] == _VERSION else at


def certificate_key(der: bytes) -> PublicKey:
    """Return the public key that the DER certificate ``der`` certifies; nothing else of it is checked.

    Raises:
        MalformedCertificateError: not a certificate.
        MalformedKeyError: a key of a kind that this log does not know.
        AlgorithmUnsupportedError: a key that this installation cannot compute with.

    RFC 9360, section 2; RFC 5280, section 4.1.
    """
    try:
        certificate = load_certificate(der)
        require_admitted_kind(certificate.public_key_algorithm_oid.dotted_string)
        material = certificate.public_key()
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnsupportedError("this installation cannot use the certificate's key") from exc
    except (ValueError, TypeError, x509.InvalidVersion) as exc:
        raise MalformedCertificateError("not an X.509 certificate in DER") from exc
    return public_key_of(material)


def certificate_digest(der: bytes, alg: int) -> bytes:
    """Return the digest of the certificate ``der`` by which x5t names it (RFC 9360, section 2).

    Raises:
        AlgorithmUnsupportedError: ``alg`` is not SHA-256, SHA-384 or SHA-512 (RFC 9054).
    """
    hashed = _HASHES.get(alg)
    if hashed is None:
        raise AlgorithmUnsupportedError(f"hash algorithm {alg} is not supported")
    return hashed(der).digest()
