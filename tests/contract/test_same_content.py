"""Whatever is appended, both stores hold the same."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.policy.document import Visibility
from counterfoil.statement.evidence import Evidence
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.contract.rows import START, New, append
from tests.contract.stores import everything
from tests.contract.whole import check_whole

NEW = st.builds(
    New,
    st.binary(max_size=40),
    st.sampled_from(["a", "b", "c", "\u00e9", "d" * 512]),
    st.sampled_from(Visibility),
    st.none() | st.builds(Evidence, st.just("x5chain"), st.binary(max_size=20)),
)
BATCHES = st.lists(
    st.tuples(st.lists(NEW, min_size=1, max_size=30), st.integers(0, 5)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=10, deadline=None)
@given(BATCHES)
def test_random_batches_leave_equal_content(batches: list[tuple[list[New], int]]) -> None:
    seen: set[bytes] = set()
    time = START
    with TemporaryDirectory() as folder:
        memory, sqlite = MemoryStore(), open_sqlite(Path(folder) / "log.db", create=True)
        for batch, seconds in batches:
            fresh = list({item.body: item for item in batch if item.body not in seen}.values())
            seen.update(item.body for item in fresh)
            time += seconds
            if fresh:
                assert append(memory, fresh, time=time) == append(sqlite, fresh, time=time)
        assert everything(memory) == everything(sqlite)
        check_whole(memory)
        sqlite.close()
