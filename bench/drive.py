"""One load on one server, by wrk."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.servers import Served

_SCRIPT: Final = Path(__file__).with_name("post.lua")
_TIMEOUT: Final = "10s"


@dataclass(frozen=True, slots=True)
class Load:
    """How many connections post at once, and how many statements each request holds."""

    clients: int
    per_request: int = 1

    @property
    def mode(self) -> str:
        """The name of this kind of load in the results."""
        return "single" if self.per_request == 1 else f"bulk-{self.per_request}"


@dataclass(frozen=True, slots=True)
class Round:
    """What one load measured: statements a second, milliseconds a request, processor milliseconds a statement."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    database_cpu_ms: float
    grew: int
    trouble: str


def drive(served: Served, load: Load, seconds: int, file: Path, scratch: Path) -> Round:
    """Post statements that this server has not seen for so many seconds."""
    result = scratch / "wrk.json"
    result.unlink(missing_ok=True)
    size, cpu, database = served.size(), served.cpu(), served.database_cpu()
    command = [
        "wrk",
        "-t1",
        f"-c{load.clients}",
        f"-d{seconds}s",
        "--timeout",
        _TIMEOUT,
        "-s",
        str(_SCRIPT),
        served.url,
    ]
    words = ["--", str(file), str(served.offset), str(load.per_request)]
    environment = {**os.environ, "BENCH_RESULT": str(result)}  # noqa: TID251 - for a child
    subprocess.run([*command, *words], env=environment, check=True, stdout=subprocess.DEVNULL)
    cpu, database, grew = served.cpu() - cpu, served.database_cpu() - database, served.size() - size
    posted = parse_result(result.read_text(), load)
    # Under way when the time was over is one for each client; and wrk asks the script for one that it never sends.
    _skip(served, file, posted.statements + (load.clients + 1) * load.per_request)
    each = 1000 / max(1, grew)
    trouble = posted.trouble or _doubt(posted, grew, load)
    return Round(posted.rate, posted.p50_ms, posted.p99_ms, cpu * each, database * each, grew, trouble)


@dataclass(frozen=True, slots=True)
class Posted:
    """What wrk saw."""

    statements: int
    rate: float
    p50_ms: float
    p99_ms: float
    trouble: str


def parse_result(text: str, load: Load) -> Posted:
    """What the script has written at the end of a run."""
    found = json.loads(text)
    statements = found["requests"] * load.per_request
    errors = {name: found[name] for name in ("connect", "read", "write", "status", "timeout") if found[name]}
    return Posted(
        statements=statements,
        rate=statements / (found["microseconds"] / 1e6),
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        trouble=", ".join(f"{count} {name} errors" for name, count in errors.items()),
    )


def _doubt(posted: Posted, grew: int, load: Load) -> str:
    # What was under way when the time was over may have been registered; the log may also have written a page.
    most = posted.statements + load.clients * load.per_request + 2
    return "" if posted.statements <= grew <= most else f"{posted.statements} answered, the log grew by {grew}"


def _skip(served: Served, file: Path, count: int) -> None:
    """Move past what was posted: no statement is posted to a log twice."""
    with file.open("rb") as statements:
        statements.seek(served.offset)
        for _ in range(count):
            head = statements.read(4)
            if not head:
                raise SystemExit("the statements have run out: ask for more with --statements")
            statements.seek(int.from_bytes(head, "big"), os.SEEK_CUR)
        served.offset = statements.tell()
