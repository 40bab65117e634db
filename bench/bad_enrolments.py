"""Ten thousand bad enrolments in a row over HTTP: whether the server's memory grows, and whom it serves meanwhile.

``python -m bench.bad_enrolments [--count 10000] [--clients 8]``
"""

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.challenge import issue_challenge
from counterfoil.attestation.evidence import MAX_COMPOSITE_BYTES, Evidence, Platform
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.http.server import running_server, wire_service
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.attested import ATTESTED, Machine, appraisal_for, attested_policy
from tests.builders import ORIGIN, START, World, issuer_of, sign_statement
from tests.intel_quotes import IntelPlatform, make_platform

_COSE: Final = {"Content-Type": "application/cose"}
_SESSIONS: Final = "/challenge-response/v1/session/"
_PLATFORM: Final = make_platform()
_WARM: Final = 0.1
_PAUSE_SECONDS: Final = 0.02
"""Between two requests of the one who asks for something sound meanwhile."""

MAX_GROWTH_KIB: Final = 4096
"""Less than half a kilobyte for each of ten thousand; allocators keep some of what was once in use."""

KINDS: Final = 7
"""In how many ways an enrolment is bad; each comes as often as the others."""

_ADMITTING: Final = frozenset({Platform.INTEL_TDX, Platform.COMPOSITE})
_MOST_SUBMODULES: Final = 16


@dataclass(frozen=True)
class Attacker:
    """Makes enrolments that no log takes, each kind wrong in another way."""

    service: LocalSigner
    platform: IntelPlatform
    collateral: bytes
    signers: tuple[LocalSigner, ...] = field(
        default_factory=lambda: tuple(generate_private_key("ES256") for _ in range(64))
    )

    def made(self, number: int, challenge: bytes) -> tuple[str, bytes]:
        """Where to post the next one in answer to a challenge, and its bytes."""
        machine = Machine(self.platform, self.service, ORIGIN, self.signers[number % len(self.signers)])
        bound = enrolment_binding(sha256(challenge).digest(), machine.kid)
        foreign = issue_challenge(self.signers[0], ORIGIN, START, number.to_bytes(16, "big")).encoded
        session, elsewhere = (_SESSIONS + encode_base64url(one) for one in (challenge, foreign))
        kinds: Sequence[Callable[[], tuple[str, bytes]]] = (
            lambda: ("/entries", machine.enrolment(foreign, evidence=self._evidence(bound))),
            lambda: (elsewhere, machine.enrolment(foreign, evidence=self._evidence(bound))),
            lambda: (session, machine.enrolment(challenge, evidence=self._evidence(bound, spoilt=True))),
            lambda: (session, machine.enrolment(challenge, evidence=self._evidence(bytes(64)))),
            lambda: (session, machine.enrolment(challenge, evidence=_large())),
            lambda: (session, machine.enrolment(challenge, evidence=self._many(bound))),
            lambda: (session, sign_statement(machine.signer, b"nothing", issuer=ATTESTED)),
        )
        return kinds[number % KINDS]()

    def _evidence(self, report_data: bytes, *, spoilt: bool = False) -> Evidence:
        quote = bytearray(self.platform.tdx_quote(report_data=report_data))
        quote[100] ^= spoilt
        return Evidence(Platform.INTEL_TDX, {"quote": bytes(quote), "collateral": self.collateral})

    def _many(self, bound: bytes) -> Evidence:
        """As many genuine quotes as a composite has room for, of which the last binds something else."""
        one, last = self._evidence(bound), self._evidence(bytes(64))
        count = min(_MOST_SUBMODULES, MAX_COMPOSITE_BYTES // (len(one.encode()) + 64))
        return Evidence(Platform.COMPOSITE, submodules={f"cpu{at}": one for at in range(count - 1)} | {"z": last})


def _large() -> Evidence:
    return Evidence(Platform.INTEL_TDX, {"quote": bytes(MAX_COMPOSITE_BYTES - 1024), "collateral": b"{}"})


@dataclass
class Seen:
    """What was answered, and how long whoever asked for something sound meanwhile waited, in milliseconds."""

    codes: Counter[str] = field(default_factory=Counter)
    reads: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Post them, and print what came of it; 1 when memory grew, or a bad one was taken."""
    asked = _parse(arguments)
    signers: dict[KeyPurpose, LocalSigner] = World(MemoryStore()).signers
    world = World(MemoryStore(), signers=signers)
    with TemporaryDirectory() as folder, _served(world, Path(folder)) as (url, pid):
        quiet = asyncio.run(_attack(url, world, 0, asked.clients, pid))[0]
        seen, before, after, seconds = asyncio.run(_attack(url, world, asked.count, asked.clients, pid))
    print(f"{asked.count} bad enrolments by {asked.clients} clients in {seconds:.1f} s, {asked.count / seconds:.0f}/s")
    print("; ".join(f"{code}: {count}" for code, count in sorted(seen.codes.items())))
    print(f"resident memory of the server: {before} KiB after a tenth of them, {after} KiB after all")
    for name, alone, under in (("checkpoint", quiet.reads, seen.reads), ("statement", quiet.posts, seen.posts)):
        print(f"{name}: {_told(alone)} alone, {_told(under)} meanwhile")
    return int(after - before > MAX_GROWTH_KIB or not all(code[0].isalpha() for code in seen.codes))


async def _attack(url: str, world: World, count: int, clients: int, pid: int) -> tuple[Seen, int, int, float]:
    seen, attacker = Seen(), Attacker(world.signers[KeyPurpose.SERVICE], _PLATFORM, _PLATFORM.collateral())
    numbers, before = iter(range(count)), 0
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def post_some() -> None:
            nonlocal before
            for number in numbers:
                session = await client.post("/challenge-response/v1/newSession")
                challenge = decode_base64url(session.headers["Location"].rpartition("/")[2])
                path, body = await asyncio.to_thread(attacker.made, number, challenge)
                answer = await client.post(path, content=body, headers=_COSE | {"Accept": "application/problem+json"})
                seen.codes[answer.json()["code"] if answer.is_error else str(answer.status_code)] += 1
                if number == int(count * _WARM):
                    before = _resident(pid)

        sound = asyncio.create_task(_ask(url, world, seen))
        began = time.perf_counter()
        await asyncio.gather(*(post_some() for _ in range(clients)))
        seconds = time.perf_counter() - began
        if not count:
            await asyncio.sleep(2)
        sound.cancel()
        with suppress(asyncio.CancelledError):
            await sound
    return seen, before, _resident(pid), seconds


async def _ask(url: str, world: World, seen: Seen) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while True:
            began = time.perf_counter()
            (await client.get("/checkpoint")).raise_for_status()
            read = time.perf_counter()
            answer = await client.post("/entries", content=sign_statement(world.agent), headers=_COSE)
            answer.raise_for_status()
            seen.reads.append(1000 * (read - began))
            seen.posts.append(1000 * (time.perf_counter() - read))
            await asyncio.sleep(_PAUSE_SECONDS)


@contextmanager
def _served(world: World, folder: Path) -> Iterator[tuple[str, int]]:
    """A log on the embedded store in a process of its own: its address, and the process."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(world, folder, there), daemon=True)
    process.start()
    try:
        yield here.recv(), process.pid or 0
    finally:
        here.send(None)
        process.join(30)


def _serve(world: World, folder: Path, pipe: "Connection[str, None]") -> None:
    appraisal = replace(appraisal_for(_PLATFORM), platforms=_ADMITTING, measurements={})
    with closing(open_sqlite(folder / "log.db", create=True)) as store:
        founded = replace(world, store=store)
        founded.policy = attested_policy(_PLATFORM, issuer_of(world.agent), appraisals=(appraisal,))
        founded.found()
        settings = Settings(page_seconds=3600, rate_per_address=0, rate_reads_per_address=0, rate_per_issuer=0)
        with running_server(wire_service(store, dict(world.signers), settings, world.clock)) as url:
            pipe.send(url)
            pipe.recv()


def _resident(pid: int) -> int:
    """What the kernel says that a process has in memory, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _told(times: list[float]) -> str:
    cuts = quantiles(times, n=100)
    return f"{cuts[49]:.1f} ms (99 of 100: {cuts[98]:.1f}, worst {max(times):.0f}, of {len(times)})"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many bad enrolments are posted")
    parser.add_argument("--clients", type=int, default=8, help="how many are posted at a time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
