"""What an append says to PostgreSQL, in its own words: few statements, each over arrays of a whole batch."""

from functools import cache
from typing import Final

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"

LOCK_HEAD: Final = "SELECT * FROM log_head WHERE id = 1 FOR UPDATE"
"""What is read later must be read by later statements: this one, if it waited for the lock, sees the tables as they
were when it began, and only the locked row as it is now."""

LOCK_EMPTY_LOG: Final = "SELECT pg_advisory_xact_lock(7165913, 1)"
"""Any two numbers would do, as long as every release takes the same."""

COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"

PRIOR: Final = """
SELECT 'entries' AS "table", number, duplicate_key AS key, statement_hash AS hash, NULL::int8 AS count,
  NULL::text AS visibility
FROM entries WHERE duplicate_key = ANY(%(keys)b::bytea[])
UNION ALL
SELECT 'chains', number, chain_id, chain_hash, length, visibility FROM chains WHERE chain_id = ANY(%(ids)b::bytea[])
UNION ALL
SELECT 'tree_heads', size, NULL::bytea, root, "time", NULL::text FROM tree_heads WHERE size = %(size)b::int8
"""
"""Three look-ups in one journey, while everybody else waits for the lock."""

PLACES: Final = """
SELECT number, statement_hash, chain_number, sequence FROM entries WHERE statement_hash = ANY(%(hashes)b::bytea[])
"""

LANDMARKS: Final = """
SELECT e.number, e.chain_number, e.sequence, s.statement
FROM unnest(%(chains)b::int8[], %(starts)b::int8[]) AS since(chain_number, start)
JOIN events e ON e.landmark = 1 AND e.chain_number = since.chain_number AND e.sequence >= since.start
LEFT JOIN statements s ON s.number = e.number
ORDER BY e.chain_number, e.sequence
"""

_ENTRIES: Final = """
WITH batch AS (
  SELECT * FROM unnest(
    %(statement_hashes)b::bytea[], %(duplicate_keys)b::bytea[], %(chain_numbers)b::int8[], %(sequences)b::int8[],
    %(chain_hashes)b::bytea[], %(decisions)b::bytea[], %(statements)b::bytea[], %(visibilities)b::text[]
  ) WITH ORDINALITY AS
    b(statement_hash, duplicate_key, chain_number, sequence, chain_hash, decision, statement, visibility, place)
),
new_entries AS (
  INSERT INTO entries (number, statement_hash, duplicate_key, chain_number, sequence, chain_hash, decision)
  SELECT %(first)b::int8 + place - 1, statement_hash, duplicate_key, chain_number, sequence, chain_hash, decision
  FROM batch
),
new_statements AS (
  INSERT INTO statements (number, statement, visibility)
  SELECT %(first)b::int8 + place - 1, statement, visibility FROM batch
),
new_chains AS (
  INSERT INTO chains (number, chain_id, length, chain_hash, visibility)
  SELECT * FROM unnest(
    %(new_numbers)b::int8[], %(new_ids)b::bytea[], %(new_lengths)b::int8[], %(new_hashes)b::bytea[],
    %(new_visibilities)b::text[]
  )
),
grown_chains AS (
  UPDATE chains SET length = g.length, chain_hash = g.chain_hash, visibility = g.visibility
  FROM unnest(
    %(grown_numbers)b::int8[], %(grown_ids)b::bytea[], %(grown_lengths)b::int8[], %(grown_hashes)b::bytea[],
    %(grown_visibilities)b::text[]
  ) AS g(number, chain_id, length, chain_hash, visibility)
  WHERE chains.number = g.number AND chains.chain_id = g.chain_id
  RETURNING 1
),
new_head AS (
  INSERT INTO tree_heads (size, root, "time") VALUES (%(size)b::int8, %(root)b::bytea, %(time)b::int8)
),
new_signature AS (
  INSERT INTO head_signatures (size, key_thumbprint, signature)
  VALUES (%(size)b::int8, %(key_thumbprint)b::bytea, %(signature)b::bytea)
)
"""

_EVIDENCE: Final = """,
new_evidence AS (
  INSERT INTO evidence (number, kind, content)
  SELECT * FROM unnest(%(evidence_numbers)b::int8[], %(kinds)b::text[], %(evidence)b::bytea[])
)
"""

_EVENTS: Final = """,
new_events AS (
  INSERT INTO events
    (number, chain_number, sequence, kind, landmark, by_party, writer, writer_sequence, event_key, session_key)
  SELECT * FROM unnest(
    %(event_numbers)b::int8[], %(event_chains)b::int8[], %(event_sequences)b::int8[], %(event_kinds)b::text[],
    %(landmarks)b::int8[], %(by_parties)b::int8[], %(writers)b::bytea[], %(writer_sequences)b::int8[],
    %(event_keys)b::bytea[], %(session_keys)b::bytea[]
  )
),
new_references AS (
  INSERT INTO event_references (number, "position", target, relation)
  SELECT * FROM unnest(
    %(reference_numbers)b::int8[], %(reference_positions)b::int8[], %(targets)b::int8[], %(relations)b::text[]
  )
)
"""

_TILES: Final = """,
new_tiles AS (
  INSERT INTO tiles (level, "position", hashes, root)
  SELECT * FROM unnest(%(levels)b::int8[], %(positions)b::int8[], %(hashes)b::bytea[], %(roots)b::bytea[])
)
"""

_MOVE_HEAD: Final = """,
moved AS (
UPDATE log_head SET
  size = %(size)b::int8, root = %(root)b::bytea, "time" = %(time)b::int8, frontier = %(frontier)b::bytea,
  rules_entry = %(rules_entry)b::int8, policy_entry = %(policy_entry)b::int8, next_page = %(next_page)b::int8,
  chain_count = %(chain_count)b::int8
WHERE id = 1 AND size = %(first)b::int8
RETURNING 1
)
"""

_FIRST_HEAD: Final = """,
moved AS (
INSERT INTO log_head (id, size, root, "time", frontier, rules_entry, policy_entry, next_page, chain_count)
VALUES (1, %(size)b::int8, %(root)b::bytea, %(time)b::int8, %(frontier)b::bytea, %(rules_entry)b::int8,
  %(policy_entry)b::int8, %(next_page)b::int8, %(chain_count)b::int8)
RETURNING 1
)
"""

_AS_EXPECTED: Final = """
SELECT CASE
  WHEN heads.moved <> 1
    THEN ('table log_head, row 1: it is not as it was read, under the lock; moved: ' || heads.moved)::int8
  WHEN chains.grown <> %(grown)b::int8
    THEN ('table chains: ' || %(grown)b::int8 || ' chains were to grow, ' || chains.grown || ' are stored')::int8
  ELSE 1
END AS written
FROM (SELECT count(*) AS moved FROM moved) AS heads, (SELECT count(*) AS grown FROM grown_chains) AS chains
"""
"""Fails where a row was not there to be changed, as a text that is no number: the commit is on its way already."""


@cache
def write_statement(*, founding: bool, evidence: bool, events: bool, tiles: bool) -> str:
    """The one statement that writes a batch; the parts that most batches lack are left out of it."""
    parts = (
        _ENTRIES,
        _EVIDENCE if evidence else "",
        _EVENTS if events else "",
        _TILES if tiles else "",
        _FIRST_HEAD if founding else _MOVE_HEAD,
        _AS_EXPECTED,
    )
    return "".join(parts)
