"""Which key must have signed a statement, by everything its protected header says about that."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from counterfoil.cose.keys import PublicKey, certificate_digest, certificate_key
from counterfoil.errors import (
    CertificateMissingError,
    ClaimMissingError,
    IssuerUnknownError,
    KeyIdentifierConflictError,
    KeyIdentifierMissingError,
    KeyOfAnotherIssuerError,
    KeyUnknownError,
    SignedByLogKeyError,
)
from counterfoil.statement.claims import require_string_or_uri
from counterfoil.statement.credential import Credential
from counterfoil.statement.signed_statement import SignedStatement


@dataclass(frozen=True)
class IssuerKey:
    """A key of an issuer under the identifier that this issuer puts into ``kid``."""

    kid: bytes
    key: PublicKey

    @cached_property
    def credential(self) -> Credential:
        """That of a key which the policy lists: the issuer's at any time."""
        return Credential(self.key)

    @cached_property
    def names(self) -> tuple[bytes, bytes]:
        """What a ``kid`` may call this key: the issuer's own identifier, and its RFC 9679 thumbprint."""
        return self.kid, self.key.thumbprint

    def answers_to(self, kid: bytes) -> bool:
        """Whether ``kid`` names this key."""
        return kid in self.names


class KeyDirectory(Protocol):
    """Who may sign, as the registration policy in force has it."""

    def issuer_keys(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        """The keys of an issuer; None when no such issuer is named."""
        ...

    def issuer_of(self, kid: bytes) -> str | None:
        """The issuer one of whose keys answers to ``kid``; None when none does."""
        ...

    def is_log_key(self, kid: bytes) -> bool:
        """Whether ``kid`` names a key with which this log signs receipts or checkpoints."""
        ...

    def certified_key(self, issuer: str, chain: tuple[bytes, ...], at: int) -> Credential | None:
        """The key of the first certificate of ``chain``, when that speaks for the issuer at the time ``at``.

        None where the policy lets no certificate speak for the issuer.

        Raises:
            UnverifiedError: No path leads to a root of the policy, or none that holds at that time.
            CertificateUnlikeIssuerError, KeyIdentifierConflictError: It is another's, or not the only one of its kind.
            MalformedError: A certificate cannot be read.
        """
        ...

    def attested_key(self, statement: SignedStatement, at: int) -> Credential | None:
        """The key that ``kid`` names, when that is enrolled for the issuer at ``at``, or carried with evidence.

        Raises:
            MalformedError: The evidence cannot be read.
        """
        ...


def find_issuer_key(statement: SignedStatement, directory: KeyDirectory, head_time: int) -> Credential:
    """The one key of the statement's issuer that kid, x5t and x5chain all name. No signature of the issuer is checked.

    It is one that the policy lists, that of a certificate which speaks for the issuer at ``head_time``, or one that is
    said to be bound to attested hardware: whether it is, is judged when the statement is decided.

    Raises:
        ClaimMissingError: iss or sub is absent.
        SignedByLogKeyError: kid names a receipt or checkpoint key of this log.
        IssuerUnknownError, KeyUnknownError, KeyOfAnotherIssuerError: The policy does not know the issuer or the key.
        KeyIdentifierMissingError, KeyIdentifierConflictError, CertificateMissingError: The header does not say which.
        CertificateUnlikeIssuerError: The certificate is none of the issuer's.
        UnverifiedError: No path from the certificate to a root of the policy holds.
        MalformedError: A certificate cannot be read, or iss is no StringOrURI.

    Spec: RFC 9943, sections 5.1.1.1 and 6; RFC 9360.
    """
    if statement.claims.subject is None:
        raise ClaimMissingError("the CWT claim sub (2) is absent")
    if statement.claims.issuer is None:
        raise ClaimMissingError("the CWT claim iss (1) is absent")
    if statement.kid is not None and directory.is_log_key(statement.kid):
        raise SignedByLogKeyError("kid names a receipt or checkpoint key of this log")
    if statement.x5chain or statement.x5t is not None:
        require_string_or_uri(statement.claims.issuer)
    keys = directory.issuer_keys(statement.claims.issuer)
    if keys is None:
        raise IssuerUnknownError("the registration policy in force names no issuer of that name")
    credential = (
        _listed(statement, keys)
        or _certified(statement, keys, directory, head_time)
        or _attested(statement, keys, directory, head_time)
        or _by_certificate(statement, _by_kid(statement, keys, directory)).credential
    )
    if directory.is_log_key(credential.key.thumbprint):
        raise SignedByLogKeyError("the key is a receipt or checkpoint key of this log")
    return credential


def _listed(statement: SignedStatement, keys: tuple[IssuerKey, ...]) -> Credential | None:
    """The key that kid names, where the policy lists it and no certificate has a say: what most statements are."""
    kid = statement.kid
    if kid is None or statement.x5t is not None or statement.x5chain or statement.carried_x5chain:
        return None
    for key in keys:
        if kid in key.names:
            return key.credential
    return None


def _certified(
    statement: SignedStatement, keys: tuple[IssuerKey, ...], directory: KeyDirectory, at: int
) -> Credential | None:
    chain, issuer = _speaking_chain(statement, keys), statement.claims.issuer or ""
    credential = directory.certified_key(issuer, chain, at) if chain else None
    if credential is None:
        return None
    thumbprint, kid = credential.key.thumbprint, statement.kid
    for name in (thumbprint, kid or thumbprint):
        if directory.issuer_of(name) not in {None, issuer}:
            raise KeyOfAnotherIssuerError("kid or the certificate names a key that is another issuer's, or this log's")
    if kid not in {None, thumbprint}:
        raise KeyIdentifierConflictError("kid is not the thumbprint of the key that the certificate certifies")
    if any(named != chain[0] for named in _named_by_x5t(statement)):
        raise KeyIdentifierConflictError("x5t (34) names another certificate than the first in x5chain (33)")
    return credential


def _attested(
    statement: SignedStatement, keys: tuple[IssuerKey, ...], directory: KeyDirectory, at: int
) -> Credential | None:
    kid = statement.kid
    if kid is None or statement.x5t is not None or any(key.answers_to(kid) for key in keys):
        return None
    credential = directory.attested_key(statement, at)
    if credential is not None and directory.issuer_of(kid) is not None:
        raise KeyOfAnotherIssuerError("kid names a key that the policy gives to another issuer, or that is this log's")
    return credential


def _speaking_chain(statement: SignedStatement, keys: tuple[IssuerKey, ...]) -> tuple[bytes, ...]:
    """The certificates that the protected header binds, where it names no key that the policy lists; none otherwise.

    x5t and x5chain bind a certificate, and kid the key of one: whose other certificate may speak as well.
    """
    chain = statement.x5chain or statement.carried_x5chain
    if not chain:
        return ()
    if not statement.x5chain and statement.x5t is None:
        kid = statement.kid
        return () if kid is None or any(key.answers_to(kid) for key in keys) else chain
    leaf = next(iter(_named_by_x5t(statement)), chain[0])
    if keys:
        leaf_key = certificate_key(leaf)
        if any(key.key == leaf_key for key in keys):
            return ()
    return chain


def _by_kid(
    statement: SignedStatement,
    keys: tuple[IssuerKey, ...],
    directory: KeyDirectory,
) -> tuple[IssuerKey, ...]:
    if statement.kid is None:
        if statement.x5t is None and not statement.x5chain:
            raise KeyIdentifierMissingError("the protected header holds none of kid (4), x5t (34) and x5chain (33)")
        return keys
    kid = statement.kid
    matching = tuple([key for key in keys if key.answers_to(kid)])
    if matching:
        return matching
    if directory.issuer_of(kid) is not None:
        raise KeyOfAnotherIssuerError("kid names a key that the policy gives to another issuer")
    raise KeyUnknownError("the policy gives the issuer no key of that kid")


def _by_certificate(statement: SignedStatement, keys: tuple[IssuerKey, ...]) -> IssuerKey:
    certificates = [*statement.x5chain[:1], *_named_by_x5t(statement)]
    for certificate in certificates:
        key = certificate_key(certificate)
        keys = tuple(candidate for candidate in keys if candidate.key == key)
    if keys:
        return keys[0]
    if statement.kid is not None or len(certificates) > 1:
        raise KeyIdentifierConflictError("kid, x5t and x5chain do not all name the same key of the issuer")
    raise KeyUnknownError("the certificate's key is none that the policy gives to the issuer")


def _named_by_x5t(statement: SignedStatement) -> tuple[bytes, ...]:
    if statement.x5t is None:
        return ()
    hash_algorithm, digest = statement.x5t
    for certificate in (*statement.x5chain, *statement.carried_x5chain):
        if certificate_digest(certificate, hash_algorithm) == digest:
            return (certificate,)
    raise CertificateMissingError("x5t (34) names a certificate that the message does not carry")
