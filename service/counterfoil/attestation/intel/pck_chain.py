"""The provisioning certificate in a quote: which platform it is about, and when its chain holds."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509

from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.cose.x509_path.certificate import Certificate, parse_certificate
from counterfoil.cose.x509_path.der import Element, one_element
from counterfoil.errors import EvidenceCertificateError, MalformedCertificateError

MAX_CHAIN: Final = 3
"""The PCK certificate, its CA and the root."""

MAX_REMEMBERED: Final = 64
"""Quotes of one machine carry one chain; so many machines are known at a time."""

_SGX_EXTENSION: Final = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
_SGX_ARC: Final = bytes.fromhex("2a864886f84d010d01")
_TCB, _PCE_ID, _FMSPC, _PCE_SVN = b"\x02", b"\x03", b"\x04", b"\x02\x11"
_FMSPC_BYTES, _PCE_ID_BYTES, _MAX_INTEGER_BYTES = 6, 2, 3
_SEQUENCE, _OCTETS, _INTEGER, _OID = 0x30, 0x04, 0x02, 0x06


@dataclass(frozen=True, slots=True)
class PckChain:
    """A chain whose signatures nobody looked at: the platform's family, its PCE, the name of its CA, and the dates.

    ``root`` is the last certificate where it names itself as its issuer; ``above`` is the name that it has or would
    have. Names are DER. The chain holds from ``holds_from`` to ``holds_until`` as far as its dates go.
    """

    fmspc: bytes
    pce_id: bytes
    pce_svn: int
    issuer: bytes
    above: bytes
    root: bytes | None
    holds_from: int
    holds_until: int


@lru_cache(maxsize=MAX_REMEMBERED)
def parse_pck_chain(pem: bytes) -> PckChain:
    """Read the chain of a PCK certificate, leaf first.

    Raises:
        MalformedCertificateError: It is no such chain in PEM, or one of its certificates cannot be read.
        EvidenceCertificateError: It does not begin with a PCK certificate, or is not leaf, CA and perhaps root.
        PathInvalidError: A certificate holds a name of a form that is not supported.

    Intel SGX PCK Certificate and Certificate Revocation List Profile Specification, section 1.3.5.
    """
    first, *above = parse_pem_chain(pem, at_most=MAX_CHAIN)
    chain = [parse_certificate(first), *map(_authority, above)]
    if not above:
        raise EvidenceCertificateError("the PCK certificate stands there without its CA")
    leaf, authority = chain[0], chain[1]
    if not all(_may_issue(certificate) for certificate in chain[1:]):
        raise EvidenceCertificateError("a certificate above the one of the platform is not a CA's")
    if len(chain) == MAX_CHAIN and not chain[2].is_self_issued:
        raise EvidenceCertificateError("the chain of the PCK certificate does not end in a root")
    said = _platform(leaf)
    tcb = _members(said[_TCB])
    return PckChain(
        fmspc=_octets(said[_FMSPC], _FMSPC_BYTES),
        pce_id=_octets(said[_PCE_ID], _PCE_ID_BYTES),
        pce_svn=_integer(tcb.get(_PCE_SVN)),
        issuer=leaf.issuer,
        above=authority.issuer,
        root=chain[2].der if len(chain) == MAX_CHAIN else None,
        holds_from=max(certificate.not_before for certificate in chain),
        holds_until=min(certificate.not_after for certificate in chain),
    )


_authority: Final = lru_cache(maxsize=MAX_REMEMBERED)(parse_certificate)
"""The same few CAs stand above all platforms."""


def is_pck_certificate(der: bytes) -> bool:
    """Whether a certificate that could be read is one of a platform: it has Intel's extension for those."""
    return _extension(der) is not None


def _may_issue(certificate: Certificate) -> bool:
    """Whether it is a CA's that may sign certificates; the library that judges quotes does not ask for the latter."""
    constraints, usage = certificate.basic_constraints, certificate.key_usage
    return constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign)


def _extension(der: bytes) -> bytes | None:
    found = (extension.value for extension in x509.load_der_x509_certificate(der).extensions)
    values = (value for value in found if value.oid == _SGX_EXTENSION)
    return next((value.value for value in values if isinstance(value, x509.UnrecognizedExtension)), None)


def _platform(leaf: Certificate) -> dict[bytes, Element]:
    extension = _extension(leaf.der)
    if extension is None:
        raise EvidenceCertificateError("the certificate of the quote is not one of a platform")
    said = _members(one_element(extension))
    if not {_TCB, _PCE_ID, _FMSPC} <= set(said):
        raise EvidenceCertificateError("a PCK certificate does not say which platform it is about")
    return said


def _members(sequence: Element) -> dict[bytes, Element]:
    """The values by what their object identifiers add to the one of the extension."""
    if sequence.tag != _SEQUENCE:
        raise MalformedCertificateError("the extension of a PCK certificate is not in its form")
    held = dict[bytes, Element]()
    for pair in sequence.elements():
        match pair.elements() if pair.tag == _SEQUENCE else ():
            case (name, value) if name.tag == _OID and name.content.startswith(_SGX_ARC):
                held[name.content.removeprefix(_SGX_ARC)] = value
            case _:
                raise MalformedCertificateError("the extension of a PCK certificate is not in its form")
    return held


def _octets(element: Element, size: int) -> bytes:
    if element.tag != _OCTETS or len(element.content) != size:
        raise MalformedCertificateError("a value of a PCK certificate is not of its size")
    return element.content


def _integer(element: Element | None) -> int:
    if element is None or element.tag != _INTEGER or not 1 <= len(element.content) <= _MAX_INTEGER_BYTES:
        raise MalformedCertificateError("a version of a PCK certificate is no small number")
    return int.from_bytes(element.content, "big")
