"""Events for batches made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from counterfoil.log.records import Batch, EntryNumber, EventRow, ReferenceRow


@dataclass(frozen=True, slots=True)
class Said:
    """What the statement at that place of a batch says as an event."""

    at: int
    event: str = "event"
    session: str = "session"
    writer: str = "writer"
    landmark: bool = False
    by_party: bool = True
    refers_to: tuple[int, ...] = ()


def key(name: str) -> bytes:
    return sha256(name.encode()).digest()


def saying(batch: Batch, said: Sequence[Said]) -> Batch:
    events, references = [], []
    for one in said:
        entry = batch.entries[one.at]
        events.append(
            EventRow(
                number=entry.number,
                chain_number=entry.chain_number,
                sequence=entry.sequence,
                kind="ACTION",
                landmark=one.landmark,
                by_party=one.by_party,
                writer=key(one.writer),
                writer_sequence=one.at,
                event_key=key(one.event),
                session_key=key(one.session),
            ),
        )
        references += [
            ReferenceRow(entry.number, place, EntryNumber(target), "parent")
            for place, target in enumerate(one.refers_to)
        ]
    return replace(batch, events=tuple(events), references=tuple(references))
