"""What the command line says of itself."""

import pytest

from counterfoil import errors
from counterfoil.cli.exit_codes import FAMILIES, ExitCode, exit_code_of
from counterfoil.errors import CounterfoilError, SignatureTwinError
from tests.cli.commands import COMMANDS, Shell


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_teaches(command: tuple[str, ...], flag: str, shell: Shell) -> None:
    outcome = shell(*command, flag)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: counterfoil {' '.join(command)}")
    if command not in {
        ("issuer",),
        ("root",),
        ("crl",),
        ("collateral",),
        ("attestation",),
        ("policy",),
        ("receipt-key",),
        ("event",),
        ("chain",),
        ("db",),
    }:
        assert "Example" in outcome.out
        assert f"  counterfoil {' '.join(command)}" in outcome.out
        assert "--json" in outcome.out


def test_nothing_prints_the_help_with_every_exit_code(shell: Shell) -> None:
    outcome = shell()
    assert (outcome.code, outcome.err) == (0, "")
    for code in ExitCode:
        assert f"\n  {code.value:>5}  " in outcome.out
    for command in COMMANDS:
        assert f"\n  {command[0]} " in outcome.out


@pytest.mark.parametrize(
    "group", ["issuer", "root", "crl", "collateral", "attestation", "policy", "receipt-key", "event", "db"]
)
def test_a_group_by_itself_prints_its_help(group: str, shell: Shell) -> None:
    assert shell(group) == shell(group, "--help")


def test_the_version_is_said(shell: Shell) -> None:
    outcome = shell("--version")
    assert outcome.code == 0
    assert outcome.out.startswith("counterfoil 0.")


@pytest.mark.parametrize("family", CounterfoilError.__subclasses__(), ids=lambda family: family.__name__)
def test_every_family_of_errors_has_an_exit_code_of_its_own(family: type[CounterfoilError]) -> None:
    if family.__module__ == errors.__name__:
        assert [code for known, code in FAMILIES if known is family] == [exit_code_of(family("x"))]
        assert len({code for _, code in FAMILIES}) == len(FAMILIES)


def test_a_leaf_ends_with_the_code_of_its_family() -> None:
    assert exit_code_of(SignatureTwinError("x", b"")) is ExitCode.CONFLICT
    assert exit_code_of(CounterfoilError("x")) is ExitCode.INTERNAL


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("--no-such-option",),
        ("init",),
        ("init", "--data", "x"),
        ("serve", "--port", "70000"),
        ("serve", "--port", "many"),
        ("sign", "--key", "k"),
        ("verify",),
        ("verify", "s.cose"),
        ("issuer", "remove"),
        ("policy", "commit"),
        ("event", "new"),
        ("event", "new", "SOMETHING"),
        ("event", "schema", "SOMETHING"),
        ("keys", "--url", "http://127.0.0.1:1", "--data", "x"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_is_not_understood_ends_with_2(arguments: tuple[str, ...], shell: Shell) -> None:
    outcome = shell(*arguments)
    assert outcome.code == ExitCode.USAGE
    assert outcome.err.startswith("error[usage]: ")
    assert outcome.err.count("\n") == 1
    as_json = shell(*arguments, "--json")
    assert as_json.out == ""
    assert as_json.error["exitCode"] == ExitCode.USAGE
