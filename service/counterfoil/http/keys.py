"""The keys that receipts verify with (SCRAPI, sections 2.1.1 and 2.1.2)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from counterfoil.cose.keys import PublicKey, cose_key_map
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import KeyAbsentError, MalformedBase64Error
from counterfoil.http.described import PROBLEMS, binary, problems
from counterfoil.http.media_types import CBOR
from counterfoil.http.responses import HOURLY, answer
from counterfoil.http.wiring import Wired

router = APIRouter(tags=["keys"], responses=PROBLEMS)

Kid = Annotated[
    str,
    Path(
        description="The kid in unpadded base64url. A kid here is an RFC 9679 thumbprint: 32 bytes that are not safe "
        "in a path as they are, so this is its only form.",
    ),
]


@router.get(
    "/.well-known/scitt-keys",
    response_class=Response,
    responses=binary(200, "A COSE Key Set.", CBOR),
)
def get_keys(service: Wired) -> Response:
    """Every key that receipts of this log verify with, as a COSE Key Set (RFC 9052, section 7).

    Keys that sign no more are among them; one that is compromised is not.
    """
    keys = service.log.receipts.keys().trusted
    return answer(encode([_described(key) for key in keys]), CBOR, HOURLY)


@router.get(
    "/.well-known/scitt-keys/{kid}",
    response_class=Response,
    responses={**binary(200, "A COSE_Key.", CBOR), **problems(404)},
)
def get_key(service: Wired, kid: Kid) -> Response:
    """One key that receipts of this log verify with, as a COSE_Key."""
    thumbprint = _thumbprint(kid)
    for key in service.log.receipts.keys().trusted:
        if key.thumbprint == thumbprint:
            return answer(encode(_described(key)), CBOR, HOURLY)
    raise KeyAbsentError("no receipt key of this log that can be believed has that kid")


def _described(key: PublicKey) -> dict[int | str, CborValue]:
    return cose_key_map(key, kid=key.thumbprint, alg=default_algorithm(key).code)


def _thumbprint(kid: str) -> bytes | None:
    try:
        return decode_base64url(kid)
    except MalformedBase64Error:
        return None
