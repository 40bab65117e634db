"""The whole of a path: what holds, what a chain may look like, and what never becomes trusted."""

from itertools import permutations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding

from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.x509_path.certificate import MAX_CERTIFICATE_BYTES
from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES, validate_path
from counterfoil.errors import (
    CertificateOutOfDateError,
    MalformedCertificateError,
    MalformedCrlError,
    MalformedError,
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
    TooLargeError,
    UnverifiedError,
)
from tests.certificates import (
    AT,
    CA_USAGE,
    DAY,
    Entity,
    Hash,
    Pki,
    PrivateKey,
    Says,
    authority,
    built,
    crl,
    issued,
    named,
    new_key,
    pki,
    root,
    rsa_key,
)

PURPOSE = PathPurpose(crl_may_be_missing=True)
PINNED = PathPurpose(crl_may_be_missing=True, leaf_may_be_anchor=True)
BARE = PathPurpose(crl_may_be_missing=True, anchors_are_bare_keys=True)
CA_SAYS = Says(ca=True, usage=CA_USAGE)
OLD = Says(ca=True, usage=CA_USAGE, not_before=AT - 9 * DAY, not_after=AT - DAY)


@pytest.fixture(scope="module")
def good() -> Pki:
    return pki()


def judged(chain: list[bytes], roots: list[bytes], purpose: PathPurpose = PURPOSE, at: int = AT) -> VerifiedPath:
    return validate_path(chain, roots, at, purpose=purpose)


def test_a_path_is_returned_from_leaf_to_root_with_the_leaf_s_key(good: Pki) -> None:
    path = judged(good.chain, good.roots)
    assert path.certificates == (*good.chain, *good.roots)
    assert path.leaf_key == certificate_key(good.leaf.der)
    assert path.not_checked == {NotChecked.REVOCATION, NotChecked.EXTENDED_KEY_USAGE}
    assert path.without_crl == (0, 1)


def test_a_leaf_of_the_root_itself_needs_nothing_between() -> None:
    top = root()
    leaf = issued(top, "leaf")
    assert judged([leaf.der], [top.der]).certificates == (leaf.der, top.der)


def test_the_others_may_come_in_any_order_with_the_root_and_with_strangers_among_them() -> None:
    top = root()
    first = authority(top, "first")
    second = authority(first, "second")
    leaf, stranger = issued(second, "leaf"), pki()
    others = [first.der, second.der, top.der, stranger.ca.der, stranger.leaf.der]
    for order in permutations(others):
        assert judged([leaf.der, *order], [top.der]).certificates == (leaf.der, second.der, first.der, top.der)


def test_the_first_certificate_is_the_leaf_even_where_another_one_looks_like_it(good: Pki) -> None:
    twin = issued(good.ca, "leaf")
    assert judged([good.leaf.der, twin.der, good.ca.der], good.roots).leaf_key == certificate_key(good.leaf.der)
    assert judged([twin.der, good.leaf.der, good.ca.der], good.roots).leaf_key == certificate_key(twin.der)
    with pytest.raises(PathInvalidError, match="is a CA's"):
        judged([good.ca.der, good.leaf.der], good.roots)
    signing = authority(good.root, "ca", Says(ca=True, usage=("digital_signature", "key_cert_sign")))
    judged([signing.der], good.roots, PathPurpose(crl_may_be_missing=True, leaf_may_be_ca=True))


def test_an_intermediate_may_be_the_root_that_is_trusted(good: Pki) -> None:
    assert judged(good.chain, [good.ca.der]).certificates == (good.leaf.der, good.ca.der)


@pytest.mark.parametrize("missing", [0, 1])
def test_refuses_a_path_with_a_gap(good: Pki, missing: int) -> None:
    chain = [der for at, der in enumerate([good.leaf.der, good.ca.der]) if at != missing or at == 0]
    with pytest.raises(RootUnknownError):
        judged(chain, good.roots if missing else [])


def test_a_root_in_the_chain_is_not_trusted_for_being_there(good: Pki) -> None:
    with pytest.raises(RootUnknownError):
        judged([*good.chain, good.root.der], [])
    with pytest.raises(RootUnknownError):
        judged([*good.chain, good.root.der], [root("another").der])


def test_another_root_of_the_same_name_is_another_root(good: Pki) -> None:
    impostor = root("root")
    with pytest.raises(PathInvalidError, match="not one of the issuer's key"):
        judged(good.chain, [impostor.der])
    assert judged(good.chain, [impostor.der, good.root.der]).certificates[-1] == good.root.der
    forged = authority(impostor, "ca")
    with pytest.raises(PathInvalidError, match="not one of the issuer's key"):
        judged([issued(forged, "leaf").der, forged.der, impostor.der], good.roots)


def test_the_key_of_a_root_under_another_name_is_not_the_root(good: Pki) -> None:
    renamed = root("another", key=good.root.key)
    with pytest.raises(RootUnknownError):
        judged(good.chain, [renamed.der])


def test_a_root_renewed_under_its_name_and_key_leads_to_the_one_that_is_trusted(good: Pki) -> None:
    renewed = root("root", key=good.root.key)
    assert judged([*good.chain, renewed.der], good.roots).certificates == (*good.chain, good.root.der)
    assert judged([*good.chain, good.root.der], [renewed.der]).certificates == (*good.chain, renewed.der)


def test_names_chain_byte_for_byte(good: Pki) -> None:
    for name in ("CA", "ca ", "c\u00e0", "cA"):
        leaf = issued(good.ca, "leaf", Says(issuer=named(name)))
        with pytest.raises(RootUnknownError):
            judged([leaf.der, good.ca.der], good.roots)


def test_refuses_a_leaf_that_names_itself_as_its_issuer(good: Pki) -> None:
    alone = root("alone", Says())
    for roots in (good.roots, [alone.der], []):
        with pytest.raises(PathInvalidError, match="itself as its issuer"):
            judged([alone.der, good.ca.der], roots)
    with pytest.raises(PathInvalidError, match="itself as its issuer"):
        judged([alone.der], good.roots, PINNED)


def test_a_leaf_may_be_the_root_where_the_purpose_admits_it(good: Pki) -> None:
    alone = root("alone", Says())
    path = judged([alone.der, good.ca.der], [alone.der], PINNED)
    assert path.certificates == (alone.der,)
    assert path.without_crl == ()
    assert judged([good.leaf.der], [good.leaf.der], PINNED).certificates == (good.leaf.der,)
    with pytest.raises(RootUnknownError):
        judged([good.leaf.der], [good.leaf.der])


def test_another_certificate_of_a_pinned_key_is_not_the_pinned_one() -> None:
    alone = root("alone", Says())
    again = root("alone", Says(), key=alone.key)
    with pytest.raises(PathInvalidError, match="itself as its issuer"):
        judged([again.der], [alone.der], PINNED)


def test_a_pinned_leaf_is_judged_as_a_leaf() -> None:
    for says, error in (
        (Says(not_after=AT - 1), CertificateOutOfDateError),
        (CA_SAYS, PathInvalidError),
        (Says(usage=("key_agreement",)), PathInvalidError),
    ):
        alone = root("alone", says)
        for purpose in (
            PINNED,
            PathPurpose(crl_may_be_missing=True, leaf_may_be_anchor=True, anchors_are_bare_keys=True),
        ):
            with pytest.raises(error):
                judged([alone.der], [alone.der], purpose)


def test_a_bare_root_gives_its_name_and_key_and_nothing_else() -> None:
    top = root("root", Says(ca=None, usage=("key_agreement",), not_after=AT - DAY))
    middle = authority(top, "ca")
    leaf = issued(middle, "leaf")
    with pytest.raises(UnverifiedError):
        judged([leaf.der, middle.der], [top.der])
    path = judged([leaf.der, middle.der], [top.der], BARE)
    assert NotChecked.ANCHOR in path.not_checked
    pinned = PathPurpose(crl_may_be_missing=True, leaf_may_be_anchor=True, anchors_are_bare_keys=True)
    assert NotChecked.ANCHOR not in judged([leaf.der], [leaf.der], pinned).not_checked
    purpose = PathPurpose(anchors_are_bare_keys=True)
    validate_path([leaf.der, middle.der], [top.der], AT, purpose=purpose, crls=[crl(top), crl(middle)])


def test_a_bare_root_is_not_bare_where_it_stands_in_the_middle() -> None:
    top = root()
    middle = authority(top, "ca", OLD)
    leaf = issued(middle, "leaf")
    with pytest.raises(CertificateOutOfDateError):
        judged([leaf.der, middle.der], [top.der], BARE)


@pytest.mark.parametrize("size", [0, MAX_CERTIFICATES + 1, 1000])
def test_refuses_a_chain_of_none_or_too_many(good: Pki, size: int) -> None:
    with pytest.raises(TooLargeError):
        judged([*good.chain, *[good.ca.der] * 1000][:size], good.roots)


def test_refuses_a_certificate_that_is_too_long(good: Pki) -> None:
    with pytest.raises(TooLargeError):
        judged([good.leaf.der, b"\x30" * (MAX_CERTIFICATE_BYTES + 1)], good.roots)


def test_refuses_what_is_no_certificate_wherever_it_stands(good: Pki) -> None:
    for wrong in (b"", b"garbage", good.leaf.der + b"\x00", good.leaf.der[:-1], b"\x30\x80" + good.leaf.der):
        for chain, roots in (
            ([wrong, good.ca.der], good.roots),
            ([good.leaf.der, good.ca.der, wrong], good.roots),
            (good.chain, [good.root.der, wrong]),
        ):
            with pytest.raises(MalformedCertificateError):
                judged(chain, roots)
    with pytest.raises(MalformedCrlError):
        validate_path(good.chain, good.roots, AT, purpose=PURPOSE, crls=[b"garbage"])


@pytest.mark.parametrize("place", [0, 1])
def test_one_bit_of_a_certificate_breaks_the_path(good: Pki, place: int) -> None:
    der = good.chain[place]
    start = len(der) - len(good.leaf.certificate.tbs_certificate_bytes)
    for at in (*range(start, len(der), 11), len(der) - 1):
        spoiled = bytearray(der)
        spoiled[at] ^= 0x01
        chain = list(good.chain)
        chain[place] = bytes(spoiled)
        with pytest.raises((UnverifiedError, MalformedError)):
            judged(chain, good.roots)


def test_one_bit_of_the_root_s_key_or_name_breaks_the_path(good: Pki) -> None:
    der = good.root.der
    material = good.root.certificate.public_key()
    assert isinstance(material, ec.EllipticCurvePublicKey)
    for part in (material.public_numbers().x.to_bytes(32, "big"), b"\x0c\x04root"):
        for at in range(der.rindex(part) + 2, der.rindex(part) + len(part)):
            spoiled = bytearray(der)
            spoiled[at] ^= 0x01
            with pytest.raises((UnverifiedError, MalformedError)):
                judged(good.chain, [bytes(spoiled)])


CURVES = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]
HASHES = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@pytest.mark.parametrize("hashed", HASHES, ids=lambda hashed: hashed.name)
@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_each_curve_goes_with_each_hash(curve: ec.EllipticCurve, hashed: Hash) -> None:
    top = root("root", key=new_key(curve))
    leaf = issued(top, "leaf", Says(hashed=hashed))
    judged([leaf.der], [top.der])


@pytest.mark.parametrize("hashed", HASHES, ids=lambda hashed: hashed.name)
def test_rsa_signs_in_both_paddings(hashed: Hash) -> None:
    top = root("root", key=rsa_key())
    for padded in (padding.PKCS1v15(), padding.PSS(padding.MGF1(hashed), hashed.digest_size)):
        leaf = issued(top, "leaf", Says(hashed=hashed, padded=padded))
        judged([leaf.der], [top.der])


def test_ed25519_signs_and_an_rsa_leaf_is_admitted() -> None:
    top = root("root", key=ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    leaf = issued(top, "leaf", key=rsa_key())
    assert judged([leaf.der], [top.der]).leaf_key == certificate_key(leaf.der)


def test_a_leaf_may_have_a_key_of_ml_dsa_and_a_ca_may_not_sign_with_one() -> None:
    top, key = root(), mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    leaf = built(named("leaf"), key, top.key, named("root"), Says())
    der = Entity(top.key, leaf).der
    assert judged([der], [top.der]).leaf_key == certificate_key(der)
    below = built(named("below"), new_key(), new_key(), named("leaf"), Says())
    with pytest.raises(PathInvalidError, match="does not go with"):
        judged([Entity(top.key, below).der, der], [top.der])


@pytest.mark.parametrize(
    "key", [rsa_key(1024), new_key(ec.SECP256K1()), new_key(ec.SECP224R1())], ids=["RSA-1024", "secp256k1", "P-224"]
)
def test_refuses_keys_that_this_log_does_not_admit_in_every_place(key: PrivateKey) -> None:
    top = root()
    leaf = issued(top, "leaf", key=key)
    with pytest.raises(PathInvalidError, match="admit"):
        judged([leaf.der], [top.der])
    middle = authority(top, "ca", key=key)
    below = issued(middle, "leaf")
    with pytest.raises(PathInvalidError, match="admit"):
        judged([below.der, middle.der], [top.der])
    weak = root("root", key=key)
    with pytest.raises(PathInvalidError, match="admit"):
        judged([issued(weak, "leaf").der], [weak.der])
    with pytest.raises(PathInvalidError, match="admit"):
        judged([leaf.der], [leaf.der], PINNED)


def test_a_stranger_of_a_kind_that_is_not_admitted_does_no_harm(good: Pki) -> None:
    stranger = root("stranger", key=rsa_key(1024))
    judged([*good.chain, stranger.der], [*good.roots, stranger.der])


def test_the_default_purpose_wants_a_crl(good: Pki) -> None:
    with pytest.raises(RevocationUnknownError):
        judged(good.chain, good.roots, PathPurpose())


def test_where_one_path_fails_another_may_hold() -> None:
    top, other = root(), root("other")
    key = new_key()
    old, cross = authority(top, "ca", OLD, key), authority(other, "ca", key=key)
    leaf = issued(old, "leaf")
    with pytest.raises(CertificateOutOfDateError):
        judged([leaf.der, old.der], [top.der, other.der])
    for chain in ([leaf.der, old.der, cross.der], [leaf.der, cross.der, old.der]):
        assert judged(chain, [top.der, other.der]).certificates == (leaf.der, cross.der, other.der)


def test_where_all_paths_fail_the_first_one_tells_why() -> None:
    top, key = root(), new_key()
    old, no_ca = authority(top, "ca", OLD, key), authority(top, "ca", Says(ca=False, usage=CA_USAGE), key)
    leaf = issued(old, "leaf")
    with pytest.raises(CertificateOutOfDateError):
        judged([leaf.der, old.der, no_ca.der], [top.der])
    with pytest.raises(PathInvalidError, match="not a CA's"):
        judged([leaf.der, no_ca.der, old.der], [top.der])
