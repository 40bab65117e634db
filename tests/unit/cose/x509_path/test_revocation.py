"""What a CRL says, of whom, and since when."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.cose.x509_path.signatures import MAX_SIGNATURE_CHECKS
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import (
    CertificateRevokedError,
    MalformedCrlError,
    MalformedError,
    PathInvalidError,
    RevocationUnknownError,
)
from tests.certificates import (
    AT,
    DAY,
    Entity,
    Pki,
    Says,
    authority,
    crl,
    issued,
    new_key,
    pki,
    root,
    when,
)

REQUIRED, OPTIONAL = PathPurpose(), PathPurpose(crl_may_be_missing=True)
BOTH = pytest.mark.parametrize("purpose", [REQUIRED, OPTIONAL], ids=["required", "optional"])


@pytest.fixture(scope="module")
def made() -> Pki:
    return pki()


def judged(made: Pki, crls: Sequence[bytes], purpose: PathPurpose = REQUIRED) -> VerifiedPath:
    return validate_path(made.chain, made.roots, AT, purpose=purpose, crls=crls)


def serial(entity: Entity) -> int:
    return entity.certificate.serial_number


def test_a_crl_of_every_ca_leaves_nothing_unchecked(made: Pki) -> None:
    path = judged(made, [crl(made.root), crl(made.ca)])
    assert NotChecked.REVOCATION not in path.not_checked
    assert path.without_crl == ()


def test_the_crl_of_one_ca_says_nothing_of_what_another_issued(made: Pki) -> None:
    assert judged(made, [crl(made.root)], OPTIONAL).without_crl == (0,)
    assert judged(made, [crl(made.ca)], OPTIONAL).without_crl == (1,)
    for one in (made.root, made.ca):
        with pytest.raises(RevocationUnknownError, match="was given"):
            judged(made, [crl(one)])
    others = crl(root("other"), {serial(made.leaf): AT - DAY, serial(made.ca): AT - DAY})
    assert judged(made, [others], OPTIONAL).without_crl == (0, 1)
    judged(made, [crl(made.root), crl(made.ca), others])
    below = crl(made.root, {serial(made.leaf): AT - DAY})
    judged(made, [below, crl(made.ca)])


@BOTH
def test_refuses_a_revoked_certificate(made: Pki, purpose: PathPurpose) -> None:
    for since in (AT, AT - 1, AT - 1000 * DAY):
        with pytest.raises(CertificateRevokedError, match="certificate 0"):
            judged(made, [crl(made.root), crl(made.ca, {serial(made.leaf): since})], purpose)
        with pytest.raises(CertificateRevokedError, match="certificate 1"):
            judged(made, [crl(made.root, {serial(made.ca): since}), crl(made.ca)], purpose)


def test_a_revocation_to_come_and_that_of_a_neighbour_change_nothing(made: Pki) -> None:
    listed = {serial(made.leaf): AT + 1, serial(made.leaf) + 1: AT - DAY, 0xFFFF: AT - DAY}
    judged(made, [crl(made.root), crl(made.ca, listed)])


@BOTH
@pytest.mark.parametrize(
    ("this_update", "next_update"), [(AT - 2 * DAY, AT - 1), (AT + 1, AT + DAY)], ids=["no longer", "not yet"]
)
def test_refuses_crls_that_are_all_out_of_date(
    made: Pki, purpose: PathPurpose, this_update: int, next_update: int
) -> None:
    stale = crl(made.ca, this_update=this_update, next_update=next_update)
    with pytest.raises(RevocationUnknownError, match="in date"):
        judged(made, [crl(made.root), stale], purpose)
    judged(made, [crl(made.root), stale, crl(made.ca)], purpose)


def test_both_ends_of_a_crl_s_time_are_within_it(made: Pki) -> None:
    for this_update, next_update in ((AT, AT + DAY), (AT - DAY, AT)):
        judged(made, [crl(made.root), crl(made.ca, this_update=this_update, next_update=next_update)])


@BOTH
def test_a_crl_out_of_date_still_revokes(made: Pki, purpose: PathPurpose) -> None:
    listed = {serial(made.leaf): AT - 3 * DAY}
    stale = crl(made.ca, listed, this_update=AT - 3 * DAY, next_update=AT - 2 * DAY)
    for crls in ([crl(made.root), stale, crl(made.ca)], [crl(made.root), crl(made.ca), stale]):
        with pytest.raises(CertificateRevokedError):
            judged(made, crls, purpose)


def test_a_crl_under_a_ca_s_name_and_another_key_says_nothing(made: Pki) -> None:
    forged = crl(made.ca, {serial(made.leaf): AT - DAY}, key=new_key())
    assert judged(made, [crl(made.root), forged], OPTIONAL).without_crl == (0,)
    with pytest.raises(RevocationUnknownError):
        judged(made, [crl(made.root), crl(made.ca, key=new_key())])


def test_one_bit_of_a_crl_leaves_the_path_without_one(made: Pki) -> None:
    der = crl(made.ca, {serial(made.leaf): AT - DAY})
    for at in range(0, len(der), 7):
        spoiled = bytearray(der)
        spoiled[at] ^= 0x01
        with pytest.raises((RevocationUnknownError, MalformedError)):
            judged(made, [crl(made.root), bytes(spoiled)])


def test_a_ca_signs_crls_only_with_a_key_that_may() -> None:
    top = root()
    middle = authority(top, "ca", Says(ca=True, usage=("key_cert_sign",)))
    made = Pki(top, middle, issued(middle, "leaf"))
    with pytest.raises(RevocationUnknownError):
        judged(made, [crl(top), crl(middle)])
    unsaid = authority(top, "ca", Says(ca=True, usage=None))
    judged(Pki(top, unsaid, issued(unsaid, "leaf")), [crl(top), crl(unsaid)])


def distribution_point(*, indirect: bool = False) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=not indirect,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=indirect,
        only_contains_attribute_certs=False,
    )


KINDS: list[tuple[x509.ExtensionType, bool]] = [
    (x509.DeltaCRLIndicator(1), True),
    (x509.DeltaCRLIndicator(1), False),
    (distribution_point(), True),
    (distribution_point(indirect=True), False),
    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00"), True),
]


@BOTH
@pytest.mark.parametrize("extension", KINDS, ids=lambda extension: f"{type(extension[0]).__name__}-{extension[1]}")
def test_refuses_a_crl_of_a_kind_that_is_not_supported(
    made: Pki, purpose: PathPurpose, extension: tuple[x509.ExtensionType, bool]
) -> None:
    crls = [crl(made.root), crl(made.ca, extensions=[extension]), crl(made.ca)]
    with pytest.raises(RevocationUnknownError, match="of a kind"):
        judged(made, crls, purpose)


def test_a_number_and_a_key_identifier_do_no_harm(made: Pki) -> None:
    identifier = x509.AuthorityKeyIdentifier(b"key", None, None)
    known: list[tuple[x509.ExtensionType, bool]] = [(x509.CRLNumber(7), False), (identifier, False)]
    judged(made, [crl(made.root), crl(made.ca, extensions=known)])


def test_a_certificate_on_hold_counts_as_revoked(made: Pki) -> None:
    entry = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    built = x509.RevokedCertificateBuilder().serial_number(serial(made.leaf))
    since = made.leaf.certificate.not_valid_before_utc
    on_hold = built.revocation_date(since).add_extension(entry, critical=False).build()
    template = parse_crl(crl(made.ca)).loaded
    builder = x509.CertificateRevocationListBuilder(template.issuer, template.last_update_utc, template.next_update_utc)
    der = builder.add_revoked_certificate(on_hold).sign(made.ca.key, hashes.SHA256())
    with pytest.raises(CertificateRevokedError):
        judged(made, [crl(made.root), der.public_bytes(serialization.Encoding.DER)])


def test_a_certificate_that_is_listed_again_is_revoked_since_the_earlier_time(made: Pki) -> None:
    entry = x509.RevokedCertificateBuilder().serial_number(serial(made.leaf))
    for times, revoked in (((AT + 1, AT - 1), True), ((AT - 1, AT + 1), True), ((AT + 1, AT + 2), False)):
        builder = x509.CertificateRevocationListBuilder(made.ca.certificate.subject, when(AT - DAY), when(AT + DAY))
        for since in times:
            builder = builder.add_revoked_certificate(entry.revocation_date(when(since)).build())
        der = builder.sign(made.ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        assert parse_crl(der).revokes(serial(made.leaf), AT) == revoked


def test_a_crl_without_a_next_update_speaks_of_no_time(made: Pki) -> None:
    read = parse_crl(crl(made.ca))
    assert read.is_in_date(AT)
    assert not replace(read, next_update=None).is_in_date(AT)


def test_a_crl_under_another_name_of_the_same_key_says_nothing(made: Pki) -> None:
    twin = root("twin", key=made.ca.key)
    listed = crl(twin, {serial(made.leaf): AT - DAY})
    assert judged(made, [crl(made.root), listed], OPTIONAL).without_crl == (0,)
    assert judged(made, [crl(made.root), crl(made.ca), listed]).without_crl == ()


def test_many_crls_under_one_name_are_bounded(made: Pki) -> None:
    forged = crl(made.ca, key=new_key())
    with pytest.raises(PathInvalidError, match="signature checks"):
        judged(made, [crl(made.root), *[forged] * MAX_SIGNATURE_CHECKS], OPTIONAL)
    with pytest.raises(RevocationUnknownError):
        judged(made, [crl(made.root), *[crl(made.ca, key=new_key()) for _ in range(20)]])


def test_refuses_what_is_no_crl(made: Pki) -> None:
    der = crl(made.ca)
    for wrong in (b"", b"\x30\x00", b"garbage", der[:-1], der + b"\x00", der + der, made.leaf.der):
        with pytest.raises(MalformedCrlError):
            parse_crl(wrong)


def test_a_spoiled_byte_never_raises_a_foreign_error(made: Pki) -> None:
    der = crl(made.ca, {serial(made.leaf): AT}, extensions=[(x509.CRLNumber(7), False)])
    for at in range(len(der)):
        spoiled = bytearray(der)
        spoiled[at] ^= 0x11
        try:
            parse_crl(bytes(spoiled))
        except MalformedError:
            continue
