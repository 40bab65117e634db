"""A process killed at any moment leaves a whole log, with everything in it that was reported as committed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from counterfoil.storage.opening import open_store
from counterfoil.storage.sqlite import open_sqlite
from tests.contract.rows import append, numbered
from tests.contract.whole import check_whole

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.unit.storage.append_until_killed"]
MILLISECONDS = [30, 97, 41, 160, 5, 73, 130, 54, 1000]
"""The last is for a machine that is so busy that nothing is committed in the others."""


def kills(url: str) -> Iterator[list[int]]:
    """Kill a process that appends, several times; gives the sizes it was told each time."""
    with subprocess.Popen([*COMMAND, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for milliseconds in MILLISECONDS:
            process.stdin.write(b"%d\n" % milliseconds)
            process.stdin.flush()
            yield [int(line) for line in iter(process.stdout.readline, b"\n")]
        process.stdin.close()
        assert process.wait(timeout=120) == 0


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store without a log."""
    if request.param == "postgres":
        made: str = request.getfixturevalue("database")
        return made
    open_sqlite(tmp_path / "log.db", create=True).close()
    return f"sqlite:///{tmp_path}/log.db"


def test_a_killed_process_leaves_a_whole_log(url: str) -> None:
    with closing(open_store(url, Path())) as store:
        append(store, numbered(2))
    size, commits = 2, 0
    for reported in kills(url):
        with closing(open_store(url, Path())) as store:
            found = check_whole(store)
            assert found >= max([size, *reported])
            append(store, numbered(1, f"after {found}"))
            size, commits = found + 1, commits + len(reported)
    assert commits > 0
