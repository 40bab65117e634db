"""One signature has one spelling, or one statement would have several entries."""

import itertools

import pytest

from counterfoil.cose.verify_signature import verify_signature
from counterfoil.errors import SignatureInvalidError
from counterfoil.signing.generate import generate_private_key


def test_an_rsa_signature_is_as_long_as_its_modulus() -> None:
    signer = generate_private_key("PS256")
    signatures = (signer.sign(b"data") for _ in itertools.count())
    signature = next(found for found in signatures if found[0] == 0)  # One in 256 begins with a zero.
    verify_signature(signer.algorithm, signer.public_key, signature, b"data")
    for other in (signature[1:], b"\x00" + signature, signature + b"\x00"):
        with pytest.raises(SignatureInvalidError):
            verify_signature(signer.algorithm, signer.public_key, other, b"data")
