"""How long a path holds, and through whom it leads."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose import labels
from counterfoil.cose.certificates import certificate_digest
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.signatures import SignatureChecks
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import PathInvalidError, RootUnknownError, UnverifiedError
from tests.certificates import (
    AT,
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
    when,
)

LAX = PathPurpose(crl_may_be_missing=True)
BARE = PathPurpose(crl_may_be_missing=True, anchors_are_bare_keys=True)


def judged(made: Pki, crls: Sequence[bytes] = (), purpose: PathPurpose = LAX, at: int = AT) -> VerifiedPath:
    return validate_path(made.chain, made.roots, at, purpose=purpose, crls=crls)


def interval(path: VerifiedPath) -> tuple[int, int]:
    return path.holds_from, path.holds_until


def dates(days_before: int, days_after: int, *, ca: bool = True) -> Says:
    begin, end = AT - days_before * DAY, AT + days_after * DAY
    return Says(ca=ca, usage=CA_USAGE if ca else ("digital_signature",), not_before=begin, not_after=end)


def later(issuer: Entity, revoked: Sequence[tuple[int, int]]) -> bytes:
    """A CRL that may name a certificate several times."""
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, when(AT - DAY), when(AT + 5 * DAY))
    for serial, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when(since)).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("which", ["leaf", "ca", "above"])
def test_from_the_latest_beginning_to_the_earliest_end(which: str) -> None:
    made = pki(**{which: dates(2, 3, ca=which != "leaf")})
    assert interval(judged(made)) == (AT - 2 * DAY, AT + 3 * DAY)
    begin = pki(dates(3, 9, ca=False), dates(2, 8), dates(4, 7))
    assert interval(judged(begin)) == (AT - 2 * DAY, AT + 7 * DAY)


def test_the_dates_of_a_bare_root_do_not_count() -> None:
    made = pki(above=dates(2, 3))
    assert interval(judged(made, purpose=BARE)) == (NOT_BEFORE, NOT_AFTER)


def test_a_crl_bounds_it() -> None:
    made = pki()
    crls = [crl(made.root), crl(made.ca, this_update=AT - 5, next_update=AT + 7)]
    assert interval(judged(made, crls)) == (AT - 5, AT + 7)
    crls = [crl(made.root, this_update=AT - 5, next_update=AT + 7), crl(made.ca)]
    assert interval(judged(made, crls)) == (AT - 5, AT + 7)
    assert interval(judged(made, [crl(made.ca)])) == (AT - DAY, AT + DAY)


def test_of_several_crls_of_a_ca_the_one_that_lasts_counts() -> None:
    made = pki()
    lasting = crl(made.ca, this_update=AT - 3, next_update=AT + 9)
    others = [
        crl(made.ca, this_update=AT - 8, next_update=AT + 2),
        crl(made.ca, this_update=AT + 1, next_update=AT + 99),
    ]
    for crls in ([*others, lasting], [lasting, *others]):
        assert interval(judged(made, crls)) == (AT - 3, AT + 9)


def test_a_revocation_to_come_bounds_it() -> None:
    made = pki()
    serial = made.leaf.certificate.serial_number
    listed = [(serial + 1, AT + 10), (serial, AT + 400), (serial, AT + 300), (serial, AT + 500)]
    path = judged(made, [later(made.ca, listed)])
    assert interval(path) == (AT - DAY, AT + 299)
    # Also where another list of that CA says nothing of it.
    assert judged(made, [crl(made.ca, next_update=AT + 6 * DAY), later(made.ca, listed)]).holds_until == AT + 299


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_it_holds_throughout_and_only_then_where_all_bounds_are_one_path_s(data: st.DataObject) -> None:
    days = st.integers(1, 9)
    top = root("root", dates(data.draw(days), data.draw(days)))
    middle = authority(top, "ca", dates(data.draw(days), data.draw(days)))
    made = Pki(top, middle, issued(middle, "leaf", dates(data.draw(days), data.draw(days), ca=False)))
    crls = [
        crl(one, this_update=AT - data.draw(days) * DAY, next_update=AT + data.draw(days) * DAY)
        for one in (top, middle)
    ]
    path = judged(made, crls)
    for at in (path.holds_from, AT, path.holds_until):
        assert interval(judged(made, crls, at=at)) == interval(path)
    for at in (path.holds_from - 1, path.holds_until + 1):
        with pytest.raises(UnverifiedError):
            judged(made, crls, at=at)


def named_by(*entities: Entity, algorithm: int = labels.SHA256) -> PathPurpose:
    through = frozenset((algorithm, certificate_digest(entity.der, algorithm)) for entity in entities)
    return PathPurpose(crl_may_be_missing=True, through=through)


@pytest.mark.parametrize("algorithm", [labels.SHA256, labels.SHA384, labels.SHA512])
def test_it_leads_through_the_cas_that_are_asked_for(algorithm: int) -> None:
    made = pki()
    for entities in ((made.root,), (made.ca,), (made.ca, made.root)):
        judged(made, purpose=named_by(*entities, algorithm=algorithm))
    for entities in ((made.leaf,), (root("x"),), (made.ca, root("x"))):
        with pytest.raises(RootUnknownError, match="lead through"):
            judged(made, purpose=named_by(*entities, algorithm=algorithm))


def test_a_certificate_beside_the_path_is_not_in_it() -> None:
    made = pki()
    beside = authority(made.root, "beside")
    with pytest.raises(RootUnknownError, match="lead through"):
        validate_path([*made.chain, beside.der], made.roots, AT, purpose=named_by(beside))


def test_another_path_is_taken_when_the_first_does_not_lead_there() -> None:
    one, two = root("one"), root("two")
    middle = authority(one, "ca")
    crossed = issued(two, "ca", Says(ca=True, usage=CA_USAGE), key=middle.key)
    leaf = issued(middle, "leaf")
    chain, roots = [leaf.der, middle.der, crossed.der], [one.der, two.der]
    for entities in ((one,), (two,), (crossed,), (middle,), (middle, one), (crossed, two)):
        path = validate_path(chain, roots, AT, purpose=named_by(*entities))
        assert {entity.der for entity in entities} < set(path.certificates)
    with pytest.raises(RootUnknownError, match="lead through"):
        validate_path(chain, roots, AT, purpose=named_by(one, two))


def test_several_questions_share_what_may_be_checked() -> None:
    made, checks = pki(), SignatureChecks(left=5)
    for _ in range(2):
        validate_path(made.chain, made.roots, AT, purpose=LAX, checks=checks)
    with pytest.raises(PathInvalidError, match="signature checks"):
        validate_path(made.chain, made.roots, AT, purpose=LAX, checks=checks)
