"""Every path from a leaf to a root that names and signatures admit, one after the other (RFC 4158)."""

from collections.abc import Iterator, Sequence

from counterfoil.cose.x509_path.certificate import Certificate
from counterfoil.cose.x509_path.signatures import SignatureChecks, authority_key, verify_signed
from counterfoil.errors import PathInvalidError


class Search:
    """The paths to ``anchors`` through ``intermediates``; ``failure`` is the first signature that did not hold."""

    def __init__(
        self,
        anchors: Sequence[Certificate],
        intermediates: Sequence[Certificate],
        checks: SignatureChecks,
    ) -> None:
        self._anchors, self._intermediates, self._checks = anchors, intermediates, checks
        self.failure: PathInvalidError | None = None

    def paths(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Each way on from the last certificate of ``path``, up to and with an anchor.

        Raises:
            PathInvalidError: the certificates ask for more signature checks than are made.
        """
        last = path[-1]
        for issuer in _candidates(path, self._anchors):
            if self._is_signed(last, issuer):
                yield (*path, issuer)
        for issuer in _candidates(path, self._intermediates):
            if self._is_signed(last, issuer):
                yield from self.paths((*path, issuer))

    def _is_signed(self, certificate: Certificate, issuer: Certificate) -> bool:
        self._checks.spend()
        try:
            key = authority_key(issuer.spki)
            verify_signed(certificate.signature_algorithm, certificate.signature, certificate.tbs, key)
        except PathInvalidError as exc:
            self.failure = self.failure or exc
            return False
        return True


def _candidates(path: tuple[Certificate, ...], among: Sequence[Certificate]) -> list[Certificate]:
    """Those whose subject is the last one's issuer, byte for byte, and whose name and key the path does not hold yet.

    A key identifier that differs is no reason to leave one out, since issuers get it wrong; it comes later only.
    """
    last = path[-1]
    found = [
        candidate
        for candidate in among
        if candidate.subject == last.issuer and not any(candidate.is_same_entity(seen) for seen in path)
    ]
    wanted = last.authority_key_identifier
    return sorted(found, key=lambda candidate: candidate.subject_key_identifier != wanted)
