"""What is asked of each certificate for its place in a path."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import CertificateOutOfDateError, PathInvalidError
from tests.certificates import (
    AT,
    CA_USAGE,
    NOT_AFTER,
    NOT_BEFORE,
    Pki,
    Says,
    authority,
    edited,
    issued,
    named,
    pki,
    resigned,
    root,
)

PURPOSE = PathPurpose(crl_may_be_missing=True)
CA_SAYS = Says(ca=True, usage=CA_USAGE)
WANTED, OTHER = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
SIGNING = PathPurpose(crl_may_be_missing=True, extended_key_usage=WANTED.dotted_string)
LENIENT = PathPurpose(
    crl_may_be_missing=True, extended_key_usage=WANTED.dotted_string, extended_key_usage_may_be_absent=True
)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")


def judged(made: Pki, purpose: PathPurpose = PURPOSE, at: int = AT) -> VerifiedPath:
    return validate_path(made.chain, made.roots, at, purpose=purpose)


def leaf_says(extension: x509.ExtensionType, *, critical: bool = False) -> Says:
    return Says(extensions=[(extension, critical)])


def ca_says(extension: x509.ExtensionType, *, critical: bool = False) -> Says:
    return Says(ca=True, usage=CA_USAGE, extensions=[(extension, critical)])


def test_both_ends_of_a_validity_are_within_it() -> None:
    made = pki()
    for at in (NOT_BEFORE, NOT_AFTER):
        judged(made, at=at)
    for at in (NOT_BEFORE - 1, NOT_AFTER + 1, 0, -1, 1 << 62):
        with pytest.raises(CertificateOutOfDateError):
            judged(made, at=at)


@pytest.mark.parametrize("place", ["leaf", "ca", "above"])
@pytest.mark.parametrize("years", [(AT + 1, NOT_AFTER), (NOT_BEFORE, AT - 1)], ids=["not yet", "no longer"])
def test_refuses_a_certificate_out_of_date_in_every_place(place: str, years: tuple[int, int]) -> None:
    says = replace(Says() if place == "leaf" else CA_SAYS, not_before=years[0], not_after=years[1])
    with pytest.raises(CertificateOutOfDateError):
        judged(pki(**{place: says}))


@pytest.mark.parametrize("place", ["ca", "above"])
@pytest.mark.parametrize("ca", [False, None])
def test_refuses_what_one_issued_that_is_no_ca(place: str, *, ca: bool | None) -> None:
    with pytest.raises(PathInvalidError, match="not a CA's"):
        judged(pki(**{place: Says(ca=ca, usage=CA_USAGE)}))


@pytest.mark.parametrize("place", ["ca", "above"])
def test_refuses_what_a_key_signed_that_may_not_sign_certificates(place: str) -> None:
    for usage in (("digital_signature",), ("crl_sign",)):
        with pytest.raises(PathInvalidError, match="may not sign certificates"):
            judged(pki(**{place: Says(ca=True, usage=usage)}))
    judged(pki(**{place: Says(ca=True, usage=None)}))


def test_refuses_a_leaf_whose_key_may_not_sign() -> None:
    for usage in (("key_agreement",), ("key_encipherment", "data_encipherment"), ("crl_sign",)):
        with pytest.raises(PathInvalidError, match="may not sign"):
            judged(pki(leaf=Says(usage=usage)))
    for admitted in (("content_commitment",), ("digital_signature", "key_agreement"), None):
        judged(pki(leaf=Says(usage=admitted)))


def test_a_leaf_that_says_nothing_of_itself_is_a_leaf() -> None:
    judged(pki(leaf=Says(ca=None, usage=None)))


@pytest.mark.parametrize(("length", "between", "holds"), [(0, 0, True), (0, 1, False), (1, 1, True), (1, 2, False)])
def test_a_path_is_no_longer_than_a_ca_admits(length: int, between: int, *, holds: bool) -> None:
    limited = Says(ca=True, usage=CA_USAGE, path_length=length)
    for top_says, middle_says, extra in ((limited, CA_SAYS, -1), (CA_SAYS, limited, 0)):
        top = root("root", top_says)
        last = authority(top, "ca", middle_says) if extra == 0 else top
        authorities = [last] if extra == 0 else []
        for number in range(between):
            last = authority(last, f"below {number}")
            authorities.append(last)
        chain = [issued(last, "leaf").der, *(entity.der for entity in authorities)]
        if holds:
            validate_path(chain, [top.der], AT, purpose=PURPOSE)
        else:
            with pytest.raises(PathInvalidError, match="more CAs than"):
                validate_path(chain, [top.der], AT, purpose=PURPOSE)


def test_self_issued_certificates_do_not_count_as_cas_of_a_path() -> None:
    top = root("root", Says(ca=True, usage=CA_USAGE, path_length=1))
    middle = authority(top, "ca")
    rolled_over = authority(middle, "ca")
    leaf = issued(rolled_over, "leaf")
    validate_path([leaf.der, rolled_over.der, middle.der], [top.der], AT, purpose=PURPOSE)
    below = authority(rolled_over, "below")
    with pytest.raises(PathInvalidError, match="more CAs than"):
        chain = [issued(below, "leaf").der, below.der, rolled_over.der, middle.der]
        validate_path(chain, [top.der], AT, purpose=PURPOSE)


CRITICAL_UNKNOWN = [
    UNKNOWN,
    x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None),
    x509.InhibitAnyPolicy(0),
    x509.IssuerAlternativeName([x509.DNSName("ca.example")]),
    x509.OCSPNoCheck(),
    x509.TLSFeature([x509.TLSFeatureType.status_request]),
    x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://a.example"))]
    ),
    x509.PrecertPoison(),
    x509.SubjectKeyIdentifier(b"key"),
]


@pytest.mark.parametrize("extension", CRITICAL_UNKNOWN, ids=lambda extension: type(extension).__name__)
@pytest.mark.parametrize("place", ["leaf", "ca", "above"])
def test_refuses_a_critical_extension_that_is_not_supported(place: str, extension: x509.ExtensionType) -> None:
    says = leaf_says if place == "leaf" else ca_says
    with pytest.raises(PathInvalidError, match="critical extension is not supported"):
        judged(pki(**{place: says(extension, critical=True)}))
    if not isinstance(extension, x509.PrecertPoison):
        judged(pki(**{place: says(extension)}))


def test_critical_policies_are_admitted_unless_they_have_qualifiers() -> None:
    policy = x509.ObjectIdentifier("1.3.6.1.4.1.32473.2")
    plain = x509.CertificatePolicies([x509.PolicyInformation(policy, None)])
    judged(pki(leaf=leaf_says(plain, critical=True), ca=ca_says(plain, critical=True)))
    qualified = x509.CertificatePolicies([x509.PolicyInformation(policy, ["http://a.example/policy"])])
    judged(pki(leaf=leaf_says(qualified)))
    with pytest.raises(PathInvalidError, match="qualifiers"):
        judged(pki(ca=ca_says(qualified, critical=True)))


def test_the_leaf_names_the_extended_key_usage_that_is_asked_for() -> None:
    assert (
        NotChecked.EXTENDED_KEY_USAGE
        not in judged(pki(leaf=leaf_says(x509.ExtendedKeyUsage([OTHER, WANTED]))), SIGNING).not_checked
    )
    judged(pki(leaf=leaf_says(x509.ExtendedKeyUsage([WANTED]), critical=True)), SIGNING)
    for wrong in ([OTHER], [ANY], [x509.ObjectIdentifier(WANTED.dotted_string + ".1")]):
        for purpose in (SIGNING, LENIENT):
            with pytest.raises(PathInvalidError, match="the leaf's extended key usages leave out"):
                judged(pki(leaf=leaf_says(x509.ExtendedKeyUsage(wrong))), purpose)


def test_a_leaf_without_extended_key_usage_is_admitted_where_the_purpose_says_so() -> None:
    with pytest.raises(PathInvalidError, match="names no extended key usage"):
        judged(pki(), SIGNING)
    assert NotChecked.EXTENDED_KEY_USAGE in judged(pki(), LENIENT).not_checked


@pytest.mark.parametrize("place", ["ca", "above"])
def test_the_usages_of_a_ca_bind_what_is_below_it(place: str) -> None:
    leaf = leaf_says(x509.ExtendedKeyUsage([WANTED]))
    for admitted in ([WANTED], [OTHER, WANTED], [ANY]):
        judged(pki(leaf=leaf, **{place: ca_says(x509.ExtendedKeyUsage(admitted))}), SIGNING)
    made = pki(leaf=leaf, **{place: ca_says(x509.ExtendedKeyUsage([OTHER]))})
    with pytest.raises(PathInvalidError, match="a CA's extended key usages"):
        judged(made, SIGNING)
    judged(made)


def test_a_critical_extended_key_usage_needs_a_purpose_that_asks_for_one() -> None:
    made = pki(leaf=leaf_says(x509.ExtendedKeyUsage([WANTED]), critical=True))
    with pytest.raises(PathInvalidError, match="critical extended key usage"):
        judged(made)


@pytest.mark.parametrize("place", ["leaf", "ca", "above"])
def test_refuses_a_certificate_of_another_version(place: str) -> None:
    made = pki()
    entity, signer = {
        "leaf": (made.leaf, made.ca.key),
        "ca": (made.ca, made.root.key),
        "above": (made.root, made.root.key),
    }[place]
    older = resigned(edited(entity.certificate, b"\xa0\x03\x02\x01\x02", b""), signer)
    chain = [older if der == entity.der else der for der in made.chain]
    with pytest.raises(PathInvalidError, match="not of version 3"):
        validate_path(chain, [older] if place == "above" else made.roots, AT, purpose=PURPOSE)


def test_refuses_a_certificate_without_an_issuer_or_a_subject() -> None:
    nameless = root("")
    with pytest.raises(PathInvalidError, match="names no issuer"):
        validate_path([issued(nameless, "leaf").der], [nameless.der], AT, purpose=PURPOSE)
    top = root()
    with pytest.raises(PathInvalidError, match="names no subject"):
        validate_path([issued(top, "").der], [top.der], AT, purpose=PURPOSE)
    alternative = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("https://agent.example")])
    validate_path([issued(top, "", leaf_says(alternative, critical=True)).der], [top.der], AT, purpose=PURPOSE)
    assert named("") == x509.Name([])


def test_a_purpose_may_ask_for_a_ca_that_signs_crls() -> None:
    lists = PathPurpose(leaf_may_be_ca=True, leaf_signs_crls=True, crl_may_be_missing=True)
    made = pki()
    validate_path([made.ca.der], made.roots, AT, purpose=lists)
    with pytest.raises(PathInvalidError, match="may not sign"):
        validate_path([made.ca.der], made.roots, AT, purpose=replace(lists, leaf_signs_crls=False))
    for usage in (("key_cert_sign",), ("digital_signature",)):
        other = authority(made.root, "other", Says(ca=True, usage=usage))
        with pytest.raises(PathInvalidError, match="may not sign CRLs"):
            validate_path([other.der], made.roots, AT, purpose=lists)
    with pytest.raises(PathInvalidError, match="a CA's"):
        validate_path([made.ca.der], made.roots, AT, purpose=replace(lists, leaf_may_be_ca=False))
