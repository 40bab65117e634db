"""Chains that a device hands out in order, and what is remembered of them."""

import pytest

from counterfoil.attestation import ordered_paths
from counterfoil.attestation.ordered_paths import OrderedPaths
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    EvidenceCertificateError,
    MalformedError,
    RootUnknownError,
    TooLargeError,
    UnverifiedError,
)
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, crl, issued, pki, root

PKI = pki()
CHAIN = (*PKI.chain, PKI.root.der)
ROOTS = (PKI.root.der,)


def twin(of: Entity, not_after: int) -> Entity:
    """Another CA's certificate of the same name and key as ``of``, with another end."""
    says = Says(ca=True, usage=CA_USAGE, not_after=not_after)
    return authority(PKI.root, "ca", says, of.key)


def test_a_chain_in_order_is_its_path_with_and_without_the_root() -> None:
    assert OrderedPaths().validate(CHAIN, ROOTS, AT).certificates == CHAIN
    assert OrderedPaths().validate(CHAIN[:-1], ROOTS, AT).certificates == CHAIN


def test_what_is_out_of_order_or_has_no_place_is_refused() -> None:
    other = authority(PKI.root, "other")
    lower = authority(PKI.ca, "lower")
    leaf = issued(lower, "leaf")
    for chain in ((leaf.der, PKI.ca.der, lower.der), (*PKI.chain, other.der), (PKI.leaf.der, other.der, PKI.ca.der)):
        with pytest.raises(EvidenceCertificateError):
            OrderedPaths().validate((*chain, PKI.root.der), ROOTS, AT)
    with pytest.raises(RootUnknownError):
        OrderedPaths().validate((PKI.leaf.der, PKI.root.der), ROOTS, AT)
    with pytest.raises(RootUnknownError):
        OrderedPaths().validate(CHAIN, (root("root of others").der,), AT)


def test_junk_and_chains_too_long_end_in_errors_of_ours() -> None:
    for chain in ((b"junk",), (PKI.leaf.der, b"")):
        with pytest.raises(MalformedError):
            OrderedPaths().validate(chain, ROOTS, AT)
    with pytest.raises(TooLargeError):
        OrderedPaths().validate((PKI.leaf.der,) * 12, ROOTS, AT)


def test_a_path_that_is_remembered_is_one_of_its_time_and_its_roots() -> None:
    paths = OrderedPaths()
    for at in (AT, AT + DAY, AT):
        assert paths.validate(CHAIN, ROOTS, at) == OrderedPaths().validate(CHAIN, ROOTS, at)
    with pytest.raises(CertificateOutOfDateError):
        paths.validate(CHAIN, ROOTS, AT + 11 * DAY)
    with pytest.raises(RootUnknownError):
        paths.validate(CHAIN, (), AT)
    assert paths.validate(CHAIN, ROOTS, AT).certificates == CHAIN


def test_lists_are_asked_each_time() -> None:
    paths = OrderedPaths()
    assert paths.validate(CHAIN, ROOTS, AT).without_crl == (0, 1)
    assert paths.validate(CHAIN, ROOTS, AT, crls=(crl(PKI.ca), crl(PKI.root))).without_crl == ()
    revoked = crl(PKI.ca, {PKI.leaf.certificate.serial_number: AT - DAY})
    with pytest.raises(CertificateRevokedError):
        paths.validate(CHAIN, ROOTS, AT, crls=(revoked,))
    assert paths.validate(CHAIN, ROOTS, AT).without_crl == (0, 1)


def test_two_certificates_for_one_place_give_no_path_at_any_time() -> None:
    """Which of two holds would depend on the time, and so an answer on what was remembered."""
    early, late = twin(PKI.ca, AT + DAY), twin(PKI.ca, AT + 5 * DAY)
    for pair in ((early, late), (late, early)):
        for at in (AT, AT + 2 * DAY):
            with pytest.raises(UnverifiedError):
                OrderedPaths().validate((PKI.leaf.der, *(one.der for one in pair), PKI.root.der), ROOTS, at)


def test_no_more_is_remembered_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered_paths, "MAX_REMEMBERED", 2)
    paths = OrderedPaths()
    for name in ("a", "b", "c", "d", "e"):
        chain = (issued(PKI.ca, name).der, PKI.ca.der, PKI.root.der)
        assert paths.validate(chain, ROOTS, AT).certificates == chain
        assert 1 <= len(paths) <= 2


def test_a_root_that_was_renewed_is_found_at_each_time_and_nothing_depends_on_what_was_asked_before() -> None:
    paths, chain = OrderedPaths(), CHAIN[:-1]
    old = root("root", Says(ca=True, usage=CA_USAGE, not_after=AT + DAY), PKI.root.key).der
    for at, expected in ((AT, old), (AT + 2 * DAY, PKI.root.der), (AT, old)):
        assert paths.validate(chain, (old, PKI.root.der), at).certificates[-1] == expected
