"""Which attestation keys are trusted."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import Check, not_checked, passed
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.attestation_key import AttestationKey, verify_attestation_key
from counterfoil.cose.keys import public_key_der
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CounterfoilError,
    EvidenceKeyError,
    EvidenceMismatchError,
    EvidencePartError,
    MalformedCertificateError,
    PathInvalidError,
    RootUnknownError,
)
from counterfoil.statement.claims import MAX_NUMERIC_DATE
from tests.certificates import AT, CA_USAGE, NOT_AFTER, NOT_BEFORE, Entity, Says, authority, crl, issued, root
from tests.tpm_quotes import RSAPSS, SIGNING, SoftKey, ecc_key, quote, rsa_ak, sized

AK, OTHER, RSA = ecc_key(), ecc_key(), rsa_ak(RSAPSS)
ROOT = root("TPM root")
CA = authority(ROOT, "TPM CA")
AIK = x509.ObjectIdentifier("2.23.133.8.3")
EK = x509.ObjectIdentifier("2.23.133.8.1")
UNSURE = not_checked("key-attributes", "nothing that is pinned or signed says what they are")
NOTHING = Anchors(frozenset())


def pinned(*der: bytes, certificates: Sequence[bytes] = ()) -> Anchors:
    return Anchors(frozenset(sha256(one).digest() for one in der), tuple(certificates))


def usage(*names: x509.ObjectIdentifier, critical: bool = False) -> tuple[x509.ExtensionType, bool]:
    return x509.ExtendedKeyUsage(names), critical


def certified(key: SoftKey = AK, says: Says | None = None, by: Entity = CA) -> Entity:
    return issued(by, "AK", says or Says(extensions=[usage(AIK)]), key.private)


def pem(*chain: Entity) -> bytes:
    return b"".join(one.certificate.public_bytes(Encoding.PEM) for one in chain)


def verify(
    anchors: Anchors, *, at: int = AT, collateral: Collateral = NO_COLLATERAL, **parts: bytes | None
) -> AttestationKey:
    return verify_attestation_key(quote(AK, None, **parts), at, anchors, collateral)


@pytest.mark.parametrize("key", [AK, RSA])
def test_a_pinned_key_is_trusted_at_any_time(key: SoftKey) -> None:
    anchors = pinned(public_key_der(key.key))
    for at in (0, AT, MAX_NUMERIC_DATE):
        trusted = verify(anchors, at=at, public=sized(key.public))
        assert trusted.key == key.key
        assert trusted.checks == (passed("key-pinned"), UNSURE)
        assert (trusted.holds_from, trusted.holds_until) == (0, MAX_NUMERIC_DATE)


def test_a_key_that_is_pinned_by_its_name_has_the_attributes_it_says() -> None:
    trusted = verify(pinned(AK.public))
    assert trusted.checks == (passed("key-pinned", "by its name"), passed("key-attributes"))
    with pytest.raises(RootUnknownError):
        verify(pinned(AK.public), public=replace(AK, attributes=SIGNING ^ 1 << 6).public)


@pytest.mark.parametrize("anchors", [NOTHING, pinned(public_key_der(OTHER.key)), pinned(ROOT.der)])
def test_a_key_that_is_neither_pinned_nor_certified_is_not_trusted(anchors: Anchors) -> None:
    with pytest.raises(RootUnknownError):
        verify(anchors)


@pytest.mark.parametrize("bit", [1, 4, 5, 16, 18])
@pytest.mark.parametrize("also", [False, True])
def test_a_key_that_may_sign_other_things_is_not_trusted_however_it_is_vouched_for(bit: int, *, also: bool) -> None:
    key = replace(AK, attributes=SIGNING & ~(1 << bit))
    anchors = pinned(public_key_der(AK.key), key.public, ROOT.der)
    with pytest.raises(EvidenceKeyError):
        verify(anchors, public=key.public, certificates=pem(certified(), CA, ROOT) if also else None)


@pytest.mark.parametrize("carried", [True, False])
@pytest.mark.parametrize("with_public", [True, False])
def test_a_certified_key_is_trusted_as_long_as_its_path_holds(*, carried: bool, with_public: bool) -> None:
    chain = pem(certified(), CA, ROOT) if carried else pem(certified(), CA)
    anchors = pinned(ROOT.der, certificates=() if carried else [ROOT.der])
    parts: dict[str, Any] = {} if with_public else {"public": None}
    trusted = verify(anchors, certificates=chain, **parts)
    assert trusted.key == AK.key
    assert (trusted.public is not None) is with_public
    expected = (passed("certificate-path"), passed("extended-key-usage"), not_checked("revocation"), UNSURE)
    assert trusted.checks == expected
    assert (trusted.holds_from, trusted.holds_until) == (NOT_BEFORE, NOT_AFTER)
    for at in (NOT_BEFORE - 1, NOT_AFTER + 1):
        with pytest.raises(CertificateOutOfDateError):
            verify(anchors, at=at, certificates=chain, **parts)


def test_a_key_may_be_pinned_where_only_its_certificate_is_given() -> None:
    trusted = verify(pinned(public_key_der(AK.key)), public=None, certificates=pem(certified(by=ROOT)))
    assert trusted.checks == (passed("key-pinned"), UNSURE)


@pytest.mark.parametrize(
    ("says", "check"),
    [
        (Says(), not_checked("extended-key-usage")),
        (Says(extensions=[usage(AIK, EK)]), passed("extended-key-usage")),
        (Says(extensions=[usage(AIK, critical=True)]), passed("extended-key-usage")),
    ],
)
def test_a_certificate_may_say_that_it_is_of_an_attestation_key(says: Says, check: Check) -> None:
    assert check in verify(pinned(ROOT.der), certificates=pem(certified(says=says), CA, ROOT)).checks


@pytest.mark.parametrize(
    "says",
    [
        Says(extensions=[usage(EK)]),
        Says(extensions=[usage(ExtendedKeyUsageOID.SERVER_AUTH)]),
        Says(extensions=[usage(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)]),
        Says(extensions=[usage(AIK)], usage=("key_encipherment",)),
        Says(ca=True, extensions=[usage(AIK)]),
    ],
)
def test_a_certificate_for_something_else_is_refused(says: Says) -> None:
    with pytest.raises(PathInvalidError):
        verify(pinned(ROOT.der), certificates=pem(certified(says=says), CA, ROOT))


def test_a_certificate_of_another_key_is_refused() -> None:
    anchors = pinned(ROOT.der, public_key_der(AK.key), AK.public)
    with pytest.raises(EvidenceMismatchError):
        verify(anchors, certificates=pem(certified(OTHER), CA, ROOT))


def test_a_root_of_the_same_name_is_another_root() -> None:
    false_root = root("TPM root")
    false_ca = authority(false_root, "TPM CA")
    false_chain = pem(certified(by=false_ca), false_ca, false_root)
    with pytest.raises(RootUnknownError):
        verify(pinned(ROOT.der), certificates=false_chain)
    with pytest.raises(PathInvalidError):
        verify(pinned(ROOT.der, certificates=[ROOT.der]), certificates=pem(certified(by=false_root), ROOT))


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(ca=True, usage=CA_USAGE, not_after=AT - 1), CertificateOutOfDateError),
        (Says(ca=True, usage=CA_USAGE, path_length=0), PathInvalidError),
        (Says(ca=True, usage=("crl_sign",)), PathInvalidError),
    ],
)
def test_a_root_is_bound_by_what_its_certificate_says(says: Says, error: type[CounterfoilError]) -> None:
    top = root("TPM root", says)
    middle = authority(top, "TPM CA")
    with pytest.raises(error):
        verify(pinned(top.der), certificates=pem(certified(by=middle), middle, top))


def test_a_pinned_certificate_of_the_key_itself_is_no_root() -> None:
    leaf = certified()
    with pytest.raises(RootUnknownError):
        verify(pinned(leaf.der), certificates=pem(leaf, CA, ROOT))


def test_a_self_signed_certificate_is_trusted_by_nobody() -> None:
    own = root("AK", Says(extensions=[usage(AIK)]), AK.private)
    for anchors in (NOTHING, pinned(ROOT.der), pinned(own.der)):
        with pytest.raises((RootUnknownError, PathInvalidError)):
            verify(anchors, certificates=pem(own))


def test_revocation_lists_count_and_are_named() -> None:
    leaf, lists = certified(), (crl(CA), crl(ROOT), crl(root("stranger")))
    trusted = verify(pinned(ROOT.der), certificates=pem(leaf, CA, ROOT), collateral=Collateral(crls=lists))
    assert passed("revocation") in trusted.checks
    assert trusted.collateral == {collateral_digest(lists[0]), collateral_digest(lists[1])}
    assert (trusted.holds_from, trusted.holds_until) == (AT - 86_400, AT + 86_400)
    revoked = (crl(CA, {leaf.certificate.serial_number: AT - 1}), crl(ROOT))
    with pytest.raises(CertificateRevokedError):
        verify(pinned(ROOT.der), certificates=pem(leaf, CA, ROOT), collateral=Collateral(crls=revoked))


def test_one_list_alone_leaves_the_rest_unchecked() -> None:
    collateral = Collateral(crls=(crl(CA),))
    trusted = verify(pinned(ROOT.der), certificates=pem(certified(), CA, ROOT), collateral=collateral)
    assert not_checked("revocation") in trusted.checks
    assert trusted.collateral == {collateral_digest(collateral.crls[0])}


def test_without_a_key_nothing_is_trusted() -> None:
    with pytest.raises(EvidencePartError):
        verify(pinned(public_key_der(AK.key)), public=None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        certified().der,
        pem(certified())[:-30],
        b"x" + pem(certified()),
        pem(certified()) + b"x",
        pem(*[certified()] * 11),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA=A\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_are_no_certificates_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        verify(pinned(ROOT.der), certificates=data)
    with pytest.raises(MalformedCertificateError):
        verify(pinned(ROOT.der), certificates=data, public=None)


def test_a_certificate_of_a_key_that_no_tpm_has_is_no_trouble_here() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    leaf = issued(CA, "AK", Says(extensions=[usage(AIK)]), key)
    evidence = Evidence(Platform.TPM2, {"certificates": pem(leaf, CA, ROOT)})
    assert verify_attestation_key(evidence, AT, pinned(ROOT.der), NO_COLLATERAL).key.curve == "Ed25519"
    with pytest.raises(EvidenceMismatchError):
        verify(pinned(ROOT.der), certificates=pem(leaf, CA, ROOT))


def test_every_byte_of_the_certificates_matters_or_is_refused_with_an_error_of_ours() -> None:
    chain = pem(certified(), CA, ROOT)
    for at in range(0, len(chain), 61):
        changed = chain[:at] + bytes((chain[at] ^ 1,)) + chain[at + 1 :]
        with pytest.raises(CounterfoilError):
            verify(pinned(ROOT.der), certificates=changed)
