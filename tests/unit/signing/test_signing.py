"""Signers by URI and the files they come from."""

from pathlib import Path

import pytest

from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.errors import AlgorithmUnsupportedError, SignerUnavailableError
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem, generate_private_key
from counterfoil.signing.uri import is_ephemeral, open_signer


@pytest.mark.parametrize("name", sorted(algorithm.name for algorithm in ALGORITHMS.values()))
def test_a_generated_key_signs_with_its_algorithm(name: str) -> None:
    signer = generate_private_key(name)
    assert signer.algorithm.name == name
    verify_signature(signer.algorithm, signer.public_key, signer.sign(b"data"), b"data")


def test_an_unknown_algorithm_has_no_key() -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        generate_key_pem("HS256")


def test_a_key_file_is_read_back_and_closed_to_others(tmp_path: Path) -> None:
    pem = generate_key_pem("ES256")
    write_key_file(tmp_path / "k.pem", pem)
    assert (tmp_path / "k.pem").stat().st_mode & 0o777 == 0o600
    signer = open_signer("file:k.pem", tmp_path)
    assert signer.public_key == parse_private_key_pem(pem).public_key
    assert open_signer(f"file:{tmp_path / 'k.pem'}", Path("elsewhere")).public_key == signer.public_key


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    write_key_file(tmp_path / "k.pem", b"one")
    with pytest.raises(SignerUnavailableError):
        write_key_file(tmp_path / "k.pem", b"two")
    assert (tmp_path / "k.pem").read_bytes() == b"one"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o700])
def test_a_key_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    write_key_file(tmp_path / "k.pem", generate_key_pem("ES256"))
    (tmp_path / "k.pem").chmod(mode)
    with pytest.raises(SignerUnavailableError, match="chmod 600"):
        read_key_file(tmp_path / "k.pem")


@pytest.mark.parametrize("content", [b"", b"no key", generate_key_pem("ES256")[:-40]])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    write_key_file(tmp_path / "k.pem", content)
    with pytest.raises(SignerUnavailableError) as caught:
        read_key_file(tmp_path / "k.pem")
    assert "MIG" not in str(caught.value)


@pytest.mark.parametrize("uri", ["", "k.pem", "file", "awskms://key", "file:absent.pem", "file:."])
def test_what_names_no_signer_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(SignerUnavailableError):
        open_signer(uri, tmp_path)


def test_a_key_in_memory_is_ephemeral(tmp_path: Path) -> None:
    assert is_ephemeral("memory:ES256")
    assert not is_ephemeral("file:memory")
    assert open_signer("memory:EdDSA", tmp_path).algorithm.name == "EdDSA"
