"""What LogReader, LogScan and ChainReader promise."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from counterfoil.log.records import Batch, Entry, KeptEntry
from counterfoil.merkle.tiles import TileId
from counterfoil.policy.document import Visibility
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.statement.evidence import Evidence
from tests.contract.conftest import STORES, place_of
from tests.contract.rows import KEY, START, New, append, numbered
from tests.contract.stores import Store, everything

NO_NUMBERS = [-1, -(2**63), 2**63 - 1, 2**63, 2**64, 10**30]


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with a log of sizes 2, 7, 300 and 301, for tests that only read."""

    store: Store
    batches: list[Batch]

    @property
    def entries(self) -> list[Entry]:
        return [entry for batch in self.batches for entry in batch.entries]


@pytest.fixture(scope="module", params=STORES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with place_of(request, tmp_path_factory.mktemp("filled")) as place:
        store = place.open()
        batches = [
            append(store, numbered(2, "a"), time=START),
            append(store, numbered(5, "b", subjects=1), time=START),
            append(store, numbered(293, "c", subjects=2), time=START + 1),
            append(store, numbered(1, "a2"), time=START + 9),
        ]
        yield Filled(store, batches)


def test_an_empty_log_holds_nothing(store: Store) -> None:
    assert everything(store) == type(everything(store))(None, (), (), (), (), (), (), (), ())
    assert store.entry(0) is None
    assert store.entry_of(New(b"x").hash) is None
    assert store.content(0) is None
    assert store.tree_head(0) is None
    assert store.tree_head_over(0) is None
    assert list(store.signatures(1)) == []
    assert store.chain(New(b"x").chain_id) is None
    assert list(store.chain_entries(0, 0, 10)) == []


def test_entries_are_found_by_number_and_by_hash(filled: Filled) -> None:
    entries = filled.entries
    for entry in (*entries[:8], *entries[-3:]):
        assert filled.store.entry(entry.number) == entry
        assert filled.store.entry_of(entry.statement_hash) == entry
    assert filled.store.entry(301) is None
    assert filled.store.entry_of(New(b"unknown").hash) is None


@pytest.mark.parametrize(("start", "limit"), [(0, 301), (0, 1), (5, 10), (299, 10), (300, 1), (301, 5), (0, 10**30)])
def test_entries_are_paged(filled: Filled, start: int, limit: int) -> None:
    entries = filled.entries
    assert list(filled.store.entries(start, limit)) == entries[start : start + limit]


@pytest.mark.parametrize(("start", "limit"), [(0, 0), (0, -1), (-1, 5), (-5, 100), (2**63, 1), (10**30, 10**30)])
def test_pages_that_are_none_are_empty(filled: Filled, start: int, limit: int) -> None:
    assert list(filled.store.entries(start, limit)) == []
    assert list(filled.store.chain_entries(0, start, limit)) == []


@pytest.mark.parametrize(
    ("start", "limit"),
    [(0, 301), (0, 1), (5, 10), (299, 10), (300, 1), (301, 5), (0, 10**30), (2, 0), (-1, 5), (2**63, 9)],
)
def test_entries_are_paged_with_their_contents(filled: Filled, start: int, limit: int) -> None:
    contents = [content for batch in filled.batches for content in batch.contents]
    kept = [
        KeptEntry(entry.number, entry.statement_hash, entry.decision, content)
        for entry, content in zip(filled.entries, contents, strict=True)
    ]
    assert list(filled.store.kept(start, limit)) == (kept[start : start + limit] if start >= 0 else [])


def test_contents_of_a_page_come_with_their_evidence(store: Store) -> None:
    evidence = Evidence("x5chain", b"\x80")
    there = append(store, [New(b"a"), New(b"b", evidence=evidence), New(b"c")]).contents
    assert [content.evidence for content in there] == [None, evidence, None]
    assert [kept.content for kept in store.kept(0, 3)] == list(there)


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_numbers_out_of_reach_name_nothing(filled: Filled, number: int) -> None:
    assert filled.store.entry(number) is None
    assert filled.store.content(number) is None
    assert filled.store.tree_head(number) is None
    assert filled.store.tree_head_over(number) is None
    assert list(filled.store.signatures(number)) == []
    assert list(filled.store.chain_entries(number, 0, 5)) == []
    assert list(filled.store.tile_roots(number, 0, 5)) == []
    assert list(filled.store.tile_roots(0, number, 5)) == []
    assert list(filled.store.leaf_hashes(number, 5)) == []


@pytest.mark.parametrize("evidence", [None, Evidence("x5chain", b"\x80"), Evidence("x5chain", bytes(70_000))])
@pytest.mark.parametrize("visibility", list(Visibility))
@pytest.mark.parametrize("body", [b"", b"\x00", b"\x00" * 8192, "Žluťoučký kůň".encode(), bytes(range(256)) * 300])
def test_content_comes_back_as_it_was(
    store: Store, body: bytes, visibility: Visibility, evidence: Evidence | None
) -> None:
    (content,) = append(store, [New(body, "\x7f" * 512, visibility, evidence)]).contents
    assert store.content(0) == content
    found = store.content(0)
    assert found is not None
    assert type(found.statement) is bytes
    assert found.visibility is visibility
    assert list(store.content_numbers()) == [0]
    assert list(store.evidence_numbers()) == ([] if evidence is None else [0])


def test_tree_heads_are_those_of_batches_only(filled: Filled) -> None:
    heads = {int(batch.head.tree.size): batch.head.tree for batch in filled.batches}
    assert [filled.store.tree_head(size) for size in range(310)] == [heads.get(size) for size in range(310)]
    assert list(filled.store.tree_heads(0, 10)) == list(heads.values())
    assert list(filled.store.tree_heads(3, 2)) == [heads[7], heads[300]]
    assert list(filled.store.tree_heads(7, 1)) == [heads[7]]
    assert list(filled.store.tree_heads(302, 5)) == []
    assert list(filled.store.tree_heads(-5, 1)) == [heads[2]]
    assert list(filled.store.tree_heads(0, 0)) == []
    assert list(filled.store.tree_heads(0, -1)) == []
    assert list(filled.store.tree_heads(10**30, 1)) == []


def test_the_head_over_an_entry_is_that_of_its_batch(filled: Filled) -> None:
    for batch in filled.batches:
        for entry in batch.entries:
            assert filled.store.tree_head_over(entry.number) == batch.head.tree
    assert filled.store.tree_head_over(301) is None


def test_each_head_has_its_signature(filled: Filled) -> None:
    for batch in filled.batches:
        assert list(filled.store.signatures(batch.head.tree.size)) == [batch.signature]
    assert list(filled.store.signatures(8)) == []
    assert [signature.key_thumbprint for signature in filled.store.all_signatures()] == [KEY] * 4


def test_chains_are_read_a_page_at_a_time(filled: Filled) -> None:
    chain = filled.store.chain(New(b"", "c-1").chain_id)
    assert chain is not None
    links = [entry for entry in filled.batches[2].entries if entry.chain_number == chain.number]
    assert chain.length == len(links) == 146
    assert list(filled.store.chain_entries(chain.number, 0, 1000)) == links
    assert list(filled.store.chain_entries(chain.number, 140, 3)) == links[140:143]
    assert list(filled.store.chain_entries(chain.number, 145, 3)) == links[145:]
    assert list(filled.store.chain_entries(chain.number, 146, 3)) == []
    assert list(filled.store.chain_entries(999, 0, 3)) == []
    assert filled.store.chain(New(b"", "c-2").chain_id) is None


def test_the_tree_is_read(filled: Filled) -> None:
    leaves = [statement_leaf(entry.statement_hash) for entry in filled.entries]
    assert list(filled.store.leaf_hashes(250, 301)) == leaves[250:]
    assert list(filled.store.leaf_hashes(5, 5)) == []
    (tile,) = filled.store.all_tiles()
    assert tile.id == TileId(0, 0)
    assert filled.store.tile(tile.id) == tile.hashes == b"".join(leaves[:256])
    assert filled.store.tile(TileId(0, 1)) is None
    assert filled.store.tile(TileId(63, 2**63 - 1)) is None
    assert list(filled.store.tile_roots(0, 0, 1)) == [tile.root]
    assert list(filled.store.tile_roots(0, 1, 9)) == []
