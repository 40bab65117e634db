"""One load on one server, by wrk."""

import json
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.servers import Served

_SCRIPT: Final = Path(__file__).with_name("post.lua")
_TIMEOUT: Final = "10s"
_ERRORS: Final = ("connect", "read", "write", "timeout")


@dataclass(frozen=True, slots=True)
class Load:
    """How many connections post at once, and how many statements each request holds."""

    clients: int
    per_request: int = 1

    @property
    def mode(self) -> str:
        """The name of this kind of load in the results."""
        return "single" if self.per_request == 1 else f"bulk-{self.per_request}"

    @property
    def under_way(self) -> int:
        """The statements that are posted and not answered at any moment."""
        return self.clients * self.per_request


@dataclass(frozen=True, slots=True)
class Round:
    """What one load measured: statements a second, milliseconds a request, processor milliseconds a statement.

    ``pages`` is how many pages of decisions the log wrote meanwhile, which is work as well.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    database_cpu_ms: float
    client_cpu_ms: float
    pages: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What wrk saw. ``position`` is where in the file of statements the next run goes on."""

    statements: int
    rate: float
    p50_ms: float
    p99_ms: float
    position: int
    trouble: str


def drive(served: Served, load: Load, seconds: int, file: Path, scratch: Path) -> Round:
    """Post statements that this server has not seen for so many seconds."""
    before, cpu, database, client = served.grown(), served.cpu(), served.database_cpu(), _children_cpu()
    posted = post(served.url, load, seconds, file, served.offset, scratch)
    client, database, cpu = _children_cpu() - client, served.database_cpu() - database, served.cpu() - cpu
    each = 1000 / max(1, served.grown().statements - before.statements)
    after = served.settled()
    served.offset = posted.position
    return Round(
        rate=posted.rate,
        p50_ms=posted.p50_ms,
        p99_ms=posted.p99_ms,
        cpu_ms=cpu * each,
        database_cpu_ms=database * each,
        client_cpu_ms=client * each,
        pages=after.pages - before.pages,
        trouble=posted.trouble or doubt(posted.statements, after.statements - before.statements, load),
    )


def post(url: str, load: Load, seconds: int, file: Path, offset: int, scratch: Path) -> Posted:
    """Run wrk over the statements that lie in the file from ``offset`` on.

    Raises:
        CalledProcessError: wrk ended otherwise than after its time.
    """
    result = scratch / "wrk.json"
    result.unlink(missing_ok=True)
    options = ("-t1", f"-c{load.clients}", f"-d{seconds}s", "--timeout", _TIMEOUT, "-s", str(_SCRIPT))
    words = ("--", str(file), str(offset), str(load.per_request))
    environment = {**os.environ, "BENCH_RESULT": str(result)}  # noqa: TID251 - for a child
    subprocess.run(["wrk", *options, url, *words], env=environment, check=True, stdout=subprocess.DEVNULL)
    return parse_result(result.read_text(), load)


def parse_result(text: str, load: Load) -> Posted:
    """What the script has written at the end of a run. Answers that are no registration are not counted as one."""
    found = json.loads(text)
    statements = (found["requests"] - found["refused"]) * load.per_request
    trouble = [f"{found[name]} {name} errors" for name in _ERRORS if found[name]]
    if found["refused"]:
        trouble.append(f"{found['refused']} answers were no registration")
    if found["ran_out"]:
        trouble.append("the statements ran out")
    if not found["requests"]:
        trouble.append("nothing was answered in the time")
    return Posted(
        statements=statements,
        rate=statements / (found["microseconds"] / 1e6),
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        position=found["position"],
        trouble=", ".join(trouble),
    )


def doubt(answered: int, grew: int, load: Load) -> str:
    """What is wrong when so many registrations were answered and so many statements registered; empty if nothing is.

    What was under way when the time was over may have been registered as well.
    """
    if answered <= grew <= answered + load.under_way:
        return ""
    return f"{answered} answered, the log grew by {grew}"


def _children_cpu() -> float:
    """The processor seconds of the commands that this process has waited for: between two readings, those of wrk."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
