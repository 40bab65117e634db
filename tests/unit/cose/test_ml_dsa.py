import importlib
import sys

import pytest

from counterfoil.cose import ml_dsa
from counterfoil.cose.cose_key import cose_key_map, public_key_from_map
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError
from tests.unit.cose.signers import public_key

LIBRARY = "cryptography.hazmat.primitives.asymmetric.mldsa"


@pytest.mark.parametrize("name", ml_dsa.PARAMETER_SETS)
def test_a_key_knows_its_parameter_set(name: str) -> None:
    material = public_key(name).material
    assert ml_dsa.is_public_key(material)
    assert not ml_dsa.is_private_key(material)
    assert ml_dsa.parameter_set(material) == name


@pytest.mark.parametrize("name", ml_dsa.PARAMETER_SETS)
def test_refuses_bytes_of_another_size(name: str) -> None:
    for size in (0, 1, 1311, 1313, 1951, 1953, 2591, 2593):
        with pytest.raises(MalformedKeyError):
            ml_dsa.public_key(name, bytes(size))


def test_an_installation_without_ml_dsa_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    members = cose_key_map(public_key("ML-DSA-44"))
    try:
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, LIBRARY, None)
            importlib.reload(ml_dsa)
            with pytest.raises(AlgorithmUnsupportedError):
                public_key_from_map(members)
            assert not ml_dsa.is_public_key(public_key("P-256").material)
    finally:
        importlib.reload(ml_dsa)
    assert public_key_from_map(members) == public_key("ML-DSA-44")
