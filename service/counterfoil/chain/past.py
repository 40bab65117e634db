"""What of a chain's past findings on some of its events ask for, read from a store."""

from collections.abc import Sequence
from hashlib import sha256

from counterfoil.chain.findings import Chronicle, needed_numbers
from counterfoil.chain.names import name_key
from counterfoil.chain.ports import PastReader
from counterfoil.chain.standing import Standing
from counterfoil.errors import LogCorruptError, MalformedError
from counterfoil.statement.signed_statement import SignedStatement, StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.event import TraceEvent


def read_chronicle(
    reader: PastReader,
    chain_number: int,
    before: int,
    standing: Standing,
    events: Sequence[TraceEvent],
    *,
    formed: bool,
) -> Chronicle:
    """A chain before its entry ``before``, as far as findings on ``events``, which come from there on, ask for it.

    ``standing`` is how the engagement stands there; ``formed`` whether it has a FORMATION, then or later.

    Raises:
        LogCorruptError: A statement that an event is compared with cannot be read.
    """
    return Chronicle(
        formed=formed,
        standing=standing,
        length=before,
        places=_places(reader, chain_number, before, events),
        numbers=_numbers(reader, chain_number, before, events),
        names=_names(reader, chain_number, before, events),
    )


def payload_digest(statement: SignedStatement) -> bytes:
    """SHA-256 of a statement's payload, by which events of one name are compared."""
    return sha256(statement.message.payload or b"").digest()


def _places(
    reader: PastReader, chain_number: int, before: int, events: Sequence[TraceEvent]
) -> dict[StatementHash, int]:
    named = {event.previous for event in events if event.previous is not None}
    places = reader.places(list(named)) if named else {}
    return {
        name: place.sequence
        for name, place in places.items()
        if place.chain_number == chain_number and place.sequence < before
    }


def _numbers(reader: PastReader, chain_number: int, before: int, events: Sequence[TraceEvent]) -> set[tuple[str, int]]:
    issuers = {name_key(event.issuer): event.issuer for event in events}
    asked: dict[bytes, set[int]] = {key: set() for key in issuers}
    for event in events:
        asked[name_key(event.issuer)].update(needed_numbers(event))
    used = reader.numbers_used(chain_number, before, asked) if before else ()
    return {(issuers[writer], number) for writer, number in used}


def _names(
    reader: PastReader, chain_number: int, before: int, events: Sequence[TraceEvent]
) -> dict[tuple[str, str], bytes]:
    asked = {(name_key(event.issuer), name_key(event.event_id)): (event.issuer, event.event_id) for event in events}
    found = reader.first_named(chain_number, before, {event_key for _, event_key in asked}) if before else {}
    firsts = {asked[key]: number for key, number in found.items() if key in asked}
    statements = reader.statements(list(firsts.values())) if firsts else {}
    return {name: _digest(number, statements[number]) for name, number in firsts.items() if number in statements}


def _digest(number: int, statement: bytes) -> bytes:
    try:
        return payload_digest(parse_signed_statement(statement, max_bytes=len(statement)))
    except MalformedError as error:
        raise LogCorruptError(f"table statements: that of entry {number} cannot be read: {error.detail}") from error
