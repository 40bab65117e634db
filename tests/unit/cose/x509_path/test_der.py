import pytest

from counterfoil.cose.x509_path.der import elements, one_element
from counterfoil.errors import MalformedCertificateError
from tests.certificates import tlv


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_an_element_is_what_was_written(size: int) -> None:
    content = b"\x05" * size
    element = one_element(tlv(0x30, content))
    assert (element.tag, element.content, element.encoded) == (0x30, content, tlv(0x30, content))


def test_elements_follow_each_other() -> None:
    first, second = tlv(0x02, b"\x01"), tlv(0x30, tlv(0x05, b"") + tlv(0xA0, b"x"))
    found = elements(first + second)
    assert [element.encoded for element in found] == [first, second]
    assert [element.tag for element in found[1].elements()] == [0x05, 0xA0]
    assert elements(b"") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "30",
        "3001",
        "3003020101" + "05",
        "30ff",
        "3080",
        "30800000",
        "3081",
        "308100",
        "30817f" + "00" * 127,
        "308201",
        "30820080" + "00" * 128,
        "3085" + "00" * 5,
        "308500000001" + "00",
        "1f0100",
        "3f8101",
    ],
)
def test_refuses_what_der_does_not_write(wrong: str) -> None:
    with pytest.raises(MalformedCertificateError):
        elements(bytes.fromhex(wrong))


def test_refuses_what_is_not_one_element() -> None:
    for wrong in (b"", tlv(0x05, b"") * 2):
        with pytest.raises(MalformedCertificateError):
            one_element(wrong)
