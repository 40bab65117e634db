"""A process killed at any moment leaves a whole log, with everything in it that was reported as committed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from counterfoil.storage.sqlite import open_sqlite
from tests.contract.rows import append, numbered
from tests.contract.whole import check_whole

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.unit.storage.append_until_killed"]
MILLISECONDS = [30, 97, 41, 160, 5, 73, 130, 54]


def kills(path: Path) -> Iterator[list[int]]:
    """Kill a process that appends, several times; gives the sizes it was told each time."""
    with subprocess.Popen([*COMMAND, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for milliseconds in MILLISECONDS:
            process.stdin.write(b"%d\n" % milliseconds)
            process.stdin.flush()
            yield [int(line) for line in iter(process.stdout.readline, b"\n")]
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_killed_process_leaves_a_whole_log(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(open_sqlite(path, create=True)) as store:
        append(store, numbered(2))
    size, commits = 2, 0
    for reported in kills(path):
        with closing(open_sqlite(path)) as store:
            found = check_whole(store)
            assert found >= max([size, *reported])
            append(store, numbered(1, f"after {found}"))
            size, commits = found + 1, commits + len(reported)
    assert commits > 0
