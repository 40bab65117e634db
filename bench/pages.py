"""Pages of a long chain in a large log beside pages of a short one: ``python -m bench.pages --store sqlite``."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import httpx

from counterfoil.http.server import running_server, wire_service
from counterfoil.log.local_log import LocalLog
from counterfoil.register import register
from counterfoil.settings import Settings
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.migrate import upgrade
from counterfoil.storage.opening import open_store
from counterfoil.storage.postgres import PostgresStore
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import World, issuer_of
from tests.contract.rows import New, append
from tests.events import Cast
from tests.postgres.cluster import MISSING, find_programs, running_cluster

PAGE: Final = 100
_TOGETHER: Final = 250
_ROOTS: Final = ("0192f0c1-7e1a-4a3b-9c5d-00000000long", "0192f0c1-7e1a-4a3b-9c5d-0000000short")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long the chains are, and how many entries the log has in all."""

    long: int
    short: int
    log: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the log, read pages of both chains in turn, and print medians and their ratio."""
    asked = _parse(arguments)
    sizes = Sizes(asked.chain, PAGE, asked.entries)
    with tempfile.TemporaryDirectory(prefix="counterfoil-pages-") as name, ExitStack() as stack:
        store = stack.enter_context(closing(_open(asked.store, Path(name), stack)))
        cast = Cast(root=_ROOTS[0])
        world = World(store)
        world.policy = cast.policy(issuer_of(world.agent))
        world.found()
        asyncio.run(_fill(world, cast, sizes))
        service = wire_service(store, dict(world.signers), Settings(page_seconds=3600), world.clock)
        url = stack.enter_context(running_server(service))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
        _report(client, sizes, asked)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the log in all")
    parser.add_argument("--chain", type=int, default=100_000, help="of the long chain; the short one has 100")
    parser.add_argument("--rounds", type=int, default=60)
    return parser.parse_args(arguments)


def _open(kind: str, folder: Path, stack: ExitStack) -> SqliteStore | PostgresStore:
    if kind == "sqlite":
        return open_sqlite(folder / "log.sqlite", create=True)
    programs = find_programs()
    if programs is None:
        sys.exit(MISSING)
    cluster = stack.enter_context(running_cluster(programs))
    url = cluster.create("pages")
    upgrade(url)
    store = open_store(url, folder)
    if not isinstance(store, PostgresStore):
        raise TypeError("the address is none of PostgreSQL's")
    return store


async def _fill(world: World, cast: Cast, sizes: Sizes) -> None:
    """Both chains through registration, one of them among entries of others that are written as they are."""
    log = world.open()
    await _tell(log, Cast(root=_ROOTS[1], signers=cast.signers), sizes.short)
    rounds = max(1, sizes.long // _TOGETHER)
    others = max(0, sizes.log - sizes.long - sizes.short) // rounds
    await register(cast.say(EventType.FORMATION), log)
    for turn in range(rounds):
        events = _TOGETHER - (turn == 0)
        await asyncio.gather(*(register(cast.say(EventType.ACTION), log) for _ in range(events)))
        if others:
            append(world.store, list(_others(turn, others)), time=world.clock())
        if turn % 20 == 0:
            sys.stderr.write(f"\r{turn * (_TOGETHER + others):>9} entries")
    await log.close()
    sys.stderr.write("\n")


async def _tell(log: LocalLog, cast: Cast, length: int) -> None:
    await register(cast.say(EventType.FORMATION), log)
    for _ in range(length - 1):
        await register(cast.say(EventType.ACTION), log)


def _others(turn: int, count: int) -> Iterator[New]:
    return (New(b"an entry of others %d %d" % (turn, place), f"others {place % 997}") for place in range(count))


def _report(client: httpx.Client, sizes: Sizes, asked: argparse.Namespace) -> None:
    chance = random.Random(7)  # noqa: S311 - the same pages in each run
    reads: dict[str, Callable[[], httpx.Response]] = {
        "short": lambda: _page(client, _ROOTS[1], -1),
        "long, its end": lambda: _page(client, _ROOTS[0], sizes.long - PAGE - 1),
        "long, anywhere": lambda: _page(client, _ROOTS[0], chance.randrange(sizes.long - PAGE)),
    }
    taken: dict[str, list[float]] = {name: [] for name in reads}
    for _ in range(asked.rounds):
        for name, read in reads.items():
            began = time.perf_counter()
            answer = read()
            taken[name].append(1000 * (time.perf_counter() - began))
            if answer.status_code != httpx.codes.OK or len(answer.json()["entries"]) != PAGE:
                sys.exit(f"{name}: {answer.status_code} {answer.text[:200]}")
    base = median(taken["short"])
    print(
        f"{asked.store}: a page of {PAGE}, chain of {sizes.long} in a log of {sizes.log}, {asked.rounds} rounds in turn"
    )
    for name, values in taken.items():
        low, *_, high = quantiles(values, n=10)
        print(f"  {name:<16}{median(values):8.2f} ms  ({low:.2f} to {high:.2f})  {median(values) / base:5.2f} of short")


def _page(client: httpx.Client, root: str, after: int) -> httpx.Response:
    query: dict[str, str | int] = {"rootTraceId": root, "limit": PAGE}
    return client.get("/chains", params=query if after < 0 else {**query, "after": after})


if __name__ == "__main__":
    sys.exit(main())
