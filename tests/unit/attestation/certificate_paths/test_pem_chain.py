"""A chain in PEM: one grammar, and nothing between the certificates."""

import pytest

from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.errors import MalformedCertificateError
from tests.intel_quotes import pem

ONE, TWO = b"\x30\x03\x02\x01\x01", b"\x30\x82" + bytes(200)


@pytest.mark.parametrize("ending", [b"", b"\x00", b"\n", b"\n\x00"])
def test_the_certificates_come_in_their_order(ending: bytes) -> None:
    assert parse_pem_chain(pem(ONE, TWO) + ending, at_most=2) == (ONE, TWO)


def test_lines_may_end_as_on_windows_and_the_last_newline_may_be_absent() -> None:
    assert parse_pem_chain(pem(ONE, TWO).replace(b"\n", b"\r\n"), at_most=2) == (ONE, TWO)
    assert parse_pem_chain(pem(ONE).removesuffix(b"\n"), at_most=1) == (ONE,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\n",
        b" " + pem(ONE),
        pem(ONE) + b" ",
        pem(ONE) + b"\x00\x00",
        pem(ONE) + b"\x00" + pem(TWO),
        pem(ONE) + b"between\n" + pem(TWO),
        pem(ONE).replace(b"CERTIFICATE", b"PUBLIC KEY"),
        pem(ONE).replace(b"END", b"BEGIN"),
        pem(ONE).replace(b"=", b""),
        pem(ONE).replace(b"MAMC", b"M!MC"),
        pem(ONE).replace(b"MAMC", b"M=MC"),
        pem(ONE).replace(b"MAMCAQE=", b"MAMCAQF="),
        pem(b""),
        pem(TWO).replace(b"A\n", b"A", 1).replace(b"A", b"A" * 60, 1),
        pem(ONE)[:-10],
        ONE,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        parse_pem_chain(data, at_most=3)


def test_more_certificates_than_are_asked_for_are_refused() -> None:
    assert len(parse_pem_chain(pem(ONE, ONE, ONE), at_most=3)) == 3
    with pytest.raises(MalformedCertificateError):
        parse_pem_chain(pem(ONE, ONE, ONE), at_most=2)
