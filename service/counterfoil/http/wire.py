"""JSON as this service writes it, and numbers as it reads them in a query."""

import re
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from counterfoil.attestation.conveyance.challenge import NONCE_BYTES
from counterfoil.http.limits import DEFAULT_PAGE, MAX_PAGE

_DECIMAL: Final = re.compile(r"[0-9]{1,19}")
_MAX_INTEGER: Final = 2**63 - 1


class Wire(BaseModel):
    """An object of an answer: frozen, its members in camelCase."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class EntryName(Wire):
    """An entry by its number and its id in hex."""

    number: int
    entry_id: str


def _require_decimal(value: object) -> object:
    # The framework would also read "1_000", "+1" and " 1 "; one number has one spelling here.
    if isinstance(value, str) and _DECIMAL.fullmatch(value) is None:
        raise ValueError("not a decimal number")
    return value


Number = Annotated[int, Field(ge=0, le=_MAX_INTEGER), BeforeValidator(_require_decimal)]
"""An entry number, sequence number or tree size in a query."""

PageSize = Annotated[
    int,
    Field(ge=1, le=MAX_PAGE),
    BeforeValidator(_require_decimal),
    Query(alias="limit", description="At most so many entries."),
]
"""How many entries an answer may hold; ``DEFAULT_PAGE`` where the query does not say."""

NonceSize = Annotated[
    int,
    Field(ge=NONCE_BYTES, le=NONCE_BYTES),
    BeforeValidator(_require_decimal),
    Query(alias="nonceSize", description="In bytes; nonces of this log have the one size."),
]
"""How large a nonce is to be."""

DEFAULT_PAGE_SIZE: Final = DEFAULT_PAGE
