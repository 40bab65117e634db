import shutil
from pathlib import Path

import pytest

from counterfoil.cli.app import run
from counterfoil.cli.exit_codes import ExitCode
from tests.cli.commands import AGENT, ORIGIN, TRACE, Shell


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COUNTERFOIL_DATA", "COUNTERFOIL_ADMIN_TOKEN", "COUNTERFOIL_HOST", "COUNTERFOIL_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded log that nobody touches; copying it is quicker than founding another."""
    path = tmp_path_factory.mktemp("founded") / "data"
    assert run(["init", "--data", str(path), "--origin", ORIGIN]) == ExitCode.OK
    return path


@pytest.fixture
def data(tmp_path: Path, founded: Path) -> Path:
    """A founded log."""
    return Path(shutil.copytree(founded, tmp_path / "data"))


@pytest.fixture
def agent(tmp_path: Path, shell: Shell) -> Path:
    """An agent's key file; its public key lies beside it."""
    path = tmp_path / "agent.pem"
    shell.ok("keygen", "--out", path)
    return path


@pytest.fixture
def statement(tmp_path: Path, agent: Path, shell: Shell) -> Path:
    """A statement by the agent."""
    payload, path = tmp_path / "action.json", tmp_path / "action.cose"
    payload.write_text('{"tool":"search"}')
    arguments = ("--key", agent, "--issuer", AGENT, "--subject", TRACE, "--in", payload, "--out", path)
    shell.ok("sign", *arguments)
    return path


@pytest.fixture
def admitted(data: Path, agent: Path, shell: Shell) -> Path:
    """A founded log that admits the agent."""
    shell.ok("issuer", "add", "--data", data, "--name", AGENT, "--key", f"{agent}.pub")
    return data
