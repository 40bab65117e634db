"""How a path is found among certificates that were chosen to make that long."""

import pytest
from cryptography import x509

from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.x509_path import search, signatures
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.signatures import MAX_SIGNATURE_CHECKS
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES, validate_path
from counterfoil.errors import PathInvalidError, RootUnknownError
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, issued, named, new_key, root

PURPOSE = PathPurpose(crl_may_be_missing=True)
OLD = Says(ca=True, usage=CA_USAGE, not_after=AT - DAY)

# Seconds for what takes a fraction of one; without bounds it takes minutes to years.
pytestmark = pytest.mark.timeout(60)


def judged(chain: list[bytes], roots: list[bytes]) -> VerifiedPath:
    return validate_path(chain, roots, AT, purpose=PURPOSE)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """One item for every signature that is checked."""
    seen: list[bytes] = []

    def verify(algorithm: bytes, signature: bytes, data: bytes, key: PublicKey) -> None:
        seen.append(signature)
        signatures.verify_signed(algorithm, signature, data, key)

    monkeypatch.setattr(search, "verify_signed", verify)
    return seen


def test_a_loop_of_cas_that_certify_each_other_ends() -> None:
    first, second = new_key(), new_key()
    one, two = Entity(first, root("one", key=first).certificate), Entity(second, root("two", key=second).certificate)
    one_by_two, two_by_one = authority(two, "one", key=first), authority(one, "two", key=second)
    leaf = issued(one, "leaf")
    loop = [leaf.der, one_by_two.der, two_by_one.der, one.der, two.der]
    with pytest.raises(RootUnknownError):
        judged(loop, [root().der])
    with pytest.raises(RootUnknownError):
        judged(loop, [])
    assert judged(loop, [two.der]).certificates == (leaf.der, one_by_two.der, two.der)


def test_one_key_under_two_names_is_two_cas() -> None:
    top = root()
    below = authority(top, "ca", key=top.key)
    leaf = issued(below, "leaf")
    assert judged([leaf.der, below.der], [top.der]).certificates == (leaf.der, below.der, top.der)


def test_one_name_of_two_keys_is_two_cas() -> None:
    top = root()
    one = authority(top, "ca")
    two = authority(one, "ca")
    leaf = issued(two, "leaf")
    assert judged([leaf.der, one.der, two.der], [top.der]).certificates == (leaf.der, two.der, one.der, top.der)


def test_nine_cas_of_one_name_and_one_key_are_one_step_of_a_path(counted: list[bytes]) -> None:
    top, key = root(), new_key()
    twins = [authority(top, "ca", OLD, key) for _ in range(MAX_CERTIFICATES - 1)]
    leaf = issued(twins[0], "leaf")
    with pytest.raises(RootUnknownError):
        judged([leaf.der, *(twin.der for twin in twins)], [root("other").der])
    assert len(counted) == len(twins)


def test_cas_of_one_name_that_all_certify_each_other_exhaust_the_checks(counted: list[bytes]) -> None:
    keys = [new_key() for _ in range(3)]
    name = named("ca")
    cas = [
        authority(Entity(signer, root("ca", key=signer).certificate), "ca", key=key)
        for key in keys
        for signer in keys
        if key is not signer
    ]
    assert all(entity.certificate.subject == name == entity.certificate.issuer for entity in cas)
    chain = [issued(cas[0], "leaf").der, *(entity.der for entity in cas)]
    with pytest.raises(PathInvalidError):
        judged(chain, [root("other").der])
    assert len(counted) <= MAX_SIGNATURE_CHECKS


def test_a_bomb_of_paths_to_the_root_ends(counted: list[bytes]) -> None:
    """Three names, three certificates each, all of them valid but the last step: 27 paths through nine others."""
    top = root()
    keys = [new_key() for _ in range(3)]
    layers: list[list[Entity]] = []
    above = top
    for name, key in zip(("a", "b", "c"), keys, strict=True):
        layers.append([authority(above, name, OLD, key) for _ in range(3)])
        above = layers[-1][0]
    leaf = issued(above, "leaf")
    chain = [leaf.der, *(entity.der for layer in layers for entity in layer)]
    with pytest.raises(PathInvalidError, match="signature checks"):
        judged(chain, [top.der, root("a").der, root("b").der, root("c").der])
    assert len(counted) == MAX_SIGNATURE_CHECKS


def test_many_roots_of_one_name_exhaust_the_checks_and_no_more(counted: list[bytes]) -> None:
    roots = [root("root").der for _ in range(MAX_SIGNATURE_CHECKS + 10)]
    with pytest.raises(PathInvalidError, match="signature checks"):
        judged([issued(root("root"), "leaf").der], roots)
    assert len(counted) == MAX_SIGNATURE_CHECKS


def test_key_identifiers_are_a_hint_that_may_be_wrong(counted: list[bytes]) -> None:
    right, wrong = x509.SubjectKeyIdentifier(b"right"), x509.SubjectKeyIdentifier(b"wrong")
    roots = [root("root", Says(ca=True, usage=CA_USAGE, extensions=[(hint, False)])) for hint in (wrong, wrong, right)]
    for signer, checks in ((roots[2], 1), (roots[1], 3)):
        counted.clear()
        hint = x509.AuthorityKeyIdentifier(b"right", None, None)
        leaf = issued(signer, "leaf", Says(extensions=[(hint, False)]))
        assert judged([leaf.der], [entity.der for entity in roots]).certificates == (leaf.der, signer.der)
        assert len(counted) == checks
