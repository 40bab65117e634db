"""Bytes to values and back: CBOR, canonical JSON and base64url, each bounded and strict."""
