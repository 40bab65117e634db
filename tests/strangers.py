"""Software that none of us wrote, put where the interop tests find it: ``python -m tests.strangers``.

All installs go under ``build/strangers``. One that cannot be had leaves its reason there, and the tests that need it
skip with that reason. An install that is already there is left alone.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).resolve().parent
_STRANGERS: Final = _TESTS.parent / "build" / "strangers"

_PYCOSE_PINS: Final = ("pycose==1.1.0", "cbor2<6")  # With cbor2 6 that release decodes nothing.
_PYSCITT_PINS: Final = ("--ignore-requires-python", "pyscitt==0.15.*")  # It asks for 3.12 and runs on 3.11 as well.
_NPM_PINS: Final = (_TESTS / "strangers_npm" / "package.json", _TESTS / "strangers_npm" / "package-lock.json")

_TIMEOUT_SECONDS: Final = 600
"""An install takes under half a minute; ten minutes on a slow line are still better than no tests."""

_REASON_CHARACTERS: Final = 300
_NO_SENTENCES: Final[tuple[list[str], ...]] = ([], ["code"], ["errno"], ["syscall"], ["type"], ["at"])


class InstallFailedError(Exception):
    """The software is not to be had here; the text says why in one line."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """One installation: where it lies, what it is pinned to, and what makes it."""

    name: str
    folder: Path
    pins: str
    install: Callable[[Path], None]

    @property
    def stamp(self) -> Path:
        """There, with the pins in it, when the installation is whole."""
        return self.folder.with_name(f"{self.folder.name}.installed")

    @property
    def reason(self) -> Path:
        """There, with one line in it, when the last attempt to install failed."""
        return self.folder.with_name(f"{self.folder.name}.skipped")

    def is_ready(self) -> bool:
        """Whether the installation is whole and is of these pins."""
        return self.stamp.is_file() and self.stamp.read_text() == self.pins

    def prepare(self) -> str:
        """Install it unless it is there; one line on what came of that."""
        if self.is_ready():
            return f"ready: {self.name}"
        self.stamp.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            self.install(self.folder)
        except InstallFailedError as error:
            self.reason.write_text(f"{error}\n")
            return f"skipped: {self.name}: {error}"
        self.reason.unlink(missing_ok=True)
        self.stamp.write_text(self.pins)
        return f"installed: {self.name}"

    def require(self) -> Path:
        """The folder of the installation; skip the test, saying why, where it is absent."""
        if self.is_ready():
            return self.folder
        if self.reason.is_file():
            pytest.skip(f"{self.name} is not installed: {self.reason.read_text().strip()}")
        pytest.skip(f"{self.name} is not installed: run python -m tests.strangers")


def require_pycose() -> Path:
    """The interpreter that has pycose; skip the test, saying why, where it is absent."""
    return _PYCOSE.require() / "bin" / "python"


def require_pyscitt() -> Path:
    """The ``scitt`` program of pyscitt; skip the test, saying why, where it is absent."""
    return _PYSCITT.require() / "bin" / "scitt"


def require_npm_project() -> Path:
    """The folder whose ``node_modules`` holds @transmute/cose; skip the test, saying why, where it is absent."""
    if shutil.which("node") is None:
        pytest.skip("@transmute/cose cannot run: node is not installed; apt-get install nodejs npm")
    return _TRANSMUTE.require()


def _install_from_pypi(folder: Path, pins: Sequence[str]) -> None:
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallFailedError(f"no venv could be made; apt-get install python{version}-venv") from error
    python = str(folder / "bin" / "python")
    options = ("--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "30")
    _run([python, "-m", "pip", "install", *options, *pins], folder, "ERROR: ")


def _install_transmute(folder: Path) -> None:
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        raise InstallFailedError(f"{' and '.join(missing)} not found; apt-get install nodejs npm")
    for pin in _NPM_PINS:
        shutil.copy(pin, folder)
    options = ("--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
    _run(["npm", "ci", *options], folder, "npm error ", "npm ERR! ")


def _run(command: Sequence[str], folder: Path, *marks: str) -> None:
    """Run an installer; what it says behind the first mark is the reason when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallFailedError(f"{command[0]} did not end within {_TIMEOUT_SECONDS} seconds") from error
    if done.returncode == 0:
        return
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = [line.removeprefix(mark) for mark in marks for line in lines if line.startswith(mark)]
    # npm begins with codes and goes on with its own stack; the first sentence is in between.
    sentences = [line for line in said if line.split()[:1] not in _NO_SENTENCES]
    reason = sentences[0] if sentences else f"exit code {done.returncode}"
    raise InstallFailedError(reason[:_REASON_CHARACTERS])


def _npm_pins() -> str:
    return hashlib.sha256(b"".join(pin.read_bytes() for pin in _NPM_PINS)).hexdigest()


def _from_pypi(name: str, pins: Sequence[str]) -> Stranger:
    return Stranger(
        name, _STRANGERS / name, "\n".join((*pins, sys.version)), lambda folder: _install_from_pypi(folder, pins)
    )


_PYCOSE: Final = _from_pypi("pycose", _PYCOSE_PINS)
_PYSCITT: Final = _from_pypi("pyscitt", _PYSCITT_PINS)
_TRANSMUTE: Final = Stranger("@transmute/cose", _STRANGERS / "node", _npm_pins(), _install_transmute)


def main() -> None:
    """Prepare all at once and say in one line each what came of it; it never fails."""
    with ThreadPoolExecutor() as pool:
        for line in pool.map(Stranger.prepare, (_PYCOSE, _PYSCITT, _TRANSMUTE)):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
