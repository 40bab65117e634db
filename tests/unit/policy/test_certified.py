"""Statements of issuers by certificate: admitted with a path to a root and what the policy pins, refused otherwise."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterfoil.cose.keys import public_key_of
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    CertificateMissingError,
    CertificateOutOfDateError,
    CertificateRevokedError,
    CertificateUnlikeIssuerError,
    CounterfoilError,
    ExpiredError,
    KeyIdentifierConflictError,
    KeyIdentifierMissingError,
    KeyOfAnotherIssuerError,
    KeyRevokedError,
    KeyUnknownError,
    MalformedClaimsError,
    MalformedDidError,
    PolicyUnsafeError,
    RefusedError,
    RevocationUnknownError,
    RoleNotAdmittedError,
    RootUnknownError,
    SignatureInvalidError,
    SignedByLogKeyError,
)
from counterfoil.policy.anchors import Root
from counterfoil.policy.certified import MAX_REMEMBERED, CertifiedKeys, judge_chain
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import ContentTypeRule, Issuer, Visibility
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.policy.safety import require_safe_policy
from counterfoil.register import admit
from counterfoil.statement.evidence import carried_evidence, evidence_digest
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.key_notice import Revocation
from counterfoil.statement.revoked import Revoked
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import CONTENT_TYPE, ISSUER, ORIGIN, START, policy_for
from tests.certificates import (
    CA_USAGE,
    DAY,
    NOT_AFTER,
    NOT_BEFORE,
    Entity,
    Pki,
    Says,
    authority,
    crl,
    issued,
    pki,
    root,
)
from tests.certified import KID, X5CHAIN, X5T, Header, anchors, pin, pinned, signed, signer_of, x5chain, x5t

MADE = pki()
LOG = {purpose: ec.derive_private_key(1000 + at, ec.SECP256R1()) for at, purpose in enumerate(KeyPurpose)}
GENESIS = Genesis(parse_origin(ORIGIN), {purpose: public_key_of(key.public_key()) for purpose, key in LOG.items()})
CODE_SIGNING, SERVER_AUTH = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
ROOTED = anchors(MADE.root)


def under(*issuers: Issuer, roots: Sequence[Root] = ROOTED, crls: Sequence[bytes] = ()) -> Rules:
    return Rules(GENESIS, replace(policy_for(*issuers), roots=tuple(roots)), 7, 9, crls=tuple(crls))


RULES = under(pinned(pin(MADE.ca)))


def admitted(data: bytes, rules: Rules = RULES, at: int = START) -> Decision:
    return admit(parse_signed_statement(data), rules, at).decision


def by(leaf: Entity, *others: Entity, issuer: str = ISSUER) -> bytes:
    """A statement with the whole chain in the protected header."""
    return signed(leaf, {X5CHAIN: x5chain(leaf, *others)}, issuer=issuer)


def refused(
    error: type[CounterfoilError], data: bytes, rules: Rules = RULES, at: int = START, match: str = "."
) -> None:
    with pytest.raises(error, match=match):
        admitted(data, rules, at)


THUMBPRINT = signer_of(MADE.leaf).public_key.thumbprint
GOOD = by(MADE.leaf, MADE.ca)
BOUND: dict[str, tuple[Header, Header]] = {
    "x5chain": ({X5CHAIN: x5chain(MADE.leaf, MADE.ca)}, {}),
    "x5chain with its root": ({X5CHAIN: x5chain(MADE.leaf, MADE.ca, MADE.root)}, {}),
    "x5chain and x5t": ({X5CHAIN: x5chain(MADE.leaf, MADE.ca), X5T: x5t(MADE.leaf)}, {}),
    "x5chain and kid": ({X5CHAIN: x5chain(MADE.leaf, MADE.ca), KID: THUMBPRINT}, {}),
    "x5t, x5chain beside it": ({X5T: x5t(MADE.leaf)}, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}),
    "kid, x5chain beside it": ({KID: THUMBPRINT}, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}),
    "all of them": (
        {X5CHAIN: x5chain(MADE.leaf, MADE.ca), X5T: x5t(MADE.leaf), KID: THUMBPRINT},
        {},
    ),
}


@pytest.mark.parametrize("how", BOUND)
def test_a_certificate_with_a_path_to_a_root_speaks_for_whom_it_is_pinned(how: str) -> None:
    statement = parse_signed_statement(signed(MADE.leaf, *BOUND[how]))
    decision = admit(statement, RULES, START).decision
    assert decision.key_thumbprint == THUMBPRINT
    assert decision.evidence_digest == evidence_digest(carried_evidence(statement))
    assert (decision.evidence_digest is None) is (X5CHAIN not in BOUND[how][1])


@pytest.mark.parametrize("how", BOUND)
def test_nobody_s_certificate_speaks_without_a_root_or_a_pin(how: str) -> None:
    data = signed(MADE.leaf, *BOUND[how])
    refused(RootUnknownError, data, under(pinned(pin(MADE.ca)), roots=()), match="names no root")
    refused(RootUnknownError, data, under(pinned(pin(MADE.ca)), roots=anchors(root("other"))))
    refused(CertificateUnlikeIssuerError, data, under(pinned(pin(root("other")))))
    refused(RefusedError, data, under(pinned()), match="key of the issuer|gives")


@pytest.mark.parametrize("how", BOUND)
def test_another_key_s_signature_is_none(how: str) -> None:
    protected, unprotected = BOUND[how]
    refused(SignatureInvalidError, signed(issued(MADE.ca, "leaf"), protected, unprotected))


def test_a_chain_that_nothing_protected_names_counts_for_nothing() -> None:
    refused(KeyIdentifierMissingError, signed(MADE.leaf, {}, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}))


def test_certificates_that_are_not_there_are_not_looked_for() -> None:
    refused(CertificateMissingError, signed(MADE.leaf, {X5T: x5t(MADE.leaf)}))
    refused(CertificateUnlikeIssuerError, by(MADE.leaf))
    refused(RootUnknownError, by(MADE.leaf), under(pinned(pin(MADE.root))))
    refused(KeyUnknownError, signed(MADE.leaf, {KID: THUMBPRINT}))


def test_any_pin_of_an_issuer_is_enough_and_all_of_a_pin_has_to_hold() -> None:
    wrong = pin(MADE.ca, "subject:CN:other")
    admitted(GOOD, under(pinned(wrong, pin(MADE.root))))
    admitted(GOOD, under(pinned(pin(MADE.root), wrong)))
    refused(CertificateUnlikeIssuerError, GOOD, under(pinned(wrong, pin(MADE.leaf))))
    refused(CertificateUnlikeIssuerError, GOOD, under(pinned(pin(MADE.ca, "subject:CN:leaf::san:dns:leaf.example"))))


def test_what_one_issuer_s_pin_says_is_no_other_issuer_s() -> None:
    rules = under(pinned(pin(MADE.ca)), pinned(pin(MADE.ca, "subject:CN:other"), name="https://other.example"))
    other = issued(MADE.ca, "other")
    admitted(by(other, MADE.ca, issuer="https://other.example"), rules)
    for leaf, issuer in ((other, ISSUER), (MADE.leaf, "https://other.example")):
        refused(CertificateUnlikeIssuerError, by(leaf, MADE.ca, issuer=issuer), rules)


def test_the_pinned_ca_stands_in_the_path_and_not_beside_it() -> None:
    beside = authority(MADE.root, "beside")
    refused(RootUnknownError, by(MADE.leaf, MADE.ca, beside), under(pinned(pin(beside))), match="lead through")


class TestIssuerIsDid:
    DID = pin(MADE.ca)

    def test_it_says_what_the_certificate_is(self) -> None:
        for other in (pin(MADE.root), self.DID):
            admitted(by(MADE.leaf, MADE.ca, issuer=self.DID), under(pinned(other, name=self.DID)))

    @pytest.mark.parametrize(
        "name",
        [pin(MADE.ca, "subject:CN:other"), pin(MADE.leaf), pin(root("x")), pin(MADE.ca, "subject:CN:leaf::eku:1.2.3")],
        ids=["subject", "leaf", "stranger", "usage"],
    )
    def test_an_issuer_claim_unlike_the_certificate(self, name: str) -> None:
        data = by(MADE.leaf, MADE.ca, issuer=name)
        refused(CertificateUnlikeIssuerError, data, under(pinned(self.DID, name=name)), match="iss")

    def test_its_ca_stands_in_the_path_as_well(self) -> None:
        beside = authority(MADE.root, "beside")
        name = pin(beside)
        data = by(MADE.leaf, MADE.ca, beside, issuer=name)
        refused(RootUnknownError, data, under(pinned(self.DID, name=name)), match="lead through")
        data = by(MADE.leaf, MADE.ca, beside, issuer=self.DID)
        refused(RootUnknownError, data, under(pinned(name, name=self.DID)), match="lead through")

    def test_one_that_cannot_be_read_is_no_issuer_s_name(self) -> None:
        document = replace(policy_for(pinned(self.DID, name="did:x509:0:sha256:x::eku:1")), roots=ROOTED)
        with pytest.raises(MalformedDidError, match="did:x509"):
            parse_policy(document.encode())


class TestAgreement:
    """Everything in the header that names a key names the leaf's (RFC 9943, section 5.1.1.1)."""

    def test_kid_of_another_key(self) -> None:
        chain = x5chain(MADE.leaf, MADE.ca)
        for kid in (b"leaf", signer_of(MADE.ca).public_key.thumbprint, THUMBPRINT[:-1]):
            for data in (
                signed(MADE.leaf, {KID: kid, X5CHAIN: chain}),
                signed(MADE.leaf, {KID: kid}, {X5CHAIN: chain}),
            ):
                refused(KeyIdentifierConflictError, data, match="kid")

    def test_x5t_of_another_certificate(self) -> None:
        chain = x5chain(MADE.leaf, MADE.ca)
        for data in (
            signed(MADE.leaf, {X5T: x5t(MADE.ca), X5CHAIN: chain}),
            signed(MADE.leaf, {X5T: x5t(MADE.ca)}, {X5CHAIN: chain}),
        ):
            refused(KeyIdentifierConflictError, data, match="x5t")
        stranger: Header = {X5T: x5t(root("x")), X5CHAIN: x5chain(MADE.leaf, MADE.ca)}
        refused(CertificateMissingError, signed(MADE.leaf, stranger))

    def test_a_second_leaf_in_the_chain(self) -> None:
        renewed = issued(MADE.ca, "leaf", key=MADE.leaf.key)
        for second in (MADE.leaf, renewed, issued(MADE.ca, "other"), issued(MADE.ca, "bare", Says(ca=None))):
            for others in ((MADE.ca, second), (second, MADE.ca)):
                refused(KeyIdentifierConflictError, by(MADE.leaf, *others), match="another certificate than the first")

    def test_iss_is_a_string_or_uri(self) -> None:
        for name in ("urn:x y", "no scheme: here", ":", "https://a.example/%zz", "ag\u00e9nt:1"):
            refused(MalformedClaimsError, by(MADE.leaf, MADE.ca, issuer=name), under(pinned(pin(MADE.ca), name=name)))
        for name in ("agent", "ag\u00e9nt 1", "urn:x", "https://a.example:8/b?c#d", "did:web:a.example%3A8"):
            admitted(by(MADE.leaf, MADE.ca, issuer=name), under(pinned(pin(MADE.ca), name=name)))


@pytest.mark.parametrize("chain", ["none", "protected", "beside"])
@pytest.mark.parametrize("kid", [None, THUMBPRINT, b"another"])
@pytest.mark.parametrize("named", [None, MADE.leaf, MADE.ca], ids=["no x5t", "x5t", "x5t of the CA"])
def test_every_way_to_name_a_key(chain: str, kid: bytes | None, named: Entity | None) -> None:
    """Admitted where something protected binds the leaf, and nothing names anything else."""
    certificates: Header = {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}
    protected: dict[int | str, CborValue] = dict(certificates if chain == "protected" else {})
    if kid is not None:
        protected[KID] = kid
    if named is not None:
        protected[X5T] = x5t(named)
    data = signed(MADE.leaf, protected, certificates if chain == "beside" else {})
    right = chain != "none" and bool(protected) and kid in {None, THUMBPRINT} and named in {None, MADE.leaf}
    if right:
        admitted(data)
    else:
        refused(RefusedError, data)


def test_a_revoked_key_is_not_saved_by_its_certificate() -> None:
    refused(KeyRevokedError, GOOD, replace(RULES, revoked=(Revoked(9, Revocation(THUMBPRINT, 3, "lost")),)))


class TestKeysThatAreKnownOtherwise:
    def listed(self, entity: Entity, name: str = ISSUER, pins: tuple[str, ...] = ()) -> Issuer:
        return Issuer(name, (IssuerKey(b"listed", signer_of(entity).public_key),), frozenset(), pins)

    def test_a_listed_key_needs_no_path(self) -> None:
        rules = under(self.listed(MADE.leaf, pins=(pin(MADE.ca),)), roots=())
        for how, (protected, unprotected) in BOUND.items():
            decision = admitted(signed(MADE.leaf, protected, unprotected), rules)
            assert decision.holds_from == START - 300, how
        admitted(signed(MADE.leaf, {KID: b"listed"}, {X5CHAIN: x5chain(root("x"))}), rules)

    def test_a_listed_key_and_a_pinned_certificate_of_one_issuer(self) -> None:
        rules = under(self.listed(issued(MADE.ca, "x"), pins=(pin(MADE.ca),)))
        admitted(GOOD, rules)
        data = signed(MADE.leaf, {KID: b"listed", X5CHAIN: x5chain(MADE.leaf, MADE.ca)})
        refused(KeyIdentifierConflictError, data, rules)

    def test_a_key_that_is_listed_for_another_issuer(self) -> None:
        other = self.listed(MADE.leaf, "https://other.example")
        refused(KeyOfAnotherIssuerError, GOOD, under(pinned(pin(MADE.ca)), other))
        for kid, listed in ((b"listed", issued(MADE.ca, "x")), (b"unknown", MADE.leaf)):
            data = signed(MADE.leaf, {KID: kid, X5CHAIN: x5chain(MADE.leaf, MADE.ca)})
            rules = under(pinned(pin(MADE.ca)), self.listed(listed, "https://other.example"))
            refused(KeyOfAnotherIssuerError, data, rules)

    def test_a_listed_key_whose_certificate_x5t_names_among_others(self) -> None:
        rules = under(self.listed(MADE.ca, pins=(pin(MADE.ca),)), roots=())
        admitted(signed(MADE.ca, {X5T: x5t(MADE.ca)}, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}), rules)

    @pytest.mark.parametrize("purpose", KeyPurpose)
    def test_a_key_of_the_log(self, purpose: KeyPurpose) -> None:
        leaf = issued(MADE.ca, "leaf", key=LOG[purpose])
        of_log = purpose in {KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT}
        refused(SignedByLogKeyError if of_log else KeyOfAnotherIssuerError, by(leaf, MADE.ca))

    @pytest.mark.parametrize("purpose", KeyPurpose)
    def test_a_root_with_a_key_of_the_log_is_unsafe(self, purpose: KeyPurpose) -> None:
        own = frozenset(key.thumbprint for key in GENESIS.keys.values())
        for roots, unsafe in ((anchors(MADE.root, root("x", key=LOG[purpose])), True), (ROOTED, False)):
            policy = replace(policy_for(pinned(pin(MADE.ca))), roots=roots)
            if unsafe:
                with pytest.raises(PolicyUnsafeError, match="root"):
                    require_safe_policy(policy, own, GENESIS.identity.issuer)
            else:
                require_safe_policy(policy, own, GENESIS.identity.issuer)


def test_the_role_is_asked_of_a_certified_issuer_as_well() -> None:
    rule = ContentTypeRule(CONTENT_TYPE, Visibility.PUBLIC, frozenset({"auditor"}))
    for roles, right in (((), False), (("agent",), False), (("auditor", "agent"), True)):
        rules = under(pinned(pin(MADE.ca), roles=roles))
        rules = replace(rules, policy=replace(rules.policy, content_types=(rule,)))
        if right:
            admitted(GOOD, rules)
        else:
            refused(RoleNotAdmittedError, GOOD, rules)


class TestWhen:
    def test_the_decision_holds_while_path_and_claims_do(self) -> None:
        decision = admitted(GOOD)
        assert (decision.holds_from, decision.holds_until) == (START - 300, NOT_AFTER)
        claims: Header = {6: NOT_BEFORE - DAY, 4: NOT_AFTER + DAY}
        data = signed(MADE.leaf, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}, claims=claims)
        for at in (NOT_BEFORE, START, NOT_AFTER):
            decision = admitted(data, at=at)
            assert (decision.holds_from, decision.holds_until) == (NOT_BEFORE, NOT_AFTER)
        for at in (NOT_BEFORE - 1, NOT_AFTER + 1):
            assert not decision.holds(RULES.rules_entry, at)
            refused(CertificateOutOfDateError, data, at=at)
            refused(CertificateOutOfDateError, data, under(pinned(pin(MADE.ca))), at=at)
        refused(ExpiredError, signed(MADE.leaf, BOUND["x5chain"][0], claims={4: START}))

    def test_crls_bound_it_and_say_what_is_revoked(self) -> None:
        serial = MADE.leaf.certificate.serial_number
        for needs_crl in (False, True):
            roots = anchors(MADE.root, needs_crl=needs_crl)
            lists = [crl(MADE.root), crl(MADE.ca, next_update=START + 7)]
            rules = under(pinned(pin(MADE.ca)), roots=roots, crls=lists)
            assert admitted(GOOD, rules).holds_until == START + 7
            refused(RevocationUnknownError, GOOD, rules, at=START + 8)
            revoked = under(pinned(pin(MADE.ca)), roots=roots, crls=[crl(MADE.root), crl(MADE.ca, {serial: START})])
            refused(CertificateRevokedError, GOOD, revoked)

    def test_a_root_that_needs_a_crl_of_every_ca(self) -> None:
        for lists in ([], [crl(MADE.root)], [crl(MADE.ca)], [crl(root("other"))]):
            rules = under(pinned(pin(MADE.ca)), roots=anchors(MADE.root, needs_crl=True), crls=lists)
            refused(RevocationUnknownError, GOOD, rules)
            admitted(GOOD, replace(rules, policy=replace(rules.policy, roots=ROOTED)))

    def test_either_kind_of_root_is_enough(self) -> None:
        other = Pki(root("other"), MADE.ca, MADE.leaf)
        crossed = issued(other.root, "ca", Says(ca=True, usage=CA_USAGE), key=MADE.ca.key)
        data = by(MADE.leaf, MADE.ca, crossed)
        issuer = pinned(pin(MADE.root), pin(other.root))
        mixed = (*anchors(MADE.root), *anchors(other.root, needs_crl=True))
        admitted(data, under(issuer, roots=mixed))
        admitted(data, under(pinned(pin(MADE.root)), roots=mixed))
        only_strict = under(pinned(pin(other.root)), roots=mixed)
        refused(RevocationUnknownError, data, only_strict)
        lists = [crl(other.root), crl(MADE.ca)]
        admitted(data, replace(only_strict, crls=tuple(lists)))


class TestRemembered:
    """A chain is judged once while that holds, and it never shows."""

    def found(self, keys: CertifiedKeys, made: Pki, at: int = START, issuer: str = ISSUER) -> tuple[int, int]:
        credential = keys.find(issuer, tuple(made.chain), at)
        assert credential is not None
        assert credential == judge_chain(pinned(pin(made.ca)), anchors(made.root), (), made.chain, at)
        return credential.holds_from, credential.holds_until

    def test_the_answer_is_the_same(self) -> None:
        policy = replace(policy_for(pinned(pin(MADE.ca)), pinned(pin(root("x")), name="other")), roots=ROOTED)
        keys = CertifiedKeys(policy, ())
        for at in (START, NOT_BEFORE, NOT_AFTER, START):
            assert self.found(keys, MADE, at) == (NOT_BEFORE, NOT_AFTER)
        for at in (NOT_BEFORE - 1, NOT_AFTER + 1):
            with pytest.raises(CertificateOutOfDateError):
                keys.find(ISSUER, tuple(MADE.chain), at)
        with pytest.raises(CertificateUnlikeIssuerError):
            keys.find("other", tuple(MADE.chain), START)
        assert keys.find("unknown", tuple(MADE.chain), START) is None
        with pytest.raises(CertificateUnlikeIssuerError):
            keys.find(ISSUER, tuple(MADE.chain[:1]), START)

    def test_it_is_judged_again_once_a_crl_is_out_of_date(self) -> None:
        policy = replace(policy_for(pinned(pin(MADE.ca))), roots=ROOTED)
        lists = [crl(MADE.ca, next_update=START + 5), crl(MADE.ca, this_update=START + 4, next_update=START + 9)]
        keys = CertifiedKeys(policy, lists)
        ends = []
        for at in (START, START + 5, START + 6, START + 9):
            credential = keys.find(ISSUER, tuple(MADE.chain), at)
            assert credential is not None
            ends.append(credential.holds_until)
        assert ends == [START + 5, START + 5, START + 9, START + 9]

    def test_there_is_an_end_to_what_is_remembered(self) -> None:
        keys = CertifiedKeys(replace(policy_for(pinned(pin(MADE.ca))), roots=ROOTED), ())
        self.found(keys, MADE)
        remembered = keys._remembered
        (credential,) = remembered.values()
        remembered.update({at.to_bytes(32): credential for at in range(MAX_REMEMBERED - 1)})
        self.found(keys, MADE)
        assert len(remembered) == MAX_REMEMBERED
        self.found(keys, MADE, NOT_AFTER)
        keys.find(ISSUER, (*MADE.chain, MADE.root.der), START)
        assert len(remembered) == 1
        self.found(keys, MADE)

    def test_a_refusal_is_not_remembered(self) -> None:
        keys = CertifiedKeys(replace(policy_for(pinned(pin(MADE.ca))), roots=ROOTED), ())
        for _ in range(2):
            with pytest.raises(CertificateUnlikeIssuerError):
                keys.find(ISSUER, (MADE.leaf.der,), START)
        assert not keys._remembered
