"""The certificate of a platform: what it says, and what no such certificate says."""

import pytest
from cryptography import x509

from counterfoil.attestation.intel.pck_chain import parse_pck_chain
from counterfoil.errors import EvidenceCertificateError, MalformedCertificateError
from tests.certificates import AT, DAY, Entity, Says, authority, issued, root, tlv
from tests.intel_quotes import FMSPC, PCE_SVN, SGX_EXTENSION, make_platform, pem, sgx_extension

MACHINE = make_platform(pck=Says(not_before=AT - 3 * DAY, not_after=AT + 5 * DAY))


def chain_with(extension: bytes | None) -> bytes:
    top = root()
    ca = authority(top, "ca")
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    if extension is not None:
        extensions.append((x509.UnrecognizedExtension(x509.ObjectIdentifier(SGX_EXTENSION), extension), False))
    return pem(issued(ca, "pck", Says(extensions=extensions)).der, ca.der)


def test_a_chain_says_which_platform_it_is_about_and_when_it_holds() -> None:
    read = parse_pck_chain(MACHINE.pck_chain)
    assert (read.fmspc, read.pce_id, read.pce_svn) == (FMSPC, bytes(2), PCE_SVN)
    assert (read.holds_from, read.holds_until) == (AT - 3 * DAY, AT + 5 * DAY)
    assert read.root == MACHINE.root.der


def test_the_root_may_be_absent() -> None:
    read = parse_pck_chain(pem(MACHINE.pck.der, MACHINE.pck_ca.der))
    assert (read.root, read.above) == (None, parse_pck_chain(MACHINE.pck_chain).above)


@pytest.mark.parametrize("limiting", ["pck", "ca", "root"])
def test_each_certificate_s_dates_count(limiting: str) -> None:
    dates = {True: (AT - 2 * DAY, AT + DAY), False: (AT - 9 * DAY, AT + 9 * DAY)}
    begins, ends = zip(*(dates[limiting == place] for place in ("root", "ca", "pck")), strict=True)
    usage = ("key_cert_sign",)
    top = root("root", Says(ca=True, usage=usage, not_before=begins[0], not_after=ends[0]))
    ca = authority(top, "ca", Says(ca=True, usage=usage, not_before=begins[1], not_after=ends[1]))
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(SGX_EXTENSION), sgx_extension())
    leaf = issued(ca, "pck", Says(extensions=[(extension, False)], not_before=begins[2], not_after=ends[2]))
    read = parse_pck_chain(pem(leaf.der, ca.der, top.der))
    assert (read.holds_from, read.holds_until) == (AT - 2 * DAY, AT + DAY)


def _beside(entity: Entity) -> bytes:
    return pem(MACHINE.pck.der, MACHINE.pck_ca.der, entity.der)


@pytest.mark.parametrize(
    "chain",
    [
        pem(MACHINE.pck.der),
        pem(MACHINE.pck_ca.der, MACHINE.root.der),
        pem(MACHINE.tcb_signer.der, MACHINE.root.der),
        _beside(MACHINE.tcb_signer),
        chain_with(None),
        chain_with(tlv(0x30, b"")),
    ],
)
def test_a_chain_that_is_not_one_of_a_platform_is_refused(chain: bytes) -> None:
    with pytest.raises(EvidenceCertificateError):
        parse_pck_chain(chain)


@pytest.mark.parametrize(
    "says", [Says(), Says(ca=True, usage=("crl_sign",)), Says(ca=None), Says(ca=False, usage=("key_cert_sign",))]
)
def test_what_stands_above_a_platform_is_a_ca_that_signs_certificates(says: Says) -> None:
    assert parse_pck_chain(make_platform(pck_ca=Says(ca=True, usage=None)).pck_chain).fmspc == FMSPC
    with pytest.raises(EvidenceCertificateError, match="not a CA's"):
        parse_pck_chain(make_platform(pck_ca=says).pck_chain)
    with pytest.raises(EvidenceCertificateError, match="not a CA's"):
        parse_pck_chain(make_platform(above=root("root", says)).pck_chain)


GOOD = sgx_extension()


@pytest.mark.parametrize(
    "extension",
    [
        b"",
        b"\x00",
        GOOD + b"\x00",
        GOOD[:-1],
        tlv(0x31, GOOD[4:]),
        tlv(0x30, tlv(0x30, tlv(0x06, b"\x2a\x03") + tlv(0x04, b""))),
        tlv(0x30, tlv(0x30, tlv(0x06, b"\x2a\x03"))),
        tlv(0x30, tlv(0x04, b"")),
        sgx_extension(fmspc=bytes(5)),
        sgx_extension(fmspc=bytes(7)),
        GOOD.replace(tlv(0x04, FMSPC), tlv(0x0C, FMSPC)),
        GOOD.replace(b"\x02\x11" + tlv(0x02, bytes((PCE_SVN,))), b"\x02\x11" + tlv(0x04, bytes((PCE_SVN,)))),
        GOOD.replace(b"\x02\x11", b"\x02\x13"),
    ],
)
def test_an_extension_in_another_form_is_refused(extension: bytes) -> None:
    assert extension != GOOD
    with pytest.raises(MalformedCertificateError):
        parse_pck_chain(chain_with(extension))


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(MalformedCertificateError):
        parse_pck_chain(pem(b"\x30\x00", MACHINE.pck_ca.der))
    with pytest.raises(MalformedCertificateError):
        parse_pck_chain(pem(MACHINE.pck.der, b"\x30\x00"))
