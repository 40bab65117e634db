"""Signed notes: a text, and Ed25519 signatures on it by keys with names (C2SP signed-note)."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.errors import AlgorithmKeyMismatchError, LogKeyUnknownError, MalformedCheckpointError, TooLargeError

MAX_NOTE_BYTES: Final = 64 * 1024
"""A few lines and room for the signatures of some hundred witnesses."""

_ED25519_TYPE: Final = b"\x01"
_KEY_ID_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class SignedNote:
    """The signed text with its last line break, and signatures as (key name, key id and signature); none verified."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.removesuffix("\n").split("\n")


def sign_note(signer: Signer, name: str, text: str) -> str:
    """The note of a text that ends with a line break, by an Ed25519 key of that name; the same bytes each time."""
    signature = _key_id(name, signer.public_key) + signer.sign(text.encode())
    return f"{text}\n\u2014 {name} {b64encode(signature).decode()}\n"


def parse_note(data: bytes) -> SignedNote:
    """Read a signed note.

    Raises:
        MalformedCheckpointError, TooLargeError: It is not one.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise TooLargeError("the signed note is larger than any needs to be")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedCheckpointError("the signed note is not UTF-8") from error
    body, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise MalformedCheckpointError("not a text, an empty line and signature lines")
    return SignedNote(f"{body}\n", tuple(map(_signature, signatures.removesuffix("\n").split("\n"))))


def verify_note(note: SignedNote, name: str, key: PublicKey) -> None:
    """Return if ``key`` has signed the note under that name.

    Raises:
        LogKeyUnknownError: No signature is by that key.
        SignatureInvalidError: A signature that says so does not verify.
    """
    key_id = _key_id(name, key)
    candidates = [blob[_KEY_ID_BYTES:] for named, blob in note.signatures if named == name and blob.startswith(key_id)]
    if not candidates:
        raise LogKeyUnknownError("the signed note carries no signature by that key")
    for signature in candidates:
        verify_signature(algorithm_named("EdDSA"), key, signature, note.text.encode())


def verifier_key(name: str, key: PublicKey) -> str:
    """The key as other note verifiers read it: name+id+base64 of type and key (C2SP signed-note)."""
    material = b64encode(_ED25519_TYPE + _raw(key)).decode()
    return f"{name}+{_key_id(name, key).hex()}+{material}"


def parse_base64(text: str) -> bytes:
    """Read base64 in its one canonical spelling.

    Raises:
        MalformedCheckpointError: It is not that.
    """
    try:
        value = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedCheckpointError("not base64") from error
    if b64encode(value).decode() != text:
        raise MalformedCheckpointError("not base64 in its canonical spelling")
    return value


def _raw(key: PublicKey) -> bytes:
    if not isinstance(key.material, Ed25519PublicKey):
        raise AlgorithmKeyMismatchError("notes are signed with Ed25519 keys only")
    return key.material.public_bytes_raw()


def _key_id(name: str, key: PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519_TYPE + _raw(key)).digest()[:_KEY_ID_BYTES]


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "\u2014" or not name or "+" in name:
        raise MalformedCheckpointError("a signature line is not a dash, a name and a signature")
    blob = parse_base64(encoded)
    if len(blob) <= _KEY_ID_BYTES:
        raise MalformedCheckpointError("a signature is too short to hold a key id")
    return name, blob
