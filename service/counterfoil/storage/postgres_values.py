"""What an append says to PostgreSQL and is told by it, in the binary form that libpq carries."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from psycopg import postgres
from psycopg.pq.abc import PGresult

from counterfoil.storage.rows import Found

_BINARY: Final = 1
_INT_BYTES: Final = 8
_PARAMETER: Final = re.compile(r"%\((\w+)\)[bs](?:(::\w+)(\[\])?)?")

_OIDS: Final = {f"::{name}": postgres.types[name].oid for name in ("int8", "bytea", "text")}
"""Of what arrays hold, by the cast that the statement puts behind their parameter."""

_NUMBERS: Final = frozenset(postgres.types[name].oid for name in ("int2", "int4", "int8"))
_TEXT: Final = postgres.types["text"].oid
_BYTES: Final = postgres.types["bytea"].oid

Encoded = tuple[list[bytes | None], list[int]]
"""The parameters of a statement in their order, and that each is binary."""


@lru_cache(maxsize=256)
def numbered(query: str) -> tuple[bytes, tuple[tuple[str, int], ...]]:
    """A statement as the server reads it, ``$1`` for ``%(name)b``; the names, and what they are arrays of or 0."""
    places: dict[str, int] = {}
    of: list[tuple[str, int]] = []

    def place(match: re.Match[str]) -> str:
        name, cast, array = match[1], match[2] or "", match[3] or ""
        if name not in places:
            places[name] = len(of) + 1
            of.append((name, _OIDS[cast] if array else 0))
        return f"${places[name]}{cast}{array}"

    text = _PARAMETER.sub(place, query)
    return text.encode(), tuple(of)


def encode_parameters(names: Sequence[tuple[str, int]], parameters: Mapping[str, Any]) -> Encoded:
    """The parameters of a statement by their names, numbers as ``int8``.

    Raises:
        TypeError: A value is none that a log's tables hold.
    """
    return [_encoded(parameters[name], element) for name, element in names], [_BINARY] * len(names)


def rows_of(result: PGresult) -> Sequence[Found]:
    """The rows of a binary result by column.

    Raises:
        TypeError: A column's type is none that a log's tables have.
    """
    columns = [(_text(result.fname(at) or b""), at, _decoder(result.ftype(at))) for at in range(result.nfields)]
    value = result.get_value
    return [
        {name: None if (data := value(row, at)) is None else decode(data) for name, at, decode in columns}
        for row in range(result.ntuples)
    ]


def _encoded(value: object, element: int) -> bytes | None:
    match value:
        case None:
            return None
        case int():
            return value.to_bytes(_INT_BYTES, "big", signed=True)
        case bytes():
            return value
        case str():
            return value.encode()
        case list() if element:
            return _array(value, element)
        case _:
            raise TypeError(f"{type(value).__name__} is no value of a column")


def _array(items: list[Any], element: int) -> bytes:
    # One dimension that begins at 1, or none where nothing is in it; no NULLs.
    head = b"".join(part.to_bytes(4, "big") for part in ((1 if items else 0), 0, element))
    if not items:
        return head
    parts = [head, len(items).to_bytes(4, "big"), b"\x00\x00\x00\x01"]
    for item in items:
        data = _encoded(item, 0)
        if data is None:
            raise TypeError("an array of a batch holds no NULL")
        parts += (len(data).to_bytes(4, "big"), data)
    return b"".join(parts)


def _decoder(oid: int) -> Callable[[bytes], Any]:
    if oid in _NUMBERS:
        return _number
    if oid == _BYTES:
        return bytes
    if oid == _TEXT:
        return _text
    raise TypeError(f"no column of a log has the type {oid}")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _text(data: bytes) -> str:
    return str(data, "utf-8")
