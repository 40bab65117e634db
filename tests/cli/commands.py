"""Running the command line: in this process for speed, installed for truth."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli.app import run
from counterfoil.http.server import open_service, running_server
from counterfoil.settings import Settings

COMMANDS = (
    ("init",),
    ("serve",),
    ("keygen",),
    ("issuer",),
    ("issuer", "add"),
    ("issuer", "list"),
    ("root",),
    ("root", "add"),
    ("root", "list"),
    ("crl",),
    ("crl", "add"),
    ("crl", "list"),
    ("collateral",),
    ("collateral", "add"),
    ("collateral", "list"),
    ("attestation",),
    ("attestation", "verify"),
    ("attestation", "challenge"),
    ("attestation", "enrol"),
    ("sign",),
    ("submit",),
    ("receipt",),
    ("verify",),
    ("keys",),
    ("receipt-key",),
    ("receipt-key", "announce"),
    ("receipt-key", "retire"),
    ("receipt-key", "compromise"),
    ("revoke",),
    ("policy",),
    ("policy", "show"),
    ("policy", "propose"),
    ("policy", "approve"),
    ("policy", "proposals"),
    ("policy", "commit"),
    ("policy", "lint"),
    ("policy", "diff"),
    ("policy", "history"),
    ("policy", "explain"),
    ("event",),
    ("event", "new"),
    ("event", "schema"),
    ("chain",),
    ("chain", "verify"),
    ("chain", "export"),
    ("db",),
    ("db", "upgrade"),
    ("db", "check"),
    ("db", "grant"),
    ("fsck",),
    ("audit",),
    ("demo",),
    ("demo", "engagement"),
)
ORIGIN = "log.example/agents"
AGENT = "https://agent.example"
TRACE = "trace-7f3c2a90"
PROGRAM = str(Path(sys.executable).parent / "counterfoil")


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


class Shell:
    """Runs commands in this process and hands back what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    def ok(self, *arguments: object) -> Any:
        """The JSON of a command that must succeed."""
        outcome = self(*arguments, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        return outcome.json


def installed(*arguments: object, variables: Mapping[str, str] | None = None) -> Outcome:
    """The installed program in a process of its own."""
    done = subprocess.run(
        ["env", *(f"{name}={value}" for name, value in (variables or {}).items()), PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextmanager
def served_here(data: Path) -> Iterator[str]:
    """The server over a data directory in this process, where how it is started is not the question; its URL."""
    with open_service(Settings(data=data)) as service, running_server(service) as url:
        yield url


@contextmanager
def served(data: Path) -> Iterator[str]:
    """The installed server on a free port over a data directory; its URL."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--data", str(data), "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if " on http://" in line:
                yield json.loads(line)["message"].rpartition(" ")[2]
                break
        else:
            pytest.fail("the server ended before it served")
    finally:
        process.terminate()
        process.communicate(timeout=120)
    assert process.returncode == 0
