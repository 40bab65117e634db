"""Which certificates speak for an issuer: those with a path to a root of the policy, as far as it pins them."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from counterfoil.cose.x509_path.certificate import Certificate, parse_certificate
from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.signatures import SignatureChecks
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES, validate_path
from counterfoil.encoding.cbor import encode
from counterfoil.errors import (
    CertificateUnlikeIssuerError,
    KeyIdentifierConflictError,
    RootUnknownError,
    TooLargeError,
    UnverifiedError,
)
from counterfoil.policy.anchors import Root
from counterfoil.policy.document import Issuer, PolicyDocument
from counterfoil.statement.credential import Credential
from counterfoil.statement.did_x509 import DidX509, is_did_x509, parse_did_x509

MAX_REMEMBERED: Final = 4096
"""A credential takes some hundred bytes, and a log has fewer busy writers."""


class CertifiedKeys:
    """Judges chains of certificates under one policy with the CRLs at hand, each once while that holds.

    What is remembered changes no answer. For any number of threads.
    """

    def __init__(self, policy: PolicyDocument, crls: Sequence[bytes]) -> None:
        self._policy, self._crls = policy, crls
        self._remembered: dict[bytes, Credential] = {}

    def find(self, issuer: str, chain: tuple[bytes, ...], at: int) -> Credential | None:
        """The key of the first certificate of ``chain`` and how long it is the issuer's; None where nothing is pinned.

        Raises:
            MalformedError, UnverifiedError, RefusedError: As for ``judge_chain``.
        """
        named = self._policy.issuer(issuer)
        if named is None or not named.pins:
            return None
        name = sha256(encode([issuer, *chain])).digest()
        known = self._remembered.get(name)
        if known is None or not known.holds_from <= at <= known.holds_until:
            known = judge_chain(named, self._policy.roots, self._crls, chain, at)
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = known
        return known


def judge_chain(
    issuer: Issuer, roots: Sequence[Root], crls: Sequence[bytes], chain: Sequence[bytes], at: int
) -> Credential:
    """Return the key of the first certificate of ``chain``, when that speaks for an issuer at the time ``at``.

    It does when a path from it to one of the roots holds, one of the issuer's pins holds of that path, and so does the
    issuer's name where that is a did:x509. The extended key usages which these name are asked of the CAs as well.

    Raises:
        TooLargeError, MalformedError: The chain is too long, or a certificate, CRL or did:x509 cannot be read.
        KeyIdentifierConflictError: Another certificate of the chain could be the leaf.
        CertificateUnlikeIssuerError: No pin, or not the name, holds of the certificate.
        UnverifiedError: No path holds; the error is that of the first pin and root.

    RFC 5280, section 6; RFC 9360, section 2; did:x509, version 0.
    """
    leaf, *others = _read(chain)
    if not all(other.basic_constraints is not None and other.basic_constraints.ca for other in others):
        raise KeyIdentifierConflictError("x5chain holds another certificate than the first that is not a CA's")
    # Cheap, and so asked first: whether they could hold of a path, whichever that is.
    widest = (leaf, *others, *(parse_certificate(root.certificate) for root in roots))
    own = parse_did_x509(issuer.name) if is_did_x509(issuer.name) else None
    if own is not None and not own.holds_of(widest):
        raise CertificateUnlikeIssuerError("the certificate is not what iss, a did:x509, says")
    pins = [pin for pin in map(parse_did_x509, issuer.pins) if pin.holds_of(widest)]
    if not pins:
        raise CertificateUnlikeIssuerError("no pin of the issuer holds of the certificate and the CAs in x5chain")
    return _first_that_holds(pins, own, roots, crls, chain, at)


def _read(chain: Sequence[bytes]) -> list[Certificate]:
    if not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise TooLargeError(f"a chain of {len(chain)} certificates; from 1 to {MAX_CERTIFICATES} are read")
    return [parse_certificate(der) for der in chain]


def _first_that_holds(
    pins: Iterable[DidX509],
    own: DidX509 | None,
    roots: Sequence[Root],
    crls: Sequence[bytes],
    chain: Sequence[bytes],
    at: int,
) -> Credential:
    checks = SignatureChecks()
    failure: UnverifiedError = RootUnknownError("the policy names no root")
    for pin in pins:
        dids = (pin,) if own is None else (pin, own)
        for needs_crl in (False, True):
            anchors = [root.certificate for root in roots if root.needs_crl is needs_crl]
            purposes = _purposes(dids, needs_crl=needs_crl) if anchors else ()
            try:
                paths = [validate_path(chain, anchors, at, purpose=one, crls=crls, checks=checks) for one in purposes]
            except UnverifiedError as exc:
                failure = exc if isinstance(failure, RootUnknownError) else failure
                continue
            if paths:
                begin, end = max(path.holds_from for path in paths), min(path.holds_until for path in paths)
                return Credential(paths[0].leaf_key, begin, end)
    raise failure


def _purposes(dids: Sequence[DidX509], *, needs_crl: bool) -> list[PathPurpose]:
    """One for each extended key usage that is asked for; one without where none is."""
    through = frozenset(did.authority for did in dids)
    usages: list[str | None] = [*sorted(frozenset[str]().union(*(did.extended_key_usages for did in dids)))]
    return [
        PathPurpose(extended_key_usage=usage, crl_may_be_missing=not needs_crl, through=through)
        for usage in usages or [None]
    ]
