from pathlib import Path

import pytest

from tests.cli.commands import AGENT, ORIGIN, TRACE, Shell


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COUNTERFOIL_DATA", "COUNTERFOIL_ADMIN_TOKEN", "COUNTERFOIL_HOST", "COUNTERFOIL_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def data(tmp_path: Path, shell: Shell) -> Path:
    """A founded log."""
    path = tmp_path / "data"
    shell.ok("init", "--data", path, "--origin", ORIGIN)
    return path


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
