"""Checkpoints: the text to the byte, verified, and refused after every mutation."""

from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    CounterfoilError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedCheckpointError,
    SignatureInvalidError,
    TooLargeError,
)
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.receipt.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from counterfoil.signing.generate import generate_key_pem, generate_private_key

ORIGIN = "log.example/agents"
SIGNER = parse_private_key_pem(generate_key_pem("EdDSA"))
CHECKPOINT = Checkpoint(ORIGIN, TreeSize(11), NodeHash(bytes(range(32))))
NOTE = sign_checkpoint(SIGNER, CHECKPOINT)


def verify(note: str, origin: str = ORIGIN) -> Checkpoint:
    return verify_checkpoint(parse_checkpoint(note.encode()), origin, SIGNER.public_key)


def test_the_body_is_three_lines() -> None:
    assert NOTE.startswith(f"{ORIGIN}\n11\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\u2014 {ORIGIN} ")
    assert NOTE.endswith("\n")


def test_a_checkpoint_verifies() -> None:
    assert verify(NOTE) == CHECKPOINT


def test_the_verifier_key_is_as_note_verifiers_read_it() -> None:
    name, key_id, material = verifier_key(ORIGIN, SIGNER.public_key).split("+", 2)
    assert name == ORIGIN
    public = SIGNER.public_key.material
    assert isinstance(public, Ed25519PublicKey)
    raw = public.public_bytes_raw()
    assert material == b64encode(b"\x01" + raw).decode()
    assert key_id == sha256(ORIGIN.encode() + b"\n\x01" + raw).hexdigest()[:8]


def test_signatures_of_witnesses_are_passed_over() -> None:
    witness = "\u2014 witness.example/w AAAAAAAA\n"
    assert verify(NOTE + witness) == CHECKPOINT


def test_strangers_are_refused() -> None:
    with pytest.raises(IssuerMismatchError):
        verify(NOTE, "log.example/other")
    other = generate_private_key("EdDSA").public_key
    with pytest.raises(LogKeyUnknownError):
        verify_checkpoint(parse_checkpoint(NOTE.encode()), ORIGIN, other)
    with pytest.raises(AlgorithmKeyMismatchError):
        sign_checkpoint(generate_private_key("ES256"), CHECKPOINT)


def test_a_changed_size_or_root_does_not_verify() -> None:
    for changed in (NOTE.replace("\n11\n", "\n12\n"), NOTE.replace("AAECAwQF", "AAECAwQG")):
        with pytest.raises(SignatureInvalidError):
            verify(changed)


def test_no_flipped_bit_verifies() -> None:
    data = NOTE.encode()
    for position in range(len(data)):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]
            with pytest.raises(CounterfoilError):
                verify_checkpoint(parse_checkpoint(changed), ORIGIN, SIGNER.public_key)


@pytest.mark.parametrize(
    "change",
    [
        ("\n11\n", "\n011\n"),
        ("\n11\n", "\n+11\n"),
        ("\n11\n", "\n-1\n"),
        ("\n11\n", "\n\u0661\n"),
        ("\n11\n", "\n" + "9" * 5000 + "\n"),
        ("\n11\n", "\n\n"),
        ("AAEC", "AAE"),
        ("Hh8=", "Hh9="),
        ("Hh8=", "Hh8"),
        ("\n\n", "\n"),
        ("\n\n", "\nextension\n\n"),
        (f"{ORIGIN}\n11", "\n11"),
        ("\u2014 ", "- "),
        (f"\u2014 {ORIGIN}", "\u2014 a+b"),
        (f"\u2014 {ORIGIN}", "\u2014 "),
    ],
    ids=repr,
)
def test_malformed_checkpoints_are_refused(change: tuple[str, str]) -> None:
    with pytest.raises(MalformedCheckpointError):
        parse_checkpoint(NOTE.replace(change[0], change[1], 1).encode())


def test_what_is_no_note_at_all() -> None:
    for data in (b"", b"\n\n", b"\xff\xfe", NOTE.encode()[:-1], NOTE.split("\n\n", maxsplit=1)[0].encode()):
        with pytest.raises(MalformedCheckpointError):
            parse_checkpoint(data)
    with pytest.raises(TooLargeError):
        parse_checkpoint(NOTE.encode() * 1000)
