"""Statements that production tools made with certificates, decided at their time. Skipped where they are absent."""

from dataclasses import dataclass, replace

import pytest

from counterfoil.cose.x509_path.certificate import Certificate, parse_certificate
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateUnlikeIssuerError,
    FromTheFutureError,
    KeyIdentifierConflictError,
    RootUnknownError,
    SignatureInvalidError,
)
from counterfoil.policy.anchors import Root
from counterfoil.policy.decision import Decision, effective_content_type
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement
from tests.builders import ORIGIN
from tests.certificates import root
from tests.certified import anchors, pin
from tests.vectors_dir import require_shared

GENESIS = Genesis(parse_origin(ORIGIN), {purpose: generate_private_key("ES256").public_key for purpose in KeyPurpose})
BY_CERTIFICATE = {
    "cosesign1tool": "scitt/ccf-payloads/cosesign1tool-scitt-a3be7e5.cose",
    "cts-hashv": "scitt/ccf-payloads/cts-hashv-cwtclaims-b64url.cose",
    "manifest.spdx": "scitt/ccf-payloads/manifest.spdx.json.sha384.digest.cose",
    "uvm": "scitt/transparent_statements/uvm_0.2.10.cose",
}
ATTESTED = ("css-attested-20250812", "css-attested-20260302")


@dataclass(frozen=True, slots=True)
class Real:
    """A statement with the chain it carries; ``issued_at`` in whole seconds."""

    data: bytes
    statement: SignedStatement
    chain: tuple[Certificate, ...]
    issuer: str
    issued_at: int

    def under(self, *roots: Root, pins: tuple[str, ...] | None = None) -> Rules:
        """Rules that pin the issuer as its own did:x509 does."""
        issuer = Issuer(self.issuer, (), frozenset(), (self.issuer,) if pins is None else pins)
        rule = ContentTypeRule(effective_content_type(self.statement) or "", Visibility.PUBLIC, frozenset())
        algorithms = frozenset({"ES256", "PS256", "PS384"})
        return Rules(GENESIS, PolicyDocument(1, (issuer,), algorithms, (rule,), roots=roots), 0, 0)

    def rooted(self) -> Rules:
        return self.under(Root(self.chain[-1].der))

    def decided(self, rules: Rules, at: int) -> Decision:
        return admit(self.statement, rules, at).decision


@pytest.fixture(params=BY_CERTIFICATE)
def real(request: pytest.FixtureRequest) -> Real:
    data = require_shared(BY_CERTIFICATE[request.param]).read_bytes()
    statement = parse_signed_statement(data)
    issued_at = statement.claims.issued_at
    assert issued_at is not None
    chain = tuple(map(parse_certificate, statement.x5chain))
    return Real(data, statement, chain, statement.claims.issuer or "", int(issued_at))


def test_it_is_admitted_when_it_was_issued_and_while_its_certificates_are_valid(real: Real) -> None:
    begin, end = max(one.not_before for one in real.chain), min(one.not_after for one in real.chain)
    decision = real.decided(real.rooted(), real.issued_at)
    assert begin < real.issued_at < end
    assert (decision.holds_from, decision.holds_until) == (real.issued_at - 300, end)
    for at in (decision.holds_from, decision.holds_until):
        assert real.decided(real.rooted(), at) == decision


def test_at_the_beginning_of_its_certificate_it_is_known_and_from_the_future(real: Real) -> None:
    begin = real.chain[0].not_before
    verify_statement(real.statement, find_issuer_key(real.statement, real.rooted(), begin).key)
    with pytest.raises(FromTheFutureError):
        real.decided(real.rooted(), begin)


def test_it_is_refused_without_its_root_though_it_carries_it(real: Real) -> None:
    assert real.chain[-1].is_self_issued
    for rules in (real.under(), real.under(*anchors(root("other"), root()))):
        with pytest.raises(RootUnknownError):
            real.decided(rules, real.issued_at)


def test_it_is_refused_before_and_after_its_certificates_are_valid(real: Real) -> None:
    begin, end = max(one.not_before for one in real.chain), min(one.not_after for one in real.chain)
    for at in (begin - 1, end + 1):
        with pytest.raises(CertificateOutOfDateError):
            real.decided(real.rooted(), at)


def test_it_is_refused_where_nobody_or_somebody_else_is_pinned(real: Real) -> None:
    anchored = Root(real.chain[-1].der)
    with pytest.raises(KeyIdentifierConflictError):
        real.decided(real.under(anchored, pins=()), real.issued_at)
    with pytest.raises(CertificateUnlikeIssuerError, match="pin"):
        real.decided(real.under(anchored, pins=(pin(root("other")),)), real.issued_at)
    other = f"{real.issuer}::eku:1.2.3"
    renamed = replace(real.statement, claims=replace(real.statement.claims, issuer=other))
    document = replace(real.rooted().policy, issuers=(Issuer(other, (), frozenset(), (real.issuer,)),))
    with pytest.raises(CertificateUnlikeIssuerError, match="iss"):
        admit(renamed, Rules(GENESIS, document, 0, 0), real.issued_at)


def test_another_signature_is_refused(real: Real) -> None:
    # A receipt may stand behind the signature, so that is looked for.
    signature = real.statement.message.signature
    assert real.data.count(signature) == 1
    changed = real.data.replace(signature, signature[:-1] + bytes((signature[-1] ^ 1,)))
    with pytest.raises(SignatureInvalidError):
        admit(parse_signed_statement(changed), real.rooted(), real.issued_at)
