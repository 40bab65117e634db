"""What is written for other machines fits the program: commands that exist, known settings, nothing as root."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from counterfoil.cli.app import run
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.settings import PREFIX, read_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "counterfoil"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
UNIT = (ROOT / "deploy" / "counterfoil.service").read_text()
SCRIPTS = sorted((ROOT / "deploy").glob("*.sh"))


def arguments(service: dict[str, Any]) -> list[str]:
    words = [*service.get("entrypoint", ["counterfoil"]), *service.get("command", [])]
    assert words[0].endswith("counterfoil")
    return [str(word) for word in words[1:]]


def known_options(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The command is there, and its help names every option that is given."""
    command = words[: next((at for at, word in enumerate(words) if word.startswith("-")), len(words))]
    assert run([*command, "--help"]) == ExitCode.OK
    shown = capsys.readouterr().out
    for option in [word for word in words if word.startswith("--")]:
        assert option in shown


@pytest.mark.parametrize("name", OURS)
def test_services_run_commands_that_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    known_options(arguments(SERVICES[name]), capsys)


@pytest.mark.parametrize("name", OURS)
def test_services_set_what_is_known(name: str, tmp_path: Path) -> None:
    given = dict(SERVICES[name]["environment"])
    for variable in [key for key in given if key.endswith("_FILE")]:
        assert given[variable].removeprefix("/run/secrets/") in SERVICES[name]["secrets"]
        (tmp_path / variable).write_text("x" * 64)
        given[variable] = str(tmp_path / variable)
    assert all(key.startswith(PREFIX) for key in given)
    read_settings(given)


@pytest.mark.parametrize("name", OURS)
def test_services_can_do_no_more_than_they_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["data:/data"]
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_everything_that_is_named_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).is_file()
        assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]
    assert "/readyz" in DOCKERFILE


def test_a_log_at_odds_with_itself_is_not_started_again() -> None:
    assert SERVICES["log"]["restart"] == "no"
    assert f"RestartPreventExitStatus={ExitCode.CORRUPT.value}\n" in UNIT


def test_the_image_runs_as_nobody_of_note_and_holds_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER counterfoil$", last, re.MULTILINE)
    assert "COPY . " not in DOCKERFILE
    command = re.search(r"^CMD (\[.*\])$", last, re.MULTILINE)
    assert command is not None
    known_options(yaml.safe_load(command[1]), capsys)


def test_the_unit_runs_a_command_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    found = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))
    known_options(shlex.split(found["ExecStart"])[1:], capsys)
    assert found["User"] == "counterfoil"
    read_settings(dict([found["Environment"].split("=", 1)]))


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    here = tmp_path / "counterfoil.service"
    here.write_text(UNIT.replace("/opt/counterfoil/bin/counterfoil", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False)
    assert "counterfoil.service" not in done.stderr
    assert done.returncode == 0


def test_compose_reads_the_file(tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    subprocess.run(["sh", "deploy/make-secrets.sh"], cwd=tmp_path, check=True)
    done = subprocess.run(["docker-compose", "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    made, again = secrets_made_in(tmp_path), secrets_made_in(tmp_path)
    assert made == again
    assert made.keys() == COMPOSE["secrets"].keys()
    assert made["server-password"] in made["server-url"]
    assert len(set(made.values())) == len(made)
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    read_settings({"COUNTERFOIL_ADMIN_TOKEN": made["admin-token"], "COUNTERFOIL_DATABASE": made["server-url"]})


def secrets_made_in(folder: Path) -> dict[str, str]:
    subprocess.run(["sh", str(ROOT / "deploy" / "make-secrets.sh")], cwd=folder, check=True)
    return {file.name: file.read_text() for file in (folder / "secrets").iterdir()}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_read_by_any_shell(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert script.read_text().startswith("#!/bin/sh\n")
