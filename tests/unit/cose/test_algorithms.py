import pytest

from counterfoil.cose.algorithms import ALGORITHMS, Algorithm, algorithm, algorithm_named
from counterfoil.errors import AlgorithmUnsupportedError

# The IANA COSE Algorithms registry.
REGISTERED = {
    "ES256": -7,
    "ES384": -35,
    "ES512": -36,
    "ESP256": -9,
    "ESP384": -51,
    "ESP512": -52,
    "EdDSA": -8,
    "Ed25519": -19,
    "PS256": -37,
    "PS384": -38,
    "PS512": -39,
    "ML-DSA-44": -48,
    "ML-DSA-65": -49,
    "ML-DSA-87": -50,
}


def test_the_table_is_the_registry() -> None:
    assert {row.name: code for code, row in ALGORITHMS.items()} == REGISTERED


@pytest.mark.parametrize(("name", "code"), REGISTERED.items())
def test_found_by_code_and_by_name(name: str, code: int) -> None:
    found = algorithm(code)
    assert isinstance(found, Algorithm)
    assert found is algorithm_named(name)
    assert (found.name, found.code) == (name, code)


@pytest.mark.parametrize(
    "code",
    # HMAC, AES, ECDH, Ed448 -53, ES256K -47, RS256 -257, RS1 -65535, WalnutDSA, and what is nobody's.
    [0, 1, 5, 7, -1, -6, -10, -25, -40, -46, -47, -53, -257, -258, -259, -260, -65_535, -999, 2**63, -(2**64)],
)
def test_refuses_other_codes(code: int) -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        algorithm(code)


@pytest.mark.parametrize("name", ["", "es256", "ES256 ", "ES256K", "RS256", "none", "Ed448", "HS256", "x" * 10_000])
def test_refuses_other_names(name: str) -> None:
    with pytest.raises(AlgorithmUnsupportedError) as caught:
        algorithm_named(name)
    assert len(caught.value.detail) < 100
