"""Public keys in and out, whatever they come in: the names other packages use."""

from counterfoil.cose.certificates import certificate_digest, certificate_key
from counterfoil.cose.cose_key import cose_key_map, encode_cose_key, parse_cose_key, public_key_from_map
from counterfoil.cose.fit import is_fit, require_fit
from counterfoil.cose.public_key import (
    KeyKind,
    PublicKey,
    parse_public_key_der,
    parse_public_key_pem,
    public_key_der,
    public_key_of,
    public_key_pem,
)

__all__ = [
    "KeyKind",
    "PublicKey",
    "certificate_digest",
    "certificate_key",
    "cose_key_map",
    "encode_cose_key",
    "is_fit",
    "parse_cose_key",
    "parse_public_key_der",
    "parse_public_key_pem",
    "public_key_der",
    "public_key_from_map",
    "public_key_of",
    "public_key_pem",
    "require_fit",
]
