"""What a case file shows people: facts for the views, all of them derived from its evidence."""

from dataclasses import dataclass

Remark = tuple[str, str]
"""A finding's name and what it says of this entry."""

Link = tuple[str, int]
"""A relation and the number of the entry at its other end."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of the engagement, in the words of its statement.

    Every text but ``kind``, ``role``, ``occurred_at`` and the relations was chosen by a writer and may hold anything
    that a JSON text can. ``kind`` is the event's type, ``statement`` for one of no profile and ``erased`` where only
    its hash is left. ``occurred_at`` is RFC 3339 as the writer claims it; ``registered_at`` is in whole seconds since
    1970, ``lag`` in milliseconds between the two. ``attestation`` says how well its key is bound to attested hardware.
    ``said`` are names and values out of the data of the event, in order. ``references`` lead to earlier entries,
    ``annotations`` come from later ones.
    """

    number: int
    sequence: int
    entry_id: str
    kind: str
    issuer: str | None
    role: str | None
    actor: str | None
    occurred_at: str | None
    registered_at: int
    lag: int | None
    attestation: str
    said: tuple[tuple[str, str], ...]
    findings: tuple[Remark, ...]
    references: tuple[Link, ...]
    annotations: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class WriterFacts:
    """What the numbers of one writer's events leave out, as the completeness report says it."""

    issuer: str
    events: int
    first: int | None
    last: int | None
    missing: int
    repeats: int
    claimed: int | None
    claim_holds: bool | None


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A panel's result as it was recorded, and as the recorded estimates give it.

    ``expected_outcomes`` are those that go with the recomputed posterior. The service judges nothing by it.
    """

    number: int
    recorded_posterior: float | None
    recorded_outcome: str | None
    recomputed_posterior: float | None
    posterior_matches: bool
    expected_outcomes: tuple[str, ...]
    outcome_matches: bool


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One engagement as of one tree head. Hashes are hexadecimal, times whole seconds since 1970.

    ``evidence_digest`` is SHA-256 of the manifest, which names every file of the evidence by its SHA-256.
    ``software`` is name and version of what made the views. ``not_established`` are sentences.
    """

    origin: str
    root_trace_id: str
    chain_id: str
    chain_hash: str
    entries: int
    tree_size: int
    tree_root: str
    head_time: int
    state: str | None
    parties: tuple[tuple[str, str], ...]
    timeline: tuple[TimelineEntry, ...]
    writers: tuple[WriterFacts, ...]
    disputes: tuple[DisputeFacts, ...]
    evidence_digest: str
    software: str
    completeness_caveat: str
    not_established: tuple[str, ...]
