"""Chains that a device hands out in order, and what is remembered of them."""

import pytest

from counterfoil.attestation.certificate_paths.ordered import REMEMBERED, validate_ordered
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
    assert validate_ordered(CHAIN, ROOTS, AT).certificates == CHAIN
    assert validate_ordered(CHAIN[:-1], ROOTS, AT).certificates == CHAIN


def test_what_is_out_of_order_or_has_no_place_is_refused() -> None:
    other = authority(PKI.root, "other")
    lower = authority(PKI.ca, "lower")
    leaf = issued(lower, "leaf")
    for chain in ((leaf.der, PKI.ca.der, lower.der), (*PKI.chain, other.der), (PKI.leaf.der, other.der, PKI.ca.der)):
        with pytest.raises(EvidenceCertificateError):
            validate_ordered((*chain, PKI.root.der), ROOTS, AT)
    with pytest.raises(RootUnknownError):
        validate_ordered((PKI.leaf.der, PKI.root.der), ROOTS, AT)
    with pytest.raises(RootUnknownError):
        validate_ordered(CHAIN, (root("root of others").der,), AT)


def test_junk_and_chains_too_long_end_in_errors_of_ours() -> None:
    for chain in ((b"junk",), (PKI.leaf.der, b"")):
        with pytest.raises(MalformedError):
            validate_ordered(chain, ROOTS, AT)
    with pytest.raises(TooLargeError):
        validate_ordered((PKI.leaf.der,) * 12, ROOTS, AT)


def test_a_path_that_is_remembered_is_one_of_its_time_and_its_roots() -> None:
    for at in (AT, AT + DAY, AT):
        known = validate_ordered(CHAIN, ROOTS, at)
        assert validate_ordered(CHAIN, ROOTS, at) is known
        REMEMBERED.cache_clear()
        assert validate_ordered(CHAIN, ROOTS, at) == known
    with pytest.raises(CertificateOutOfDateError):
        validate_ordered(CHAIN, ROOTS, AT + 11 * DAY)
    with pytest.raises(RootUnknownError):
        validate_ordered(CHAIN, (), AT)
    assert validate_ordered(CHAIN, ROOTS, AT).certificates == CHAIN


def test_lists_are_asked_each_time() -> None:
    assert validate_ordered(CHAIN, ROOTS, AT).without_crl == (0, 1)
    assert validate_ordered(CHAIN, ROOTS, AT, crls=(crl(PKI.ca), crl(PKI.root))).without_crl == ()
    revoked = crl(PKI.ca, {PKI.leaf.certificate.serial_number: AT - DAY})
    with pytest.raises(CertificateRevokedError):
        validate_ordered(CHAIN, ROOTS, AT, crls=(revoked,))
    assert validate_ordered(CHAIN, ROOTS, AT).without_crl == (0, 1)


def test_two_certificates_for_one_place_give_no_path_at_any_time() -> None:
    """Which of two holds would depend on the time, and so an answer on what was remembered."""
    early, late = twin(PKI.ca, AT + DAY), twin(PKI.ca, AT + 5 * DAY)
    for pair in ((early, late), (late, early)):
        for at in (AT, AT + 2 * DAY):
            with pytest.raises(UnverifiedError):
                validate_ordered((PKI.leaf.der, *(one.der for one in pair), PKI.root.der), ROOTS, at)


def test_a_root_that_was_renewed_is_found_at_each_time_and_nothing_depends_on_what_was_asked_before() -> None:
    chain = CHAIN[:-1]
    old = root("root", Says(ca=True, usage=CA_USAGE, not_after=AT + DAY), PKI.root.key).der
    for at, expected in ((AT, old), (AT + 2 * DAY, PKI.root.der), (AT, old)):
        assert validate_ordered(chain, (old, PKI.root.der), at).certificates[-1] == expected
