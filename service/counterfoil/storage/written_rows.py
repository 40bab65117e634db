"""Records made into the rows that are written."""

from counterfoil.log.records import Batch, ChainHead, Head

Values = dict[str, int | bytes | str]
"""One row to write, by column."""


def head_values(head: Head) -> Values:
    """The columns of the head row."""
    return {
        "size": head.tree.size,
        "root": head.tree.root,
        "time": head.tree.time,
        "frontier": b"".join(head.frontier.peaks),
        "rules_entry": head.rules_entry,
        "policy_entry": head.policy_entry,
        "next_page": head.next_page,
        "chain_count": head.chain_count,
    }


def added_values(batch: Batch) -> dict[str, list[Values]]:
    """The rows a batch adds to the append-only tables, in an order in which every reference is met."""
    return {
        "entries": [
            {
                "number": entry.number,
                "statement_hash": entry.statement_hash,
                "duplicate_key": entry.duplicate_key,
                "chain_number": entry.chain_number,
                "sequence": entry.sequence,
                "chain_hash": entry.chain_hash,
                "decision": entry.decision,
            }
            for entry in batch.entries
        ],
        "statements": [
            {"number": content.number, "statement": content.statement, "visibility": content.visibility.value}
            for content in batch.contents
        ],
        "evidence": [
            {"number": content.number, "kind": content.evidence.kind, "content": content.evidence.content}
            for content in batch.contents
            if content.evidence is not None
        ],
        "events": [
            {
                "number": event.number,
                "chain_number": event.chain_number,
                "sequence": event.sequence,
                "kind": event.kind,
                "landmark": int(event.landmark),
                "by_party": int(event.by_party),
                "writer": event.writer,
                "writer_sequence": event.writer_sequence,
                "event_key": event.event_key,
                "session_key": event.session_key,
            }
            for event in batch.events
        ],
        "event_references": [
            {
                "number": reference.number,
                "position": reference.position,
                "target": reference.target,
                "relation": reference.relation,
            }
            for reference in batch.references
        ],
        "tiles": [
            {"level": tile.id.level, "position": tile.id.index, "hashes": tile.hashes, "root": tile.root}
            for tile in batch.tiles
        ],
        "tree_heads": [{"size": batch.head.tree.size, "root": batch.head.tree.root, "time": batch.head.tree.time}],
        "head_signatures": [
            {
                "size": batch.signature.size,
                "key_thumbprint": batch.signature.key_thumbprint,
                "signature": batch.signature.signature,
            },
        ],
    }


def chain_values(chain: ChainHead) -> Values:
    """A row of ``chains``."""
    return {
        "number": chain.number,
        "chain_id": chain.chain_id,
        "length": chain.length,
        "chain_hash": chain.chain_hash,
        "visibility": chain.visibility.value,
    }
