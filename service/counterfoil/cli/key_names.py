"""Keys as an operator names them: by thumbprint, or by a file that holds the public one."""

import re
from pathlib import Path
from typing import Final

from counterfoil.cli.trust import read_public_key
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.errors import MalformedBase64Error

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KID: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def read_thumbprint(text: str) -> bytes:
    """The RFC 9679 thumbprint of a key, given as it is in base64url or hexadecimal, or by a file with the key.

    Raises:
        MalformedError, MisconfiguredError: It is neither a thumbprint nor a file with a public key.
    """
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _KID.fullmatch(text):
        try:
            return decode_base64url(text)
        except MalformedBase64Error:
            pass  # Of 43 letters not all are 32 bytes; it may be the name of a file.
    return read_public_key(Path(text)).thumbprint
