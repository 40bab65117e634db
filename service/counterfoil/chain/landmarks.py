"""Stored landmarks, read back into what they did to their engagement."""

from counterfoil.chain.ports import ChainReader
from counterfoil.chain.standing import EMPTY_STANDING, Standing, advance
from counterfoil.errors import LogCorruptError, MalformedError, RefusedError, UnverifiedError
from counterfoil.log.records import ChainHead, Landmark
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.parse import parse_trace_event


def pass_landmark(standing: Standing, landmark: Landmark) -> Standing:
    """How an engagement stands after a landmark.

    Raises:
        LogCorruptError: The landmark's statement is not there, or is no event.
    """
    if landmark.statement is None:
        raise LogCorruptError(f"table statements: that of entry {landmark.number}, which others rest on, is missing")
    try:
        statement = parse_signed_statement(landmark.statement, max_bytes=len(landmark.statement))
        event = parse_trace_event(statement)
    except (MalformedError, UnverifiedError, RefusedError) as error:
        raise LogCorruptError(f"table events, row {landmark.number}: the entry is no event: {error.detail}") from error
    return advance(standing, statement.hash, event)


def standing_at(reader: ChainReader, head: ChainHead) -> Standing:
    """How the engagement of a chain stands as of ``head``, read from its landmarks alone.

    Raises:
        LogCorruptError: A landmark's statement is not there, or is no event.
    """
    return standings_at(reader, head, head.length)[1]


def standings_at(reader: ChainReader, head: ChainHead, before: int) -> tuple[Standing, Standing]:
    """How the engagement stood before its entry of sequence number ``before``, and how it stands as of ``head``.

    Raises:
        LogCorruptError: A landmark's statement is not there, or is no event.
    """
    then = standing = EMPTY_STANDING
    for landmark in reader.landmarks({head.number: 0}):
        if landmark.sequence >= head.length:
            break
        standing = pass_landmark(standing, landmark)
        if landmark.sequence < before:
            then = standing
    return then, standing
