import pytest

from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.errors import MalformedBase64Error

# RFC 4648, section 10, without padding.
PAIRS = [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"fooba", "Zm9vYmE")]


@pytest.mark.parametrize(("data", "text"), [*PAIRS, (b"\xfb\xff\xfe", "-__-")])
def test_known_answers(data: bytes, text: str) -> None:
    assert encode_base64url(data) == text
    assert decode_base64url(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zm8=",
        "=",
        "Zh",
        "Zm9",
        "Zn",
        "Z",
        "Zm9vY",
        "+__-",
        "//__",
        "Zm 9v",
        " Zm9v",
        "Zm9v\n",
        "Zm9v\r\n",
        "Zm9v ",
        "Zm9\u00fc",
        "Zm9\uff36",
        "Zm9v.",
        "Zm-_Zm9v\x00",
        "Zg=",
        "Z=g",
    ],
)
def test_refuses_every_other_spelling(text: str) -> None:
    with pytest.raises(MalformedBase64Error):
        decode_base64url(text)


def test_each_value_has_one_spelling() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []
    for second in alphabet:
        try:
            accepted.append(decode_base64url("Z" + second))
        except MalformedBase64Error:
            continue
    assert accepted == [b"d", b"e", b"f", b"g"]
