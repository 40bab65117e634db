"""Intel's DCAP collateral: which platforms a document is about, and when; its signatures are checked elsewhere.

A document is what Intel's provisioning service publishes about one family of platforms (FMSPC) and one kind of
environment, gathered into one JSON object whose members dcap-qvl names: TCB info and QE identity as the texts that are
signed, their signatures and chains, and the CRLs of the root and of the PCK CA.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.collateral import collateral_digest
from counterfoil.attestation.intel.pck_chain import is_pck_certificate
from counterfoil.attestation.intel.quote import Tee
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.revocation import Crl, parse_crl
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import (
    MalformedCollateralError,
    MalformedError,
    MalformedEventError,
    PathInvalidError,
)
from counterfoil.statement.trace_event.occurred_at import parse_occurred_at

MAX_COLLATERAL_BYTES: Final = 256 * 1024
"""A document takes 16 KB; what grows are the TCB levels and the list of revoked platforms."""

MAX_REMEMBERED: Final = 256
"""A log has a few for each family of platforms that it meets, and Intel has some dozens of families."""

_TEXTS: Final = frozenset(
    {"pck_crl_issuer_chain", "tcb_info_issuer_chain", "tcb_info", "qe_identity_issuer_chain", "qe_identity"}
)
_HEX: Final = frozenset({"root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature"})
_MEMBERS: Final = _TEXTS | _HEX
_OF_ONE_PLATFORM: Final = "pck_certificate_chain"
"""A member that some tools add. It is read over: the chain that counts is the one in the quote."""

_KINDS: Final = {("TDX", "TD_QE"): Tee.TDX, ("SGX", "QE"): Tee.SGX}
_HEX_TEXT: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SIGNATURE_BYTES: Final = 64
_FMSPC_BYTES, _PCE_ID_BYTES = 6, 2
_MAX_CHAIN: Final = 2
"""Who signed, and the root."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A text with the signature over it and the chain of who signed, leaf first, in DER."""

    text: bytes
    signature: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DcapCollateral:
    """What a document says of itself; none of its signatures was looked at.

    It is about platforms of ``fmspc`` and ``pce_id`` whose PCK certificates the CA named ``pck_issuer`` issued, as
    environments of the kind ``tee``. ``issued`` and ``next_update`` are those of its TCB info, ``evaluation`` is the
    number of the TCB evaluation. All of it holds from ``holds_from`` to ``holds_until``, both included, in whole
    seconds since 1970. ``members`` are the parts as they stand in the document.
    """

    digest: bytes
    tee: Tee
    fmspc: bytes
    pce_id: bytes
    pck_issuer: bytes
    evaluation: int
    issued: int
    next_update: int
    holds_from: int
    holds_until: int
    tcb_info: Signed
    qe_identity: Signed
    pck_ca_chain: tuple[bytes, ...]
    root_crl: bytes
    pck_crl: bytes
    members: Mapping[str, str]

    def is_in_date(self, at: int) -> bool:
        """Whether all of it is of the time ``at``."""
        return self.holds_from <= at <= self.holds_until

    def certificates(self) -> tuple[bytes, ...]:
        """Every certificate that it carries, in DER."""
        return (*self.tcb_info.chain, *self.qe_identity.chain, *self.pck_ca_chain)


@lru_cache(maxsize=MAX_REMEMBERED)
def parse_dcap_collateral(document: bytes) -> DcapCollateral:
    """Read a document of DCAP collateral.

    Raises:
        MalformedCollateralError: It is none, is longer than any, names two kinds of environments, or what signed its
            TCB info or QE identity is the certificate of a platform.

    Intel SGX and TDX Provisioning Certification Service API, version 4: Get TCB Info, Get QE Identity, Get Revocation
    List; RFC 5280, section 5.
    """
    try:
        return _read(document)
    except (MalformedError, PathInvalidError) as error:
        raise MalformedCollateralError(f"no DCAP collateral: {error.detail}") from error


def _read(document: bytes) -> DcapCollateral:
    members = _members(parse_json(document, max_bytes=MAX_COLLATERAL_BYTES))
    tcb = _Object(members["tcb_info"])
    identity = _Object(members["qe_identity"])
    tee = _KINDS.get((tcb.text("id"), identity.text("id")))
    if tee is None:
        raise MalformedCollateralError("TCB info and QE identity are not both of TDX or both of SGX")
    tcb_info = _signed(members, "tcb_info")
    qe_identity = _signed(members, "qe_identity")
    pck_ca_chain = _chain(members, "pck_crl_issuer_chain")
    crls = [bytes.fromhex(members[name]) for name in ("root_ca_crl", "pck_crl")]
    root_crl, pck_crl = map(parse_crl, crls)
    if parse_certificate(pck_ca_chain[0]).subject != pck_crl.issuer:
        raise MalformedCollateralError("the CRL of the PCK CA is not one of the CA whose chain stands beside it")
    carried = [parse_certificate(der) for der in {*tcb_info.chain, *qe_identity.chain, *pck_ca_chain}]
    if any(is_pck_certificate(signed.chain[0]) for signed in (tcb_info, qe_identity)):
        raise MalformedCollateralError("collateral is not signed by platforms")
    begins = [tcb.time("issueDate"), identity.time("issueDate"), root_crl.this_update, pck_crl.this_update]
    ends = [tcb.time("nextUpdate"), identity.time("nextUpdate"), _end(root_crl), _end(pck_crl)]
    return DcapCollateral(
        digest=collateral_digest(document),
        tee=tee,
        fmspc=tcb.octets("fmspc", _FMSPC_BYTES),
        pce_id=tcb.octets("pceId", _PCE_ID_BYTES),
        pck_issuer=pck_crl.issuer,
        evaluation=tcb.number("tcbEvaluationDataNumber"),
        issued=tcb.time("issueDate"),
        next_update=tcb.time("nextUpdate"),
        holds_from=max([*begins, *(certificate.not_before for certificate in carried)]),
        holds_until=min([*ends, *(certificate.not_after for certificate in carried)]),
        tcb_info=tcb_info,
        qe_identity=qe_identity,
        pck_ca_chain=pck_ca_chain,
        root_crl=crls[0],
        pck_crl=crls[1],
        members=members,
    )


def _members(value: JsonValue) -> dict[str, str]:
    if not isinstance(value, dict) or not _MEMBERS <= set(value) <= _MEMBERS | {_OF_ONE_PLATFORM}:
        raise MalformedCollateralError("the members are not those of collateral")
    members = {name: text for name, text in value.items() if name in _MEMBERS and isinstance(text, str)}
    if len(members) != len(_MEMBERS):
        raise MalformedCollateralError("a member is no text")
    if not all(_HEX_TEXT.fullmatch(members[name]) for name in _HEX):
        raise MalformedCollateralError("a CRL or a signature is not in hexadecimal digits")
    return members


def _signed(members: Mapping[str, str], name: str) -> Signed:
    signature = bytes.fromhex(members[f"{name}_signature"])
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedCollateralError("a signature is not one of ECDSA with P-256")
    chain = _chain(members, f"{name}_issuer_chain")
    return Signed(members[name].encode(), signature, chain)


def _chain(members: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    return parse_pem_chain(members[name].encode(), at_most=_MAX_CHAIN)


def _end(crl: Crl) -> int:
    """The last second of a list: that of its next update itself is not one of them for those who judge by it."""
    if crl.next_update is None:
        raise MalformedCollateralError("a CRL does not say when the next one comes")
    return crl.next_update - 1


class _Object:
    """A JSON object in a text, member by member."""

    def __init__(self, text: str) -> None:
        value = parse_json(text.encode(), max_bytes=MAX_COLLATERAL_BYTES)
        if not isinstance(value, dict):
            raise MalformedCollateralError("TCB info and QE identity are objects")
        self._held = value

    def text(self, name: str) -> str:
        value = self._held.get(name)
        if not isinstance(value, str):
            raise MalformedCollateralError(f"{name} is a text")
        return value

    def octets(self, name: str, size: int) -> bytes:
        value = self.text(name)
        if len(value) != 2 * size or _HEX_TEXT.fullmatch(value) is None:
            raise MalformedCollateralError(f"{name} is {size} bytes in hexadecimal digits")
        return bytes.fromhex(value)

    def number(self, name: str) -> int:
        value = self._held.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise MalformedCollateralError(f"{name} is a whole number")
        return value

    def time(self, name: str) -> int:
        value = self.text(name)
        if _TIME.fullmatch(value) is None:
            raise MalformedCollateralError(f"{name} is a time such as 2026-03-01T12:00:00Z")
        try:
            return parse_occurred_at(value.removesuffix("Z") + ".000Z") // 1000
        except MalformedEventError as error:
            raise MalformedCollateralError(f"{name} is no time of a calendar") from error
