"""Whether a certificate is one of a root that the operator trusts (RFC 5280, section 6; RFC 9360, section 2).

What is not supported is refused: policy constraints, policy mappings and the inhibition of any policy where they are
critical, critical policies with qualifiers, every critical extension that ``checks.py`` does not name, constraints on
names that are no DNS names, addresses, URIs, mailboxes or directory names, delta CRLs, and CRLs of a part of what a CA
issued or of several CAs. Certificate policies are not evaluated: every path is judged as for any policy. OCSP is not
asked.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from counterfoil.cose.certificates import certificate_digest
from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.x509_path.certificate import Certificate, parse_certificate
from counterfoil.cose.x509_path.checks import dated_certificates, require_certificates
from counterfoil.cose.x509_path.name_constraints import Comparisons, require_names
from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.revocation import Unrevoked, parse_crl, require_unrevoked
from counterfoil.cose.x509_path.search import Search
from counterfoil.cose.x509_path.signatures import SignatureChecks, certified_key
from counterfoil.errors import (
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
    TooLargeError,
    UnverifiedError,
)

MAX_CERTIFICATES: Final = 10
"""The longest chain of this field is one of AWS Nitro, with five certificates."""


def validate_path(
    chain: Sequence[bytes],
    roots: Sequence[bytes],
    at: int,
    *,
    purpose: PathPurpose,
    crls: Sequence[bytes] = (),
    checks: SignatureChecks | None = None,
) -> VerifiedPath:
    """Return the path from the first certificate of ``chain`` to one of ``roots`` that holds at the time ``at``.

    The first certificate is the leaf, whatever the others are; those may come in any order, may be more than the path
    needs, and may hold the root. A root is trusted by its name and its key; nothing in ``chain`` becomes a root. All of
    it is DER. ``at`` is in whole seconds since 1970, and both ends of a validity count as within. Whoever asks several
    times about one chain gives the same ``checks`` each time.

    Raises:
        TooLargeError: the chain has more certificates, or longer ones, than are read.
        MalformedCertificateError, MalformedCrlError: a certificate or CRL cannot be read.
        RootUnknownError: no path leads to a root.
        CertificateOutOfDateError: a certificate is not valid at ``at``.
        CertificateRevokedError: a certificate is revoked at ``at``.
        RevocationUnknownError: a CRL is missing that the purpose asks for, or those at hand cannot be used.
        PathInvalidError: the path breaks another rule; the text says which.

    Where several paths fail, the first one tells why. RFC 5280, section 6.1; RFC 9360, section 2.
    """
    leaf, *others = _parse_chain(chain)
    anchors, lists = _parse_roots(roots, purpose), [parse_crl(crl) for crl in crls]
    leaf_key = certified_key(leaf.spki)
    checks, comparisons = checks or SignatureChecks(), Comparisons()
    search, failure = Search(anchors, others, checks), None
    for path in _candidate_paths(leaf, anchors, search, purpose):
        try:
            require_certificates(path, at, purpose)
            require_names(path, comparisons)
            _require_through(path, purpose)
            return _verified(path, leaf_key, require_unrevoked(path, lists, at, checks), purpose)
        except UnverifiedError as exc:
            failure = failure or exc
    raise failure or search.failure or RootUnknownError("no path leads from the certificate to a root that is trusted")


def _parse_chain(chain: Sequence[bytes]) -> list[Certificate]:
    if not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise TooLargeError(f"a chain of {len(chain)} certificates; from 1 to {MAX_CERTIFICATES} are read")
    leaf, *others = chain
    return [parse_certificate(leaf), *map(parse_certificate, others)]


def _parse_roots(roots: Sequence[bytes], purpose: PathPurpose) -> list[Certificate]:
    anchors = [parse_certificate(root) for root in roots]
    return [anchor.as_bare_key() for anchor in anchors] if purpose.anchors_are_bare_keys else anchors


def _candidate_paths(
    leaf: Certificate,
    anchors: Sequence[Certificate],
    search: Search,
    purpose: PathPurpose,
) -> Iterator[tuple[Certificate, ...]]:
    if purpose.leaf_may_be_anchor and any(leaf.der == anchor.der for anchor in anchors):
        return iter([(leaf,)])
    if leaf.is_self_issued:
        raise PathInvalidError("the leaf names itself as its issuer")
    return search.paths((leaf,))


def _require_through(path: tuple[Certificate, ...], purpose: PathPurpose) -> None:
    for algorithm, digest in purpose.through:
        if all(certificate_digest(authority.der, algorithm) != digest for authority in path[1:]):
            raise RootUnknownError("the path does not lead through a CA that is asked for")


def _verified(
    path: tuple[Certificate, ...],
    leaf_key: PublicKey,
    unrevoked: Unrevoked,
    purpose: PathPurpose,
) -> VerifiedPath:
    without_crl = unrevoked.without_crl
    if without_crl and not purpose.crl_may_be_missing:
        raise RevocationUnknownError(f"no CRL of the CA of certificate {without_crl[0]} of the path was given")
    usage_was_asked = purpose.extended_key_usage is not None and path[0].extended_key_usage is not None
    left_out = {
        NotChecked.REVOCATION: bool(without_crl),
        NotChecked.EXTENDED_KEY_USAGE: not usage_was_asked,
        NotChecked.ANCHOR: purpose.anchors_are_bare_keys and len(path) > 1,
    }
    dated = dated_certificates(path, purpose)
    begins = [certificate.not_before for certificate in dated]
    ends = [certificate.not_after for certificate in dated]
    return VerifiedPath(
        certificates=tuple(certificate.der for certificate in path),
        leaf_key=leaf_key,
        not_checked=frozenset(what for what, is_left_out in left_out.items() if is_left_out),
        without_crl=without_crl,
        holds_from=max(begins if unrevoked.holds_from is None else [*begins, unrevoked.holds_from]),
        holds_until=min(ends if unrevoked.holds_until is None else [*ends, unrevoked.holds_until]),
    )
