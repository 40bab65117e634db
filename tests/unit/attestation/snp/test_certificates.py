"""The certificates of keys that sign SNP reports, and their paths to AMD's roots."""

import warnings
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.certificate_paths.remembered import MAX_REMEMBERED, Remembered, Verified
from counterfoil.attestation.claims import not_checked, passed
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.snp import certificates
from counterfoil.attestation.snp.certificates import (
    MAX_BUNDLE_BYTES,
    MAX_CHAIN,
    REMEMBERED,
    ChipCertificate,
    verify_chip_certificate,
)
from counterfoil.attestation.snp.report import SigningKey
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CounterfoilError,
    EvidenceCertificateError,
    EvidenceTooLargeError,
    MalformedCertificateError,
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
)
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, crl, issued, new_key, root, rsa_key, tlv
from tests.intel_quotes import pem
from tests.snp_reports import (
    CHIP_ID,
    FROM,
    GENOA,
    LEVELS,
    MILAN,
    PROVIDER,
    TURIN,
    TURIN_CHIP_ID,
    UNTIL,
    VLEK,
    Amd,
    Chip,
    amd_of,
    integer,
    make_amd,
    make_chip,
)

CHIP = make_chip()
CA = Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=UNTIL)
LATER_CA = Says(ca=True, usage=CA_USAGE, not_before=AT, not_after=UNTIL + DAY)


def found(
    chip: Chip = CHIP,
    bundle: bytes | None = None,
    *crls: bytes,
    at: int = AT,
    anchors: Anchors | None = None,
) -> ChipCertificate:
    data = chip.certificates() if bundle is None else bundle
    return verify_chip_certificate(data, at, anchors or chip.anchors, crls)


@pytest.mark.parametrize("product", [MILAN, GENOA, TURIN])
def test_a_certificate_says_which_chip_and_firmware_it_is_for(product: str) -> None:
    certificate = found(make_chip(product))
    assert (certificate.kind, certificate.product, certificate.provider) == (SigningKey.VCEK, product, None)
    assert certificate.chip_id == (TURIN_CHIP_ID if product == TURIN else CHIP_ID)
    assert certificate.levels == {name: level for name, level in LEVELS.items() if name != "fmc" or product == TURIN}


def test_a_provider_s_certificate_says_whose_it_is() -> None:
    certificate = found(make_chip(kind=VLEK))
    assert (certificate.kind, certificate.chip_id, certificate.provider) == (SigningKey.VLEK, None, PROVIDER)


@pytest.mark.parametrize("name", ["Milan-B0", "Milan", "Milan-B1"])
def test_a_product_may_have_a_stepping(name: str) -> None:
    assert found(make_chip(says={"2": tlv(0x16, name.encode())})).product == MILAN


@pytest.mark.parametrize("name", [b"", b"-Milan", b"milan", b"Rome-B0", b"Milano", b"Milan B0", b"Venice"])
def test_another_product_is_not_known(name: bytes) -> None:
    with pytest.raises(EvidenceCertificateError, match="product"):
        found(make_chip(says={"2": tlv(0x16, name)}))


@pytest.mark.parametrize("value", [b"", b"Milan-B0", tlv(0x0C, b"Milan"), tlv(0x16, b"M\xffilan"), b"\x16\x05Mil"])
def test_a_product_that_is_no_text_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        found(make_chip(says={"2": value}))


@pytest.mark.parametrize("arc", ["2", "3.1", "3.2", "3.3", "3.8"])
def test_a_certificate_without_something_that_amd_says_is_none(arc: str) -> None:
    with pytest.raises(EvidenceCertificateError):
        found(make_chip(says={arc: None}))


def test_only_turin_has_firmware_of_a_fifth_part() -> None:
    with pytest.raises(EvidenceCertificateError):
        found(make_chip(TURIN, says={"3.9": None}))
    assert "fmc" not in found(make_chip(says={"3.9": integer(1)})).levels


@pytest.mark.parametrize("arc", ["3.1", "3.2", "3.3", "3.8"])
@pytest.mark.parametrize(
    "value",
    [b"", b"\x02\x00", b"\x02\x01\xff", b"\x02\x02\x01\x00", b"\x04\x01\x01", b"\x02\x01\x01\x00", b"\x02\x02\x01"],
)
def test_a_version_that_is_no_number_of_one_byte_is_malformed(arc: str, value: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        found(make_chip(says={arc: value}))


@pytest.mark.parametrize("level", [0, 1, 127, 128, 255])
def test_versions_have_one_byte(level: int) -> None:
    assert found(make_chip(levels={**LEVELS, "snp": level})).levels["snp"] == level


@pytest.mark.parametrize("value", [CHIP_ID, tlv(0x04, CHIP_ID)])
def test_a_chip_is_named_as_it_is_or_in_an_octet_string(value: bytes) -> None:
    assert found(make_chip(says={"4": value})).chip_id == CHIP_ID


@pytest.mark.parametrize(
    "value", [b"", CHIP_ID[:-1], CHIP_ID + b"\x00", tlv(0x04, CHIP_ID[:-1]), tlv(0x03, CHIP_ID), tlv(0x04, b"")]
)
def test_a_chip_s_name_of_another_size_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        found(make_chip(says={"4": value}))


def test_a_certificate_of_nobody_or_of_two_is_none() -> None:
    for says in ({"4": None}, {"5": tlv(0x16, b"CN=cloud")}):
        with pytest.raises(EvidenceCertificateError, match="neither"):
            found(make_chip(says=says))
    with pytest.raises(MalformedCertificateError):
        found(make_chip(kind=VLEK, says={"5": b"cloud"}))


def test_the_names_in_the_path_are_those_that_amd_gives() -> None:
    cas = amd_of(MILAN)
    wrong = (
        make_chip(name="SEV-VLEK"),
        make_chip(kind=VLEK, name="SEV-VCEK"),
        make_chip(above=cas.providers),
        make_chip(kind=VLEK, above=cas.chips),
        make_chip(amd=replace(make_amd(GENOA), product=MILAN)),
        make_chip(above=authority(cas.root, "SEV-Genoa", CA)),
        make_chip(amd=Amd(MILAN, top := root("ARK-Genoa", CA), authority(top, "SEV-Milan", CA), top)),
    )
    for chip in wrong:
        with pytest.raises(EvidenceCertificateError, match="not one that AMD has"):
            found(chip)
    by_the_root = make_chip(above=cas.root)
    with pytest.raises(EvidenceCertificateError, match="not one that AMD has"):
        found(by_the_root, pem(by_the_root.certificate, cas.root.der))


def test_the_cas_may_come_in_any_order_and_the_root_from_the_anchors() -> None:
    leaf, ca, top = CHIP.certificate, CHIP.amd.chips.der, CHIP.amd.root.der
    for bundle in (pem(leaf, ca, top), pem(leaf, top, ca), pem(leaf, ca), pem(leaf, ca, ca, top)):
        assert found(bundle=bundle) == found()
    assert found(bundle=pem(leaf, CHIP.amd.providers.der, ca, top)) == found()
    pinned_alone = Anchors(CHIP.anchors.pins)
    assert found(anchors=pinned_alone) == found()
    with pytest.raises(RootUnknownError):
        found(bundle=pem(leaf, ca), anchors=pinned_alone)


def test_a_leaf_that_is_pinned_is_no_root() -> None:
    pinned = Anchors(frozenset({sha256(CHIP.certificate).digest()}))
    with pytest.raises(RootUnknownError):
        found(anchors=pinned)


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"none",
        CHIP.certificate,
        pem(b""),
        pem(b"\x30\x00"),
        pem(CHIP.certificate[:-1]),
        pem(CHIP.certificate, b"none", CHIP.amd.root.der),
        pem(CHIP.certificate, CHIP.amd.chips.der, CHIP.amd.root.der) + b"x",
        b"x" + CHIP.certificates(),
        pem(*[CHIP.certificate] * (MAX_CHAIN + 1)),
    ],
)
def test_what_is_no_chain_in_pem_is_refused(bundle: bytes) -> None:
    with pytest.raises((MalformedCertificateError, RootUnknownError)):
        found(bundle=bundle)


def test_a_bundle_is_bounded() -> None:
    with pytest.raises(EvidenceTooLargeError):
        found(bundle=bytes(MAX_BUNDLE_BYTES + 1))
    with pytest.raises(MalformedCertificateError):
        found(bundle=bytes(MAX_BUNDLE_BYTES))


def test_a_path_without_its_middle_is_none() -> None:
    with pytest.raises(RootUnknownError):
        found(bundle=pem(CHIP.certificate, CHIP.amd.root.der))


def test_what_another_root_of_the_same_name_certified_is_refused() -> None:
    forged = make_chip(amd=make_amd())
    leaf, ca = forged.certificate, forged.above.der
    with pytest.raises(RootUnknownError):
        found(forged, anchors=Anchors(CHIP.anchors.pins))
    for bundle in (
        forged.certificates(),
        pem(leaf, CHIP.above.der, CHIP.amd.root.der),
        pem(leaf, ca, CHIP.amd.root.der),
    ):
        with pytest.raises(PathInvalidError):
            found(bundle=bundle)


@pytest.mark.parametrize(
    "says",
    [
        Says(ca=False, not_before=FROM, not_after=UNTIL),
        Says(ca=None, usage=CA_USAGE, not_before=FROM, not_after=UNTIL),
        Says(ca=True, usage=("crl_sign",), not_before=FROM, not_after=UNTIL),
    ],
)
def test_a_middle_that_is_no_ca_is_refused(says: Says) -> None:
    cas = amd_of(MILAN)
    middle = issued(cas.root, "SEV-Milan", says)
    chip = make_chip(above=middle)
    with pytest.raises(PathInvalidError):
        found(chip, pem(chip.certificate, middle.der, cas.root.der))


def test_a_ca_below_the_one_of_the_chips_is_refused() -> None:
    below = authority(CHIP.above, "SEV-Milan-2", CA)
    chip = make_chip(above=below)
    with pytest.raises(PathInvalidError, match="more CAs"):
        found(chip, pem(chip.certificate, below.der, CHIP.amd.chips.der, CHIP.amd.root.der))


def test_cas_with_keys_of_rsa_and_pss_are_amd_s_own() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    key = rsa_key()
    says = Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=UNTIL, hashed=hashes.SHA384(), padded=pss)
    top = root("ARK-Milan", says, key)
    middle = authority(top, "SEV-Milan", says)
    chip = make_chip(amd=Amd(MILAN, top, middle, middle))
    assert found(chip).product == MILAN
    small = root("ARK-Milan", CA, rsa_key(1024))
    weak = make_chip(amd=Amd(MILAN, small, authority(small, "SEV-Milan", CA), middle))
    with pytest.raises(PathInvalidError):
        found(weak)


def test_certificates_hold_to_the_second() -> None:
    for at in (FROM, UNTIL):
        REMEMBERED.cache_clear()
        assert (found(at=at).holds_from, found(at=at).holds_until) == (FROM, UNTIL)
    for at in (FROM - 1, UNTIL + 1, 0):
        for remembered in (False, True):
            REMEMBERED.cache_clear()
            if remembered:
                found()
            with pytest.raises(CertificateOutOfDateError):
                found(at=at)


def lists(chip: Chip) -> list[bytes]:
    return [crl(chip.amd.root), crl(chip.above)]


def listing_cas(product: str = MILAN) -> Amd:
    """CAs of which those of chips may sign revocation lists, which AMD's may not."""
    top = root(f"ARK-{product}", CA)
    return Amd(product, top, authority(top, f"SEV-{product}", CA), authority(top, f"SEV-VLEK-{product}", CA))


def test_revocation_lists_are_asked_and_bound_what_holds() -> None:
    chip = make_chip(amd=listing_cas())
    asked = lists(chip)
    certificate = found(chip, None, *asked)
    assert certificate.without_crl == ()
    assert certificate.crls == {collateral_digest(one) for one in asked}
    assert (certificate.holds_from, certificate.holds_until) == (AT - DAY, AT + DAY)
    claims = verify_snp(chip.evidence(), AT, chip.anchors, Collateral(crls=tuple(asked)))
    assert passed("revocation") in claims.checks
    assert claims.collateral == certificate.crls


def test_amd_s_own_list_is_of_its_cas_alone() -> None:
    of_root = crl(CHIP.amd.root)
    certificate = found(CHIP, None, of_root)
    assert certificate.without_crl == (0,)
    assert certificate.crls == {collateral_digest(of_root)}
    claims = verify_snp(CHIP.evidence(), AT, CHIP.anchors, Collateral(crls=(of_root,)))
    detail = "that CA lists no chips, or its list was not given; the CAs are not revoked"
    assert not_checked("revocation", detail) in claims.checks
    assert claims.collateral == {collateral_digest(of_root)}


def test_a_list_of_somebody_else_is_no_collateral_of_it() -> None:
    certificate = found(CHIP, None, crl(amd_of(GENOA).root))
    assert (certificate.without_crl, certificate.crls) == ((0, 1), frozenset())


def test_a_ca_that_is_revoked_is_refused() -> None:
    serial = CHIP.amd.chips.certificate.serial_number
    for since in (AT - DAY, AT):
        with pytest.raises(CertificateRevokedError):
            found(CHIP, None, crl(CHIP.amd.root, {serial: since}))
    assert found(CHIP, None, crl(CHIP.amd.root, {serial: AT + 1})).holds_until == AT
    with pytest.raises(CertificateRevokedError):
        found(CHIP, None, crl(CHIP.amd.root, {serial: AT + 1}), at=AT + 1)


def test_a_list_that_is_out_of_date_says_nothing_and_is_refused() -> None:
    with pytest.raises(RevocationUnknownError):
        found(CHIP, None, crl(CHIP.amd.root), at=AT + DAY + 1)


def never(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a path is validated that is remembered")


def test_a_path_is_validated_once_where_no_other_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf, ca, top = CHIP.certificate, CHIP.above.der, CHIP.amd.root.der
    bundles = (pem(leaf, ca, top), pem(leaf, ca), pem(leaf, CHIP.amd.providers.der, ca, top))
    known = [found(bundle=bundle) for bundle in bundles]
    monkeypatch.setattr(certificates, "validate_path", never)
    for at in (FROM, AT, UNTIL):
        assert [found(bundle=bundle, at=at) for bundle in bundles] == known
    for bundle, anchors in ((pem(leaf, top, ca), CHIP.anchors), (bundles[0], Anchors(CHIP.anchors.pins))):
        with pytest.raises(AssertionError):
            found(bundle=bundle, anchors=anchors)


def test_a_new_list_is_asked_though_the_path_is_remembered() -> None:
    assert found().without_crl == (0, 1)
    with pytest.raises(CertificateRevokedError):
        found(CHIP, None, crl(CHIP.amd.root, {CHIP.amd.chips.certificate.serial_number: AT}))
    assert found().without_crl == (0, 1)


def test_other_anchors_are_asked_though_the_path_is_remembered() -> None:
    found()
    with pytest.raises(RootUnknownError):
        found(anchors=Anchors(frozenset({bytes(32)}), CHIP.anchors.certificates))


def test_what_is_remembered_changes_no_answer_where_there_are_two_paths() -> None:
    # The CA was certified anew: whichever certificate holds first bounds the claims, whatever was asked before.
    key = new_key()
    cas = amd_of(MILAN)
    older = authority(cas.root, "SEV-Milan", Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=AT), key)
    newer = authority(cas.root, "SEV-Milan", LATER_CA, key)
    chip = make_chip(above=older)
    bundle = pem(chip.certificate, newer.der, older.der, cas.root.der)
    for times in ((AT - 1, AT), (AT, AT - 1)):
        REMEMBERED.cache_clear()
        intervals = {
            at: (found(chip, bundle, at=at).holds_from, found(chip, bundle, at=at).holds_until) for at in times
        }
        assert intervals == {AT - 1: (FROM, AT), AT: (AT, UNTIL)}


def test_what_is_remembered_changes_no_answer_where_a_ca_has_two_lists() -> None:
    older = crl(CHIP.amd.root, this_update=AT - 3 * DAY, next_update=AT + DAY)
    newer = crl(CHIP.amd.root, this_update=AT, next_update=AT + 3 * DAY)
    for times in ((AT - 1, AT), (AT, AT - 1)):
        REMEMBERED.cache_clear()
        untils = {at: found(CHIP, None, older, newer, at=at).holds_until for at in times}
        assert untils == {AT - 1: AT + DAY, AT: AT + 3 * DAY}


@dataclass
class Asked:
    """Verifies a chip, and counts how often."""

    is_only: bool = True
    times: int = 0

    def __call__(self) -> Verified[ChipCertificate]:
        self.times += 1
        return Verified(found(), self.is_only)

    def fail(self) -> NoReturn:
        self.times += 1
        raise CertificateOutOfDateError("not now")


def test_results_are_remembered_while_they_hold_and_never_failures() -> None:
    remembered, asked = Remembered[ChipCertificate](), Asked()
    for at, times in ((AT, 1), (FROM, 1), (UNTIL, 1), (UNTIL + 1, 2), (FROM - 1, 3), (AT, 3)):
        remembered.find("a", at, asked)
        assert asked.times == times
    for times in (4, 5):
        with pytest.raises(CertificateOutOfDateError):
            remembered.find("b", AT, asked.fail)
        assert asked.times == times
    several = Asked(is_only=False)
    for times in (1, 2):
        remembered.find("c", AT, several)
        assert several.times == times


def test_what_is_remembered_is_bounded() -> None:
    remembered, asked = Remembered[ChipCertificate](), Asked()
    for name in range(MAX_REMEMBERED):
        remembered.find(name, AT, asked)
    remembered.find(0, AT, asked)
    assert asked.times == MAX_REMEMBERED
    remembered.find(MAX_REMEMBERED, AT, asked)
    remembered.find(0, AT, asked)
    assert asked.times == MAX_REMEMBERED + 2
    remembered.cache_clear()
    remembered.find(0, AT, asked)
    assert asked.times == MAX_REMEMBERED + 3


def test_no_byte_of_a_certificate_may_be_another() -> None:
    chain = (CHIP.certificate, CHIP.amd.chips.der)
    for which, der in enumerate(chain):
        for at in range(0, len(der), 7):
            changed = [*chain]
            changed[which] = der[:at] + bytes((der[at] ^ 1,)) + der[at + 1 :]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with pytest.raises(CounterfoilError):
                    found(bundle=pem(*changed))


def test_another_ca_with_the_same_key_is_as_good() -> None:
    again = authority(CHIP.amd.root, "SEV-Milan", CA, CHIP.amd.chips.key)
    assert found(bundle=pem(CHIP.certificate, again.der)).product == MILAN


def test_a_loop_of_cas_ends() -> None:
    first, second = new_key(), new_key()
    one = Entity(first, authority(Entity(second, CHIP.amd.root.certificate), "SEV-Milan", CA, first).certificate)
    two = authority(one, "ARK-Milan", CA, second)
    chip = make_chip(above=one)
    with pytest.raises((RootUnknownError, PathInvalidError)):
        found(chip, pem(chip.certificate, one.der, two.der), anchors=CHIP.anchors)
