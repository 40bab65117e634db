"""Members of a trace event as a command line spells them."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from counterfoil.cli.files import read_input
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedParameterError
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import WRITERS, EventType, Reference, Relation, Role
from counterfoil.statement.trace_event.event_id import CHANCE_BYTES, event_id_of
from counterfoil.statement.trace_event.parse import MAX_EVENT_BYTES

_HASH_BYTES: Final = 32


def parse_role(text: str | None, event_type: EventType) -> Role:
    """The role of that name, or the only one in which the type is written.

    Raises:
        MalformedParameterError: There is no such role, or none is named and the type has several.
    """
    if text is None:
        if len(WRITERS[event_type]) == 1:
            return next(iter(WRITERS[event_type]))
        known = ", ".join(sorted(WRITERS[event_type]))
        raise MalformedParameterError(f"{event_type} is written in more than one role; give --role, one of {known}")
    try:
        return Role(text)
    except ValueError as error:
        raise MalformedParameterError(f"a role is one of {', '.join(Role)}") from error


def parse_entry(text: str) -> StatementHash:
    """A statement hash in hexadecimal, as ``counterfoil submit`` prints it.

    Raises:
        MalformedParameterError: It is not 64 lowercase hexadecimal digits.
    """
    try:
        entry = bytes.fromhex(text)
    except ValueError:
        entry = b""
    if len(entry) != _HASH_BYTES or entry.hex() != text:
        raise MalformedParameterError("an entry is named by its id, 64 lowercase hexadecimal digits")
    return StatementHash(entry)


def parse_references(texts: Sequence[str]) -> tuple[Reference, ...]:
    """References as ``REL=HASH``.

    Raises:
        MalformedParameterError: One is not that.
    """
    return tuple(map(_reference, texts))


def read_object(text: str) -> Mapping[str, JsonValue]:
    """A JSON object: itself where it begins with a brace, or else the file of that name, or standard input for ``-``.

    Raises:
        FileUnreadableError: There is no such file.
        MalformedError: It holds no JSON object, or one too large for an event.
    """
    data = text.encode(errors="surrogateescape") if text.lstrip().startswith("{") else read_input(Path(text))
    value = parse_json(data, max_bytes=MAX_EVENT_BYTES)
    if not isinstance(value, Mapping):
        raise MalformedParameterError("a JSON object is expected")
    return value


def fresh_event_id(milliseconds: int) -> str:
    """A new UUIDv7 of that time."""
    return event_id_of(milliseconds, secrets.token_bytes(CHANCE_BYTES))


def _reference(text: str) -> Reference:
    name, _, entry = text.partition("=")
    try:
        relation = Relation(name)
    except ValueError as error:
        raise MalformedParameterError(f"a reference is REL=HASH; REL is one of {', '.join(Relation)}") from error
    return Reference(relation, parse_entry(entry))
