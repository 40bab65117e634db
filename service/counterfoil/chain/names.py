"""Names that writers chose, as indexes hold them."""

from hashlib import sha256


def name_key(name: str) -> bytes:
    """Under what a name that a writer chose is looked up: its SHA-256, 32 bytes."""
    return sha256(name.encode()).digest()
