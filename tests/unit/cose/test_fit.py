import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.cose.algorithms import Algorithm, algorithm_named
from counterfoil.cose.fit import MAX_RSA_BITS, MIN_RSA_BITS, is_fit, require_fit
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.public_key import PublicKey, public_key_of
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.errors import AlgorithmKeyMismatchError
from tests.unit.cose.signers import ALL, KINDS, kind_for, private_material, public_key


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", ALL, ids=lambda row: row.name)
def test_each_algorithm_goes_with_its_own_kind_of_key_alone(algorithm: Algorithm, kind: str) -> None:
    key = public_key(kind)
    if kind == kind_for(algorithm):
        require_fit(algorithm, key)
        assert is_fit(algorithm, key)
        return
    assert not is_fit(algorithm, key)
    with pytest.raises(AlgorithmKeyMismatchError):
        require_fit(algorithm, key)
    with pytest.raises(AlgorithmKeyMismatchError):
        verify_signature(algorithm, key, bytes(algorithm.signature_size or 256), b"")
    with pytest.raises(AlgorithmKeyMismatchError):
        LocalSigner(private_material(kind), algorithm)


def rsa_key(bits: int) -> PublicKey:
    return public_key_of(rsa.RSAPublicNumbers(65_537, (1 << (bits - 1)) + 1).public_key())


@pytest.mark.parametrize("bits", [MIN_RSA_BITS, 3072, 4096, MAX_RSA_BITS])
@pytest.mark.parametrize("name", ["PS256", "PS384", "PS512"])
def test_takes_rsa_keys_of_the_sizes_that_are_used(name: str, bits: int) -> None:
    require_fit(algorithm_named(name), rsa_key(bits))


@pytest.mark.parametrize("bits", [1024, MIN_RSA_BITS - 1, MAX_RSA_BITS + 1, 16_384])
@pytest.mark.parametrize("name", ["PS256", "PS384", "PS512"])
def test_refuses_rsa_keys_too_short_or_too_costly(name: str, bits: int) -> None:
    with pytest.raises(AlgorithmKeyMismatchError):
        require_fit(algorithm_named(name), rsa_key(bits))
