"""Chains that no issuer is admitted by, each built for the one thing that is wrong with it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateUnlikeIssuerError,
    CounterfoilError,
    MalformedCertificateError,
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
    TooLargeError,
)
from counterfoil.policy.anchors import Root
from counterfoil.policy.certified import judge_chain
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, issued, named, root, rsa_key
from tests.certified import anchors, pin, pinned

CODE_SIGNING, SERVER_AUTH = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
ROOT = root()
CA = authority(ROOT, "ca")
CA_SAYS = Says(ca=True, usage=CA_USAGE)


def judge(*chain: Entity, pins: Sequence[str] = (pin(ROOT),), roots: Sequence[Root] = anchors(ROOT)) -> None:
    judge_chain(pinned(*pins), roots, (), [entity.der for entity in chain], AT)


def refused(
    error: type[CounterfoilError], *chain: Entity, match: str = ".", pins: Sequence[str] = (pin(ROOT),)
) -> None:
    with pytest.raises(error, match=match):
        judge(*chain, pins=pins)


def usages(*oids: x509.ObjectIdentifier, critical: bool = False) -> Says:
    return Says(extensions=[(x509.ExtendedKeyUsage(oids), critical)])


def test_what_is_right_with_the_others() -> None:
    judge(issued(CA, "leaf"), CA)
    judge(issued(ROOT, "leaf"))


def test_a_self_signed_leaf() -> None:
    alone = root("leaf", Says())
    refused(CertificateUnlikeIssuerError, alone, pins=[pin(alone)])
    refused(PathInvalidError, alone, match="itself")
    with pytest.raises(PathInvalidError, match="itself"):
        judge(alone, pins=[pin(alone)], roots=anchors(ROOT, alone))


def test_the_root_itself_is_no_leaf() -> None:
    refused(PathInvalidError, ROOT, pins=[pin(ROOT, "subject:CN:root")])
    refused(PathInvalidError, CA, pins=[pin(ROOT, "subject:CN:ca")], match="CA's")


@pytest.mark.parametrize("dates", [(AT - 9 * DAY, AT - 1), (AT + 1, AT + 9 * DAY)], ids=["expired", "not valid yet"])
def test_out_of_date(dates: tuple[int, int]) -> None:
    begin, end = dates
    leaf = issued(CA, "leaf", Says(not_before=begin, not_after=end))
    refused(CertificateOutOfDateError, leaf, CA, match="certificate 0")
    old = authority(ROOT, "old", replace(CA_SAYS, not_before=begin, not_after=end))
    refused(CertificateOutOfDateError, issued(old, "leaf"), old, match="certificate 1")


def test_a_wrong_extended_key_usage() -> None:
    asked = [pin(ROOT, f"subject:CN:leaf::eku:{CODE_SIGNING.dotted_string}")]
    judge(issued(CA, "leaf", usages(CODE_SIGNING)), CA, pins=asked)
    judge(issued(CA, "leaf", usages(CODE_SIGNING, critical=True)), CA, pins=asked)
    for leaf in (issued(CA, "leaf", usages(SERVER_AUTH)), issued(CA, "leaf")):
        refused(CertificateUnlikeIssuerError, leaf, CA, pins=asked)
    refused(PathInvalidError, issued(CA, "leaf", usages(SERVER_AUTH, critical=True)), CA, match="asks for none")


def test_a_ca_whose_extended_key_usages_leave_it_out() -> None:
    asked = f"subject:CN:leaf::eku:{CODE_SIGNING.dotted_string}"
    both = f"{asked}::eku:{SERVER_AUTH.dotted_string}"
    said = replace(CA_SAYS, extensions=[(x509.ExtendedKeyUsage([SERVER_AUTH]), False)])
    ca = authority(ROOT, "tls", said)
    leaf = issued(ca, "leaf", usages(CODE_SIGNING, SERVER_AUTH))
    judge(leaf, ca, pins=[pin(ROOT, f"eku:{SERVER_AUTH.dotted_string}")])
    for pinned_as in (asked, both):
        refused(PathInvalidError, leaf, ca, pins=[pin(ROOT, pinned_as)], match="CA's extended key usages")


def test_a_path_too_long() -> None:
    short = root("short", replace(CA_SAYS, path_length=0))
    below = authority(short, "below")
    leaf = issued(below, "leaf")
    with pytest.raises(PathInvalidError, match="more CAs"):
        judge(leaf, below, pins=[pin(short)], roots=anchors(short))
    many = [ROOT]
    for at in range(MAX_CERTIFICATES):
        many.append(authority(many[-1], f"ca {at}"))
    refused(TooLargeError, issued(many[-1], "leaf"), *reversed(many[1:]))
    judge(issued(many[-2], "leaf"), *reversed(many[1:-1]))


def test_an_issuer_that_is_no_ca_or_may_not_sign() -> None:
    for said in (Says(ca=True), replace(CA_SAYS, ca=True, usage=("crl_sign",))):
        ca = authority(ROOT, "ca", said)
        refused(PathInvalidError, issued(ca, "leaf"), ca, match="may not sign certificates")
    refused(PathInvalidError, issued(CA, "leaf", Says(usage=("key_encipherment",))), CA, match="may not sign")


def test_rsa_of_1024_bits() -> None:
    weak, strong = rsa_key(1024, 1), rsa_key(2048)
    judge(issued(CA, "leaf", key=strong), CA)
    refused(PathInvalidError, issued(CA, "leaf", key=weak), CA, match="1024")
    ca = authority(ROOT, "ca", key=weak)
    refused(PathInvalidError, issued(ca, "leaf"), ca, match="1024")


def test_a_breach_of_name_constraints() -> None:
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DNSName("good.example")], excluded_subtrees=None)
    ca = authority(ROOT, "ca", replace(CA_SAYS, extensions=[(constraints, True)]))
    for host, right in (("a.good.example", True), ("a.bad.example", False)):
        leaf = issued(ca, "leaf", Says(extensions=[(x509.SubjectAlternativeName([x509.DNSName(host)]), False)]))
        if right:
            judge(leaf, ca, pins=[pin(ca, f"san:dns:{host}")])
        else:
            refused(PathInvalidError, leaf, ca, pins=[pin(ca, f"san:dns:{host}")], match="permits")


def test_certificates_in_a_loop() -> None:
    one, two = root("one"), root("two")
    crossed = [issued(one, "two", CA_SAYS, key=two.key), issued(two, "one", CA_SAYS, key=one.key)]
    leaf = issued(one, "leaf")
    refused(RootUnknownError, leaf, *crossed, pins=[pin(crossed[0])])
    way_out = issued(ROOT, "two", CA_SAYS, key=two.key)
    judge(leaf, *crossed, way_out, pins=[pin(way_out)])


def test_a_bomb_of_certificates_ends_for_all_pins_together() -> None:
    """Nine CAs of one name and different keys: each could have issued each, and each pin asks again."""
    bomb = [authority(ROOT, "ca", replace(CA_SAYS, issuer=named("ca"))) for _ in range(MAX_CERTIFICATES - 1)]
    leaf = issued(ROOT, "leaf", Says(issuer=named("ca")))
    pins = [pin(one) for one in bomb]
    refused(PathInvalidError, leaf, *bomb, pins=pins)


def test_pins_share_what_may_be_checked() -> None:
    beside, leaf = authority(ROOT, "beside"), issued(CA, "leaf")
    judge(leaf, CA, beside, pins=[pin(beside)] * 3 + [pin(CA)])
    refused(PathInvalidError, leaf, CA, beside, pins=[pin(beside)] * 40 + [pin(CA)], match="signature checks")


def test_the_error_is_the_one_that_tells_most() -> None:
    old = issued(CA, "leaf", Says(not_after=AT - 1))
    ours, others = anchors(ROOT, needs_crl=True), anchors(root("other"), root("third"), needs_crl=True)
    with pytest.raises(CertificateOutOfDateError):
        judge(old, CA, roots=[*anchors(ROOT), *others])
    with pytest.raises(RevocationUnknownError):
        judge(issued(CA, "leaf"), CA, roots=[*anchors(root("other")), *ours])
    with pytest.raises(RootUnknownError):
        judge(issued(CA, "leaf"), CA, pins=[pin(CA)], roots=others)


def test_what_is_no_certificate() -> None:
    for chain in ([b""], [b"0"], [CA.der, b"\x30\x00"], [CA.der[:-1]], []):
        error = TooLargeError if not chain else MalformedCertificateError
        with pytest.raises(error):
            judge_chain(pinned(pin(ROOT)), anchors(ROOT), (), chain, AT)
