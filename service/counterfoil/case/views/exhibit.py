"""One entry of an engagement as an exhibit: its label, and its facts under the names that every view gives them."""

from dataclasses import dataclass
from typing import Final

from counterfoil.case.facts import TimelineEntry
from counterfoil.case.views.moments import lag_words, utc

Row = tuple[str, str]
"""A name and a value. Both may hold any text; whoever shows them makes them harmless."""

_KINDS: Final = {
    "statement": "statement (no trace event)",
    "erased": "erased (only its hash is left)",
}
_NOT_KNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What the views show of one entry.

    ``findings`` are names and what they say. ``references`` are relations and the numbers of earlier entries,
    ``annotations`` relations and the numbers of the later entries that refer to this one.
    """

    number: int
    label: str
    event: str
    identity: tuple[Row, ...]
    who: tuple[Row, ...]
    clocks: tuple[Row, ...]
    said: tuple[Row, ...]
    findings: tuple[Row, ...]
    references: tuple[tuple[str, int], ...]
    annotations: tuple[tuple[str, int], ...]


def exhibit_label(number: int) -> str:
    """The label under which every view names an entry."""
    return f"E-{number}"


def exhibit(entry: TimelineEntry) -> Exhibit:
    """The entry as an exhibit; what is not known of it is said to be so."""
    return Exhibit(
        number=entry.number,
        label=exhibit_label(entry.number),
        event=_KINDS.get(entry.kind, entry.kind),
        identity=(("Place in the chain, from 0", str(entry.sequence)), ("Entry id", entry.entry_id)),
        who=(
            ("Issuer", _known(entry.issuer)),
            ("Role", _known(entry.role)),
            ("Actor", _known(entry.actor)),
            ("Attested hardware", entry.attestation),
        ),
        clocks=(
            ("Occurred, as claimed", "no time is claimed" if entry.occurred_at is None else entry.occurred_at),
            ("Registered, as signed", utc(entry.registered_at)),
            ("Lag", lag_words(entry.lag)),
        ),
        said=entry.said,
        findings=entry.findings,
        references=entry.references,
        annotations=entry.annotations,
    )


def _known(text: str | None) -> str:
    return _NOT_KNOWN if text is None else text
