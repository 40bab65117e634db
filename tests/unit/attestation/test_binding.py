"""How evidence binds a key: a closed list, each compared in full length."""

from dataclasses import replace
from hashlib import sha256, sha512

import pytest

from counterfoil.attestation.binding import Binding, enrolment_binding, is_bound
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.evidence import Platform
from counterfoil.cose.jwk import jwk_thumbprint
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.signing.generate import generate_private_key

KEY, OTHER = (generate_private_key("ES256").public_key for _ in range(2))
NONCE = bytes(range(32))
LONG = sha512(b"counterfoil/enrol/v1" + NONCE + KEY.thumbprint).digest()
SHORT = sha256(b"counterfoil/enrol/v1" + NONCE + KEY.thumbprint).digest()
NOTHING = EvidenceClaims(platform=Platform.INTEL_TDX, product="", signer="", measurements={}, bound={}, debug=False)


def bound(binding: Binding, value: bytes, nonce: bytes | None = NONCE) -> bool:
    return is_bound(binding, replace(NOTHING, bound={"other": b"", "field": value}), KEY, nonce)


def test_what_an_environment_puts_into_its_evidence_to_enrol() -> None:
    assert enrolment_binding(NONCE, KEY.thumbprint) == LONG
    assert enrolment_binding(NONCE, KEY.thumbprint, size=32) == SHORT


@pytest.mark.parametrize("digest", [LONG, SHORT], ids=["64", "32"])
def test_an_enrolment_is_bound_as_bytes_or_as_a_text_that_spells_them(digest: bytes) -> None:
    spelled = digest, digest.hex().encode(), encode_base64url(digest).encode()
    for value in spelled:
        assert bound(Binding.ENROLMENT, value)
        assert not bound(Binding.ENROLMENT, value[:-1])
        assert not bound(Binding.ENROLMENT, value + b"\0")
        assert not bound(Binding.ENROLMENT, value[:-1] + bytes((value[-1] ^ 1,)))
        assert not bound(Binding.ENROLMENT, value, nonce=None)
        assert not bound(Binding.ENROLMENT, value, nonce=bytes(32))
        assert not bound(Binding.THUMBPRINT, value)
        assert not bound(Binding.TRACE, value)


def test_a_thumbprint_fills_its_field_with_zeros() -> None:
    thumbprint = KEY.thumbprint
    for value in (thumbprint + bytes(32), thumbprint, thumbprint.hex().encode()):
        assert bound(Binding.THUMBPRINT, value)
        assert not bound(Binding.ENROLMENT, value)
    for value in (thumbprint + bytes(31), thumbprint + bytes(31) + b"\1", bytes(32) + thumbprint, OTHER.thumbprint):
        assert not bound(Binding.THUMBPRINT, value)


def test_trace_records_bind_the_jwk_thumbprint_in_the_first_half() -> None:
    thumbprint = jwk_thumbprint(KEY)
    for rest in (bytes(32), b"\7" * 32, b""):
        assert bound(Binding.TRACE, thumbprint + rest)
    for value in (thumbprint + bytes(31), bytes(32) + thumbprint, KEY.thumbprint + bytes(32), jwk_thumbprint(OTHER)):
        assert not bound(Binding.TRACE, value)


def test_nothing_is_bound_by_evidence_without_a_field() -> None:
    assert [one for one in Binding if is_bound(one, NOTHING, KEY, NONCE)] == [Binding.NONE]


def test_of_a_composite_every_part_binds_the_key() -> None:
    whole = replace(NOTHING, bound={"report-data": LONG})
    both = replace(
        NOTHING, platform=Platform.COMPOSITE, submodules={"cpu": whole, "gpu": replace(whole, bound={"nonce": SHORT})}
    )
    assert is_bound(Binding.ENROLMENT, both, KEY, NONCE)
    half = replace(both, bound={"report-data": LONG}, submodules={"cpu": whole, "gpu": NOTHING})
    assert not is_bound(Binding.ENROLMENT, half, KEY, NONCE)
    assert not is_bound(Binding.ENROLMENT, replace(both, bound=whole.bound, submodules={}), KEY, bytes(32))


def test_a_token_binds_the_key_for_all_that_it_is_about() -> None:
    token = replace(NOTHING, platform=Platform.EAR, bound={"nonce": LONG.hex().encode()}, submodules={"cpu": NOTHING})
    assert is_bound(Binding.ENROLMENT, token, KEY, NONCE)
    assert not is_bound(Binding.ENROLMENT, replace(token, bound={}), KEY, NONCE)
