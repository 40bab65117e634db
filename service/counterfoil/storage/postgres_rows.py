"""A batch as the parameters of the statement that writes it."""

from collections.abc import Sequence
from typing import Any

from counterfoil.log.records import Batch, ChainHead, EventRow, Head, ReferenceRow
from counterfoil.storage.written_rows import head_values

Parameters = dict[str, Any]


def batch_parameters(batch: Batch, before: Head | None) -> Parameters:
    """Every parameter by name; arrays run parallel, one item for each row."""
    begun = 0 if before is None else before.chain_count
    grown = [chain for chain in batch.chains if chain.number < begun]
    return {
        "first": 0 if before is None else before.tree.size,
        **_entries(batch),
        **_chains("new", [chain for chain in batch.chains if chain.number >= begun]),
        **_chains("grown", grown),
        "grown": len(grown),
        **_evidence(batch),
        **_events(batch.events),
        **_references(batch.references),
        **_tiles(batch),
        **head_values(batch.head),
        "key_thumbprint": batch.signature.key_thumbprint,
        "signature": batch.signature.signature,
    }


def _entries(batch: Batch) -> Parameters:
    entries, contents = batch.entries, batch.contents
    return {
        "statement_hashes": [entry.statement_hash for entry in entries],
        "duplicate_keys": [entry.duplicate_key for entry in entries],
        "chain_numbers": [entry.chain_number for entry in entries],
        "sequences": [entry.sequence for entry in entries],
        "chain_hashes": [entry.chain_hash for entry in entries],
        "decisions": [entry.decision for entry in entries],
        "statements": [content.statement for content in contents],
        "visibilities": [content.visibility.value for content in contents],
    }


def _chains(kind: str, chains: list[ChainHead]) -> Parameters:
    return {
        f"{kind}_numbers": [chain.number for chain in chains],
        f"{kind}_ids": [chain.chain_id for chain in chains],
        f"{kind}_lengths": [chain.length for chain in chains],
        f"{kind}_hashes": [chain.chain_hash for chain in chains],
        f"{kind}_visibilities": [chain.visibility.value for chain in chains],
    }


def _evidence(batch: Batch) -> Parameters:
    carried = [(content.number, content.evidence) for content in batch.contents if content.evidence is not None]
    return {
        "evidence_numbers": [number for number, _ in carried],
        "kinds": [evidence.kind for _, evidence in carried],
        "evidence": [evidence.content for _, evidence in carried],
    }


def _events(events: Sequence[EventRow]) -> Parameters:
    return {
        "event_numbers": [event.number for event in events],
        "event_chains": [event.chain_number for event in events],
        "event_sequences": [event.sequence for event in events],
        "event_kinds": [event.kind for event in events],
        "landmarks": [int(event.landmark) for event in events],
        "by_parties": [int(event.by_party) for event in events],
        "writers": [event.writer for event in events],
        "writer_sequences": [event.writer_sequence for event in events],
        "event_keys": [event.event_key for event in events],
        "session_keys": [event.session_key for event in events],
    }


def _references(references: Sequence[ReferenceRow]) -> Parameters:
    return {
        "reference_numbers": [reference.number for reference in references],
        "reference_positions": [reference.position for reference in references],
        "targets": [reference.target for reference in references],
        "relations": [reference.relation for reference in references],
    }


def _tiles(batch: Batch) -> Parameters:
    return {
        "levels": [tile.id.level for tile in batch.tiles],
        "positions": [tile.id.index for tile in batch.tiles],
        "hashes": [tile.hashes for tile in batch.tiles],
        "roots": [tile.root for tile in batch.tiles],
    }
