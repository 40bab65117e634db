"""fsck on a file that another process appends to sees one moment of it."""

import asyncio
from pathlib import Path

from counterfoil.storage.sqlite import open_sqlite
from counterfoil.storage.sqlite_fsck import fsck_sqlite
from tests.builders import World, sign_statement
from tests.log.material import register_all


def test_appends_meanwhile_are_no_findings(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = open_sqlite(path, create=True)
    world = World(store).found()
    stop = asyncio.Event()

    async def append(log_number: int) -> None:
        log = world.open(max_batch=8)
        while not stop.is_set():
            subject = f"trace-{log_number}"
            await register_all([sign_statement(world.agent, subject=subject) for _ in range(8)], log)
            world.clock.now += 1

    async def run() -> list[int]:
        appending = asyncio.create_task(append(1))
        sizes = []
        for _ in range(5):
            report = await asyncio.to_thread(fsck_sqlite, path)
            assert report.findings == ()
            sizes.append(report.entries)
        stop.set()
        await appending
        return sizes

    sizes = asyncio.run(run())
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert fsck_sqlite(path).findings == ()
    store.close()
